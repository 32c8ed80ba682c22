"""Batches across sessions: items wait in a queue, and a batch is cut when the device is free.

Cutting late is the point. A batch formed while the device is still busy holds what was there then;
one formed when the device becomes free holds everything that came meanwhile, so batches grow with
load and a lone item waits for nothing (`tests/unit/test_batching.py` measures it).
"""

import asyncio
import heapq
import logging
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar

from talkhead.errors import InternalError, ServiceFull

Item = TypeVar("Item")
Result = TypeVar("Result")

_log = logging.getLogger("talkhead")

MAX_LINGER_S = 0.010  # and never more than a tenth of a step: see `_linger_s`


@dataclass(frozen=True, order=True, slots=True)
class Priority:
    """Live before bulk, then by the wall-clock time the result is due, then by arrival."""

    bulk: bool = False
    due: float = 0.0  # seconds since the epoch


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What one batch was like; `waited_s` has one value an item."""

    waited_s: tuple[float, ...]
    run_s: float
    cost: int

    @property
    def size(self) -> int:
        return len(self.waited_s)


@dataclass(slots=True)
class _Waiting(Generic[Item, Result]):
    item: Item
    cost: int
    key: Hashable
    future: "asyncio.Future[Result]"
    since: float  # time.perf_counter


class MicroBatcher(Generic[Item, Result]):
    """Runs `run(items)` in one thread of its own, with as many items as are waiting.

    `run` gives one result an item, in order. If it raises, the items are run one by one, so that
    one bad item does not fail its neighbours; on `out_of_memory` the limit is halved instead. Live
    and bulk items never share a batch: its results come together, and live work would wait.

    Args:
        run: the work; called in the device thread, never in the event loop.
        limit: the most a batch may cost.
        cost: what one item costs (its frames, say); an item dearer than the limit runs alone.
        key: only items of equal key share a batch.
        max_waiting: beyond it `submit` raises ServiceFull.
        on_batch: told of every batch, in the event loop.
    """

    def __init__(
        self,
        run: Callable[[list[Item]], Sequence[Result]],
        *,
        limit: int,
        cost: Callable[[Item], int] = lambda _: 1,
        key: Callable[[Item], Hashable] = lambda _: None,
        max_waiting: int = 256,
        out_of_memory: type[Exception] = MemoryError,
        on_batch: Callable[[BatchReport], None] = lambda _: None,
    ) -> None:
        self._run, self._limit, self._cost, self._key = run, limit, cost, key
        self._max_waiting, self._out_of_memory, self._on_batch = (
            max_waiting,
            out_of_memory,
            on_batch,
        )
        self._waiting: list[tuple[Priority, int, _Waiting[Item, Result]]] = []
        self._arrivals = count()
        self._step_s = 0.0  # moving average
        self._running_since: float | None = None
        self._arrived = asyncio.Event()
        self._device = ThreadPoolExecutor(1, thread_name_prefix="device")
        self._loop_task: asyncio.Task[None] | None = None

    @property
    def running_s(self) -> float:
        """How long the batch now on the device has been there; 0 when it is free."""
        since = self._running_since
        return 0.0 if since is None else time.perf_counter() - since

    async def submit(self, item: Item, priority: Priority = Priority()) -> Result:
        """The result for `item`. Cancelling takes it out of the queue.

        Raises:
            ServiceFull: too many items are waiting already.
        """
        self._forget_cancelled()
        if len(self._waiting) >= self._max_waiting:
            raise ServiceFull(f"{self._max_waiting} items are waiting; try again in a second")
        if self._loop_task is None or self._loop_task.done():
            # A context of its own: it outlives the request of the first item.
            self._loop_task = asyncio.create_task(self._serve(), context=Context())
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(item, self._cost(item), self._key(item), future, time.perf_counter())
        heapq.heappush(self._waiting, (priority, next(self._arrivals), waiting))
        self._arrived.set()
        return await future

    def rehearse(self, items: list[Item]) -> Sequence[Result]:
        """Run `items` in the device thread and wait: before anybody submits, and counted nowhere.

        What a thread does for the first time takes longer: it loads, compiles and allocates.
        """
        return self._device.submit(self._run, items).result()

    def _forget_cancelled(self) -> None:
        if len(self._waiting) >= self._max_waiting:
            self._waiting = [entry for entry in self._waiting if not entry[2].future.done()]
            heapq.heapify(self._waiting)

    async def aclose(self) -> None:
        """End the loop and the thread; whoever still waits is cancelled."""
        if self._loop_task is not None:
            self._loop_task.cancel()
            await asyncio.gather(self._loop_task, return_exceptions=True)
        for _, _, waiting in self._waiting:
            waiting.future.cancel()
        self._waiting.clear()
        self._device.shutdown(wait=False)

    async def _serve(self) -> None:
        while True:
            await self._something_waits()
            if batch := self._cut():
                await self._execute(batch)

    async def _something_waits(self) -> None:
        """Returns a linger after the first item came, or as soon as a full batch is there."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        until = time.perf_counter() + self._linger_s()
        while self._waiting_cost() < self._limit:
            self._arrived.clear()
            try:
                async with asyncio.timeout(until - time.perf_counter()):
                    await self._arrived.wait()
            except TimeoutError:
                return

    def _linger_s(self) -> float:
        # A closed loop of sessions falls into step with a small linger; without one it
        # oscillates between batches of one and of all the others.
        return min(MAX_LINGER_S, self._step_s / 10)

    def _waiting_cost(self) -> int:
        return sum(waiting.cost for _, _, waiting in self._waiting)

    def _cut(self) -> list[_Waiting[Item, Result]]:
        """The next batch: in order of priority, of one key, within the limit."""
        batch: list[_Waiting[Item, Result]] = []
        left, kept = self._limit, []
        first: tuple[bool, Hashable] | None = None
        while self._waiting:
            entry = heapq.heappop(self._waiting)
            waiting = entry[2]
            if waiting.future.done():  # cancelled while it waited
                continue
            group = (entry[0].bulk, waiting.key)
            if batch and (group != first or waiting.cost > left):
                kept.append(entry)
                continue
            first = group
            batch.append(waiting)
            left -= waiting.cost
        for entry in kept:
            heapq.heappush(self._waiting, entry)
        return batch

    async def _execute(self, batch: list[_Waiting[Item, Result]]) -> None:
        started = self._running_since = time.perf_counter()
        loop = asyncio.get_running_loop()
        try:
            results = await loop.run_in_executor(self._device, self._attempt, batch)
        except asyncio.CancelledError:  # closing: the thread goes on, but nobody waits for it
            for waiting in batch:
                waiting.future.cancel()
            raise
        finally:
            self._running_since = None
        run_s = time.perf_counter() - started
        self._step_s = run_s if not self._step_s else 0.8 * self._step_s + 0.2 * run_s
        for waiting, result in zip(batch, results, strict=True):
            _settle(waiting.future, result)
        waited = tuple(started - waiting.since for waiting in batch)
        self._report(BatchReport(waited, run_s, sum(waiting.cost for waiting in batch)))

    def _report(self, report: BatchReport) -> None:
        try:
            self._on_batch(report)
        except Exception:  # noqa: BLE001 - whoever counts batches must not end them
            _log.exception("a batch could not be counted")

    def _attempt(self, batch: list[_Waiting[Item, Result]]) -> list[Result | Exception]:
        """Runs in the device thread. Never raises: what went wrong is a result."""
        try:
            results = list(self._run([waiting.item for waiting in batch]))
            if len(results) != len(batch):
                raise InternalError(f"{len(batch)} items gave {len(results)} results")
            return [*results]
        except self._out_of_memory as error:
            if len(batch) == 1:
                return [error]
            self._limit = max(1, sum(waiting.cost for waiting in batch) // 2)
        except Exception as error:  # noqa: BLE001 - anything a model raises belongs to its item
            if len(batch) == 1:
                return [error]
            return [result for waiting in batch for result in self._attempt([waiting])]
        half = len(batch) // 2
        return [*self._attempt(batch[:half]), *self._attempt(batch[half:])]


def _settle(future: "asyncio.Future[Result]", result: Result | Exception) -> None:
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
