"""How large a request body may be, and what kind: refused before it is read."""

from collections.abc import Awaitable, Callable

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deployments.api.problems import problem, request_id
from talkhead.errors import UnsupportedMedia, UploadTooLarge

_OVERHEAD = 100_000  # bytes of multipart headers and options beside the files


class BodyLimit:
    """ASGI middleware: 413 for a body over the limit, declared or counted."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app, self._max_bytes = app, max_bytes + _OVERHEAD

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._max_bytes:
            return await self._refuse(scope, receive, send)
        try:
            await self._app(scope, self._counting(receive), send)
        except UploadTooLarge:
            await self._refuse(scope, receive, send)

    def _counting(self, receive: Receive) -> Callable[[], Awaitable[Message]]:
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                raise UploadTooLarge(self._message())
            return message

        return counted

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = problem(UploadTooLarge(self._message()), request_id(Request(scope)))
        await response(scope, receive, send)

    def _message(self) -> str:
        return f"the request is larger than {self._max_bytes / 1e6:.0f} MB"


def require_multipart(request: Request) -> None:
    """A dependency of routes that take files.

    Raises:
        UnsupportedMedia: the body is something else.
    """
    given = request.headers.get("content-type", "")
    if not given.lower().startswith("multipart/form-data"):
        raise UnsupportedMedia(
            f"the content type is {given or 'missing'}; multipart/form-data is needed"
        )
