"""The jobs of this process: a bounded queue, a few runners, and an owner that ends them."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

from talkhead.errors import ServiceFull, TalkheadError

_log = logging.getLogger("talkhead")


class JobRunner:
    """`run(id)` does one job. Usable in one event loop; close it with `aclose`."""

    def __init__(
        self, run: Callable[[str], Coroutine[Any, Any, None]], at_once: int, max_waiting: int
    ) -> None:
        self._run, self._at_once, self._max_waiting = run, at_once, max_waiting
        self._queue: asyncio.Queue[str] = asyncio.Queue()  # bounded by `reserve`
        self._waiting = 0
        self._runners: list[asyncio.Task[None]] = []
        self._running: dict[str, asyncio.Task[None]] = {}

    def reserve(self) -> None:
        """Take a place in the queue; follow it with `put` or `release`.

        Raises:
            ServiceFull: there is none.
        """
        if self._waiting >= self._max_waiting:
            raise ServiceFull(f"{self._waiting} jobs are waiting already")
        self._waiting += 1

    def release(self) -> None:
        self._waiting -= 1

    def put(self, id: str) -> None:
        """Queue a job in a reserved place."""
        self._queue.put_nowait(id)
        while len(self._runners) < self._at_once:
            # A context of its own: a runner outlives the request that started it.
            self._runners.append(asyncio.create_task(self._serve(), context=Context()))

    def cancel(self, id: str) -> None:
        """End the job if it runs here."""
        if task := self._running.get(id):
            task.cancel()

    async def aclose(self) -> None:
        """End the runners and what they run."""
        tasks = (*self._runners, *self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self) -> None:
        while True:
            id = await self._queue.get()
            self.release()
            job = self._running[id] = asyncio.create_task(self._run(id))
            try:
                await asyncio.wait([job])
            finally:
                del self._running[id]
                job.cancel()
            if not job.cancelled() and (error := job.exception()):
                _report(id, error)


def _report(id: str, error: BaseException) -> None:
    if isinstance(error, TalkheadError):  # the record says it, too
        _log.warning("job %s failed: %s", id, error)
    else:
        _log.error("job %s failed", id, exc_info=error)
