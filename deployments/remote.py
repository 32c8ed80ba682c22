"""Handles with types: the only file that says `.remote`.

The classes are pipeline stages, the twins of those in `talkhead.pipeline.local`. A call that meets
a dead or silent replica is repeated on another: the stages keep nothing, so it gives the same.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ray.exceptions import RayError, RayTaskError, TaskCancelledError
from ray.serve.exceptions import RayServeException, RequestCancelledError
from ray.serve.handle import DeploymentHandle

from talkhead.batching import Priority
from talkhead.engines.engine import EngineInfo, MotionStep, MotionWindow
from talkhead.errors import RenderingFailed
from talkhead.pipeline.stages import RenderRequest, Stages
from talkhead.types import AudioFeatures, Motion, VideoChunk, Waveform

Handle = DeploymentHandle[Any]

_log = logging.getLogger("ray.serve")

_ATTEMPTS = 4
_BACKOFF_S = 0.1  # doubled each time
# A replica that has not answered by then is as good as dead. Bulk work may wait long for its turn.
_SILENT_S, _BULK_SILENT_S = 30.0, 900.0


async def call(make: Callable[[], Any], silent_s: float = _SILENT_S) -> Any:
    """The result of `make()`, a unary handle call.

    Raises:
        TalkheadError: what the other side raised.
        RenderingFailed: every attempt met a dead or silent replica, or there is none.
    """
    for attempt in range(_ATTEMPTS):
        response = make()
        try:
            async with asyncio.timeout(silent_s):
                return await response
        except asyncio.CancelledError:
            response.cancel()  # else the replica goes on for nobody
            raise
        except (RequestCancelledError, TaskCancelledError):
            # Serve ends the calls of a request whose client has left, before it ends the request.
            raise asyncio.CancelledError from None
        except RayTaskError as error:
            # Ray raises a subclass of the original whose str() is a whole traceback.
            raise error.cause from None
        except (RayError, RayServeException, TimeoutError) as error:
            response.cancel()
            _log.warning("repeating a call after %s, attempt %d", type(error).__name__, attempt + 1)
            await asyncio.sleep(_BACKOFF_S * 2**attempt)
    raise RenderingFailed(f"no replica answered in {_ATTEMPTS} attempts")


def silence(priority: Priority) -> float:
    """Seconds after which a call of that priority is given up."""
    return _BULK_SILENT_S if priority.bulk else _SILENT_S


@dataclass(frozen=True)
class RemoteAudioEncoder:
    handle: Handle
    engine: str

    async def encode(self, waveform: Waveform, priority: Priority) -> AudioFeatures:
        make = partial(self.handle.encode.remote, self.engine, waveform, priority)
        return await call(make, silence(priority))

    async def ping(self) -> None:
        await call(lambda: self.handle.ping.remote())


@dataclass(frozen=True)
class RemoteMotion:
    handle: Handle
    engine: str

    async def generate(self, window: MotionWindow, priority: Priority) -> MotionStep:
        make = partial(self.handle.generate.remote, self.engine, window, priority)
        return await call(make, silence(priority))

    async def ping(self) -> None:
        await call(lambda: self.handle.ping.remote())


@dataclass(frozen=True)
class RemoteRenderer:
    handle: Handle
    engine: str

    async def register(self, portrait: str) -> dict[str, float]:
        return await call(lambda: self.handle.register.remote(self.engine, portrait))

    async def reference(self, portrait: str) -> Motion:
        return await call(lambda: self.handle.reference.remote(self.engine, portrait))

    async def render(self, request: RenderRequest, priority: Priority) -> VideoChunk:
        make = partial(self.handle.render.remote, self.engine, request, priority)
        return await call(make, silence(priority))

    async def ping(self) -> None:
        await call(lambda: self.handle.ping.remote())


def remote_stages(
    info: EngineInfo, audio_encoder: Handle, motion: Handle, renderer: Handle, on_gpu: bool
) -> Stages:
    return Stages(
        info,
        RemoteAudioEncoder(audio_encoder, info.name),
        RemoteMotion(motion, info.name),
        RemoteRenderer(renderer, info.name),
        live=on_gpu or not info.needs_gpu,
    )
