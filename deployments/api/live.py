"""A live session over a WebSocket: speech goes in while it is spoken, the video comes out.

The client first sends its options as JSON text, then samples as binary messages (signed 16 bit,
little-endian, one channel), then `{"type": "end"}`. It gets the fragments of one MP4 as binary
messages, each playable after those before it, and at last `{"type": "ended"}` or an error.
"""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing, suppress
from typing import Any

from fastapi import APIRouter, WebSocket
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.websockets import WebSocketDisconnect

from deployments.wording import in_words
from talkhead.errors import (
    AudioTruncated,
    InputError,
    InternalError,
    OptionError,
    TalkheadError,
)
from talkhead.pipeline.flow import undisturbed
from talkhead.service.live import LiveRequest
from talkhead.service.service import Service

_log = logging.getLogger("talkhead")

_WAITING = 64  # messages of sound that the session has not asked for yet
_LARGEST = 1_000_000  # bytes of one message
_SILENT_S = 60.0  # without any message of sound the session ends
_REFUSED, _BROKEN = 1008, 1011  # close codes (RFC 6455)


class LiveOptions(BaseModel):
    """The first message."""

    model_config = ConfigDict(extra="forbid", strict=True)

    avatar: str = Field(description="Id of an avatar.")
    sample_rate: int = Field(default=16_000, description="Of the sound, samples a second.")
    engine: str = Field(default="builtin", description="One of `/v1/models` that streams.")
    size: int | None = Field(default=None, description="Frame height and width, pixels; even.")
    seed: int = Field(default=0, ge=0, description="The same seed gives the same motion.")
    character: str | None = Field(default=None, description="Id of another avatar to play.")
    controls: dict[str, float | str | list[Any] | dict[str, Any]] = Field(
        default_factory=dict, description="What the engine can be told: see `/v1/models`."
    )


def live_routes(service: Service) -> APIRouter:
    api = APIRouter()

    @api.websocket("/v1/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        inbox = _Inbox(socket)
        sender = asyncio.create_task(_speak(socket, inbox, service))
        receiver = asyncio.create_task(inbox.fill())  # ends when the client leaves
        try:
            await asyncio.wait({sender, receiver}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await undisturbed(_end(sender, receiver))

    return api


class _Inbox:
    """What the client has sent and nobody has read: bounded, so a hasty client has to wait."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_WAITING)

    async def fill(self) -> None:
        """Read until the client leaves."""
        while (message := await self._socket.receive())["type"] != "websocket.disconnect":
            await self._messages.put(dict(message))

    async def options(self) -> LiveOptions:
        """The first message.

        Raises:
            OptionError: it is not what it should be.
        """
        text = (await self._next()).get("text")
        if text is None:
            raise OptionError("the first message must be the options, as JSON text")
        try:
            return LiveOptions.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            param = ".".join(str(part) for part in first["loc"])
            raise OptionError(in_words(first, param), param or "options") from None

    async def sound(self) -> AsyncGenerator[bytes, None]:
        """Samples until the client says that it ends.

        Raises:
            InputError: something else came, or nothing for a minute.
        """
        while True:
            message = await self._next()
            if data := message.get("bytes"):
                if len(data) > _LARGEST:
                    raise InputError(f"a message has {len(data)} bytes; {_LARGEST} are possible")
                yield data
            elif _is_end(message.get("text")):
                return

    async def _next(self) -> dict[str, Any]:
        try:
            async with asyncio.timeout(_SILENT_S):
                return await self._messages.get()
        except TimeoutError:
            raise AudioTruncated(f"nothing came for {_SILENT_S:.0f} s") from None


def _is_end(text: str | None) -> bool:
    if text is None:
        return False
    with suppress(ValueError):
        if json.loads(text) == {"type": "end"}:
            return True
    raise InputError('text after the options must be {"type": "end"}', "type")


async def _speak(socket: WebSocket, inbox: _Inbox, service: Service) -> None:
    try:
        options = await inbox.options()
        request = LiveRequest(**options.model_dump())
        frames = 0
        async with aclosing(service.live.fragments(request, inbox.sound())) as fragments:
            async for fragment in fragments:
                await _sent(socket.send_bytes(fragment.payload))
                frames += fragment.frames
        await _sent(socket.send_json({"type": "ended", "frames": frames}))
        await _sent(socket.close())
    except WebSocketDisconnect:
        return
    except TalkheadError as error:
        await _refuse(socket, error)
    except Exception:  # noqa: BLE001  # whatever it is, the client is told that it is our fault
        _log.exception("a live session failed")
        await _refuse(socket, InternalError("something went wrong on our side"))


async def _sent(sending: Awaitable[None]) -> None:
    """Raises:
    WebSocketDisconnect: the client has left; once that is known, Starlette says it otherwise.
    """
    try:
        await sending
    except RuntimeError as error:
        raise WebSocketDisconnect from error


async def _refuse(socket: WebSocket, error: TalkheadError) -> None:
    body = {"code": error.code, "message": error.message, "param": error.param}
    with suppress(WebSocketDisconnect):
        await _sent(socket.send_json({"type": "error", **body}))
        await _sent(socket.close(_REFUSED if isinstance(error, InputError) else _BROKEN))


async def _end(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
