"""How large a request body may be, and what kind: refused before it is read."""

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
        counter = _Counter(receive, send, self._max_bytes)
        await self._app(scope, counter.receive, counter.send)
        if counter.exceeded:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = f"the request is larger than {self._max_bytes / 1e6:.0f} MB"
        response = problem(UploadTooLarge(message), request_id(Request(scope)))
        await response(scope, receive, send)


class _Counter:
    """Ends a body that grows too large as if its client had left, and holds back the answer."""

    def __init__(self, receive: Receive, send: Send, max_bytes: int) -> None:
        self._receive, self._send, self._max_bytes = receive, send, max_bytes
        self._received = 0
        self._answered = False

    @property
    def exceeded(self) -> bool:
        return self._received > self._max_bytes and not self._answered

    async def receive(self) -> Message:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        return {"type": "http.disconnect"} if self.exceeded else message

    async def send(self, message: Message) -> None:
        if not self.exceeded:
            self._answered = True
            await self._send(message)


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
