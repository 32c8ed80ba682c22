"""Work that goes on while its consumer is busy: bounded, in order, and ended by its owner."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator
from contextlib import aclosing
from threading import Lock
from typing import Any, TypeVar, cast

Item = TypeVar("Item")
Result = TypeVar("Result")


async def in_order(
    function: Callable[[Item], Awaitable[Result]],
    source: AsyncGenerator[Item, None],
    in_flight: int,
) -> AsyncGenerator[Result, None]:
    """`function` of each item of `source`, in order, with up to `in_flight` calls at once.

    The source is asked for more while the consumer works, but never further than that. Closing
    the generator cancels the calls and closes the source.
    """
    calls: asyncio.Queue[asyncio.Future[Result] | None] = asyncio.Queue()
    places = asyncio.Semaphore(in_flight)  # this bounds the queue
    started: set[asyncio.Future[Result]] = set()

    async def feed() -> None:
        async with aclosing(source):
            await places.acquire()
            async for item in source:
                call = asyncio.ensure_future(function(item))
                started.add(call)
                calls.put_nowait(call)
                await places.acquire()

    feeder = asyncio.create_task(feed())
    feeder.add_done_callback(lambda _: calls.put_nowait(None))
    try:
        while (call := await calls.get()) is not None:
            result = await call
            started.discard(call)
            yield result
            places.release()
        feeder.result()  # raises what the source raised
    finally:
        feeder.cancel()
        for call in started:
            call.cancel()
        await asyncio.gather(feeder, *started, return_exceptions=True)


async def undisturbed(work: Coroutine[Any, Any, Result]) -> Result:
    """The result of `work`, which runs to its end however often the caller is cancelled meanwhile.

    For tidying up: a server may cancel a request that it has told of its client's leaving already.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        raise cancelled
    return task.result()


async def in_thread(iterator: Iterator[Item]) -> AsyncGenerator[Item, None]:
    """The items of a blocking iterator, each computed in a thread.

    Cancelling leaves the thread to finish its step; closing waits for it, because a decoder that
    is closed under a running call crashes the process.
    """
    lock = Lock()
    end = object()

    def step() -> object:
        with lock:
            return next(iterator, end)

    def close() -> None:
        with lock:
            if close_iterator := getattr(iterator, "close", None):
                close_iterator()

    try:
        while (item := await asyncio.to_thread(step)) is not end:
            yield cast(Item, item)
    finally:
        await asyncio.to_thread(close)
