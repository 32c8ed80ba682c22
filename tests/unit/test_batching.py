"""Batches grow with load, live work goes first, and one bad item is one bad item."""

import asyncio
import threading
import time

import pytest

from talkhead.batching import BatchReport, MicroBatcher, Priority
from talkhead.errors import InternalError, ServiceFull


async def test_batches_grow_while_the_device_is_busy() -> None:
    """60 requests a second against a 100 ms step; `@serve.batch` makes batches of one of this."""
    sizes: list[int] = []

    def step(items: list[int]) -> list[int]:
        sizes.append(len(items))
        time.sleep(0.1)
        return [2 * item for item in items]

    batcher: MicroBatcher[int, int] = MicroBatcher(step, limit=16)
    waits: list[float] = []

    async def one(item: int) -> None:
        started = time.perf_counter()
        assert await batcher.submit(item) == 2 * item
        waits.append(time.perf_counter() - started)

    async with asyncio.TaskGroup() as group:
        for item in range(120):
            group.create_task(one(item))
            await asyncio.sleep(1 / 60)
    await batcher.aclose()
    assert sum(sizes) == 120
    assert sum(sizes) / len(sizes) >= 5
    assert sorted(waits)[60] < 0.4  # two steps and some slack; a collapsed batcher waits for ever


async def test_a_lone_item_waits_for_nothing() -> None:
    reports: list[BatchReport] = []
    batcher: MicroBatcher[int, int] = MicroBatcher(
        lambda items: items, limit=8, on_batch=reports.append
    )
    await batcher.submit(1)
    await batcher.submit(2)
    await batcher.aclose()
    assert [report.size for report in reports] == [1, 1]
    assert all(report.waited_s[0] < 0.05 for report in reports)


class Gate:
    """A device that is busy until it is told otherwise, and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.busy, self.open = threading.Event(), threading.Event()

    def run(self, items: list[str]) -> list[str]:
        self.batches.append(items)
        self.busy.set()
        assert self.open.wait(10)
        return items


async def behind_a_busy_device(
    batcher: MicroBatcher[str, str], gate: Gate, *items: tuple[str, Priority]
) -> list["asyncio.Task[str]"]:
    """Tasks for `items`, all waiting while the device is busy with another one."""
    tasks = [asyncio.create_task(batcher.submit("first"))]
    await asyncio.to_thread(gate.busy.wait, 10)
    for item, priority in items:
        tasks.append(asyncio.create_task(batcher.submit(item, priority)))
        await asyncio.sleep(0)
    return tasks


async def test_live_goes_before_bulk_and_early_before_late() -> None:
    gate = Gate()
    batcher = MicroBatcher(gate.run, limit=1)
    tasks = await behind_a_busy_device(
        batcher,
        gate,
        ("bulk", Priority(bulk=True, due=0)),
        ("late", Priority(due=20)),
        ("soon", Priority(due=10)),
        ("soon too", Priority(due=10)),
    )
    gate.open.set()
    await asyncio.gather(*tasks)
    await batcher.aclose()
    assert gate.batches == [["first"], ["soon"], ["soon too"], ["late"], ["bulk"]]


async def test_a_cancelled_item_is_never_run() -> None:
    gate = Gate()
    batcher = MicroBatcher(gate.run, limit=8)
    first, gone, stays = await behind_a_busy_device(
        batcher, gate, ("gone", Priority()), ("stays", Priority())
    )
    gone.cancel()
    gate.open.set()
    await asyncio.gather(first, stays)
    await batcher.aclose()
    assert gate.batches == [["first"], ["stays"]]


async def test_only_equal_keys_share_a_batch_and_the_limit_is_a_cost() -> None:
    gate = Gate()
    batcher = MicroBatcher(gate.run, limit=6, cost=len, key=lambda item: item[0])
    tasks = await behind_a_busy_device(
        batcher, gate, *[(item, Priority()) for item in ("aaa", "b", "aa", "aaaa", "bb")]
    )
    gate.open.set()
    await asyncio.gather(*tasks)
    await batcher.aclose()
    assert gate.batches == [["first"], ["aaa", "aa"], ["b", "bb"], ["aaaa"]]


async def test_one_bad_item_does_not_fail_its_neighbours() -> None:
    def reciprocal(items: list[int]) -> list[float]:
        return [1 / item for item in items]

    batcher = MicroBatcher(reciprocal, limit=8)
    results = await asyncio.gather(*map(batcher.submit, [1, 0, 4]), return_exceptions=True)
    await batcher.aclose()
    assert results[0] == 1.0
    assert isinstance(results[1], ZeroDivisionError)
    assert results[2] == 0.25


async def test_live_and_bulk_share_no_batch() -> None:
    gate = Gate()
    batcher = MicroBatcher(gate.run, limit=8)
    bulk, live = Priority(bulk=True), Priority()
    tasks = await behind_a_busy_device(batcher, gate, ("b1", bulk), ("l1", live), ("b2", bulk))
    gate.open.set()
    await asyncio.gather(*tasks)
    await batcher.aclose()
    assert gate.batches == [["first"], ["l1"], ["b1", "b2"]]


async def test_a_model_that_loses_a_result_fails_its_items_and_nothing_else() -> None:
    def forgetful(items: list[int]) -> list[int]:
        return [item for item in items if item != 3]

    def broken_counter(report: BatchReport) -> None:
        raise LookupError

    batcher: MicroBatcher[int, int] = MicroBatcher(forgetful, limit=8, on_batch=broken_counter)
    with pytest.raises(InternalError):
        await batcher.submit(3)
    assert await batcher.submit(4) == 4
    await batcher.aclose()


async def test_out_of_memory_halves_the_batch() -> None:
    sizes: list[int] = []

    def small_device(items: list[int]) -> list[int]:
        sizes.append(len(items))
        if len(items) > 2:
            raise MemoryError
        return items

    batcher = MicroBatcher(small_device, limit=8)
    assert await asyncio.gather(*map(batcher.submit, range(8))) == list(range(8))
    assert sizes[:3] == [8, 4, 2]
    sizes.clear()
    await asyncio.gather(*map(batcher.submit, range(4)))
    await batcher.aclose()
    assert max(sizes) == 2  # it has learnt


async def test_a_full_queue_refuses() -> None:
    gate = Gate()
    batcher = MicroBatcher(gate.run, limit=1, max_waiting=2)
    tasks = await behind_a_busy_device(batcher, gate, ("one", Priority()), ("two", Priority()))
    with pytest.raises(ServiceFull):
        await batcher.submit("three")
    gate.open.set()
    await asyncio.gather(*tasks)
    await batcher.aclose()


async def test_closing_cancels_who_waits() -> None:
    gate = Gate()
    batcher = MicroBatcher(gate.run, limit=1)
    tasks = await behind_a_busy_device(batcher, gate, ("waits", Priority()))
    await batcher.aclose()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    gate.open.set()
