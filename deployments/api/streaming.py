"""A response that is made while it is sent, and that ends its work when the client leaves."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from talkhead.types import Fragment


class StreamCut(Exception):
    """The work failed after the first byte; the record says why."""


class FragmentResponse(Response):
    """Sends fragments as they are made; closes their generator whatever happens.

    Not Starlette's StreamingResponse: that ends a client's departure by a cancel scope, in which
    every further `await` is cancelled too, so nothing could be tidied up.
    """

    media_type = "video/mp4"

    def __init__(self, fragments: AsyncGenerator[Fragment, None], headers: dict[str, str]) -> None:
        super().__init__(headers=headers)
        del self.headers["content-length"]  # nobody knows it yet
        self._fragments = fragments

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._fragments):
            sender = asyncio.create_task(self._send(send))
            leaver = asyncio.create_task(_client_leaves(receive))
            try:
                await asyncio.wait({sender, leaver}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                leaver.cancel()
                sender.cancel()
                await asyncio.wait({sender, leaver})
        if not sender.cancelled() and (error := sender.exception()):
            raise StreamCut from error  # no problem document any more: the server cuts the stream

    async def _send(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        async for fragment in self._fragments:
            body = {"type": "http.response.body", "body": fragment.payload, "more_body": True}
            await send(body)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _client_leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
