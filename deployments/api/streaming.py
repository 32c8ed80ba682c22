"""A response that is made while it is sent, and that ends its work when the client leaves."""

import asyncio
from collections.abc import AsyncGenerator

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from talkhead.pipeline.flow import undisturbed
from talkhead.types import Fragment


class StreamCut(Exception):
    """The work failed after the first byte; the record says why."""


class FragmentResponse(Response):
    """Sends fragments as they are made; closes their generator whatever happens.

    Not Starlette's StreamingResponse: that ends a client's departure by a cancel scope, in which
    every further `await` is cancelled too, so nothing could be tidied up.
    """

    media_type = "video/mp4"

    def __init__(
        self, first: Fragment, rest: AsyncGenerator[Fragment, None], headers: dict[str, str]
    ) -> None:
        super().__init__(headers=headers)
        del self.headers["content-length"]  # nobody knows it yet
        self._first, self._rest = first, rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sender = asyncio.create_task(self._send(send))
        leaver = asyncio.create_task(_client_leaves(receive))
        try:
            await asyncio.wait({sender, leaver}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await undisturbed(self._tidy(sender, leaver))
        if not sender.cancelled() and (error := sender.exception()):
            raise StreamCut from error  # no problem document any more: the server cuts the stream

    async def _tidy(self, *tasks: "asyncio.Task[None]") -> None:
        """First the tasks, then what they read from: a generator that runs cannot be closed."""
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await self._rest.aclose()

    async def _send(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        await send(_body(self._first.payload, more=True))
        async for fragment in self._rest:
            await send(_body(fragment.payload, more=True))
        await send(_body(b"", more=False))


def _body(payload: bytes, more: bool) -> Message:
    return {"type": "http.response.body", "body": payload, "more_body": more}


async def _client_leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
