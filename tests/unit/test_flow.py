"""Work ahead of a consumer is bounded, in order, and ends with its owner."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

import pytest

from talkhead.pipeline.flow import in_order, in_thread


class Source:
    """Counts how far it was asked, and whether it was closed."""

    def __init__(self, items: int, fail_at: int | None = None) -> None:
        self.items, self.fail_at = items, fail_at
        self.asked, self.closed = 0, False

    async def __call__(self) -> AsyncGenerator[int, None]:
        try:
            for item in range(self.items):
                if item == self.fail_at:
                    raise LookupError("the source broke")
                self.asked = item + 1
                yield item
        finally:
            self.closed = True


async def test_order_is_kept_whatever_finishes_first() -> None:
    async def slow_first(item: int) -> int:
        await asyncio.sleep(0.02 / (item + 1))
        return item

    source = Source(8)
    assert [item async for item in in_order(slow_first, source(), 4)] == list(range(8))
    assert source.closed


async def test_no_further_ahead_than_allowed() -> None:
    async def at_once(item: int) -> int:
        return item

    source = Source(100)
    async with aclosing(in_order(at_once, source(), 3)) as items:
        assert await anext(items) == 0
        await asyncio.sleep(0.05)
        assert source.asked == 3
        assert await anext(items) == 1
        await asyncio.sleep(0.05)
        assert source.asked == 4
    assert source.closed


async def test_the_first_result_does_not_wait_for_the_second_item() -> None:
    release = asyncio.Event()

    async def source() -> AsyncGenerator[int, None]:
        yield 1
        await release.wait()
        yield 2

    async def at_once(item: int) -> int:
        return item

    async with aclosing(in_order(at_once, source(), 2)) as items:
        assert await asyncio.wait_for(anext(items), 1) == 1
        release.set()
        assert await asyncio.wait_for(anext(items), 1) == 2


async def test_closing_cancels_the_calls() -> None:
    cancelled: list[int] = []

    async def never(item: int) -> int:
        if item == 0:
            return item
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(item)
            raise
        return item

    source = Source(10)
    async with aclosing(in_order(never, source(), 3)) as items:
        assert await anext(items) == 0
        await asyncio.sleep(0.01)
    assert sorted(cancelled) == [1, 2]
    assert source.closed


async def test_what_a_call_or_the_source_raises_comes_out_after_what_worked() -> None:
    async def reciprocal(item: int) -> float:
        return 1 / (2 - item)

    for source, error in ((Source(5), ZeroDivisionError), (Source(5, fail_at=2), LookupError)):
        values = in_order(reciprocal, source(), 2)
        assert [await anext(values), await anext(values)] == [0.5, 1.0]
        with pytest.raises(error):
            await anext(values)
        assert source.closed


async def test_closing_waits_for_the_step_in_the_thread() -> None:
    inside, closed_inside = threading.Event(), []

    def blocking() -> Iterator[int]:
        running = False
        try:
            yield 0
            running = True
            inside.set()
            time.sleep(0.1)
            running = False
            yield 1
        finally:
            closed_inside.append(running)

    items = in_thread(blocking())
    assert await anext(items) == 0
    second = asyncio.create_task(anext(items))
    await asyncio.to_thread(inside.wait)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    await items.aclose()
    assert closed_inside == [False]
