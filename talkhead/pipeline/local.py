"""The stages, run by the models of this process.

Each stage batches across its callers. Rendered frames are turned into H.264 here, in a second
pool of threads, so that the device never waits for the codec and raw pictures never travel.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np

from talkhead.batching import BatchReport, MicroBatcher, Priority
from talkhead.engines.engine import (
    Appearance,
    AudioEncoder,
    Engine,
    EngineInfo,
    Model,
    MotionGenerator,
    MotionStep,
    MotionWindow,
    Renderer,
)
from talkhead.media.h264 import encode_chunk
from talkhead.media.image import ImageLimits, read_image
from talkhead.pipeline.appearances import AppearanceCache
from talkhead.pipeline.rehearsal import CHUNKS, PORTRAIT, moving, rehearse_motion, silent_windows
from talkhead.pipeline.stages import RenderRequest, Stages
from talkhead.storage.blobs import Blobs
from talkhead.types import (
    AudioFeatures,
    Controls,
    Frames,
    Motion,
    VideoChunk,
    Waveform,
)

OnBatch = Callable[[str, BatchReport], None]  # stage name, what its batch was like


_PIECE, _SLOW_PIECE = 10, 1  # frames; of an engine that would need a GPU on a device without


def is_live(device: str, info: EngineInfo) -> bool:
    """Whether that engine keeps up with playback on that device."""
    return device != "cpu" or not info.needs_gpu


@dataclass(frozen=True)
class BatchLimits:
    """The most one batch may hold; `deterministic` runs items one by one."""

    windows: int = 16
    frames: int = 1  # on a CPU frames gain nothing by company: chunks need not wait for it
    deterministic: bool = False
    out_of_memory: type[Exception] = MemoryError  # what the device raises

    piece: int = _PIECE  # frames that a renderer draws in one go

    def of(self, limit: int) -> int:
        return 1 if self.deterministic else limit

    def on(self, device: str, info: EngineInfo) -> Self:
        """For that engine: a batch must end within seconds, whatever the device."""
        return self if is_live(device, info) else replace(self, piece=_SLOW_PIECE)


_ENCODER_THREADS = 2
_REHEARSAL_S = 15.0  # of drawing: some seconds are usual on a busy laptop

Item = TypeVar("Item")
Result = TypeVar("Result")


def _quiet(stage: str, report: BatchReport) -> None:
    """Batches nobody counts."""


class BatchedStage(Generic[Item, Result]):
    """What the three have in common: a batcher, its health, and its end."""

    def __init__(self, model: Model, batcher: MicroBatcher[Item, Result]) -> None:
        self._owned, self._batcher = model, batcher

    async def ping(self) -> None:
        """The models were loaded before this stage was made."""

    @property
    def running_s(self) -> float:
        """How long the batch now on the device has been there; 0 when it is free."""
        return self._batcher.running_s

    async def aclose(self) -> None:
        await self._batcher.aclose()
        self._owned.close()


class LocalAudioEncoder(BatchedStage[Waveform, AudioFeatures]):
    def __init__(
        self, model: AudioEncoder, limits: BatchLimits, on_batch: OnBatch = _quiet
    ) -> None:
        batcher: MicroBatcher[Waveform, AudioFeatures] = MicroBatcher(
            model.encode,
            limit=limits.of(limits.windows),
            key=len,
            out_of_memory=limits.out_of_memory,
            on_batch=partial(on_batch, "audio_encoder"),
        )
        super().__init__(model, batcher)

    def warm_up(self, engine: Engine) -> None:
        """Hear a window of each size. Blocks, as all of these: call it before any work."""
        for waveform in silent_windows(engine.info):
            self._batcher.rehearse([waveform])

    async def encode(self, waveform: Waveform, priority: Priority) -> AudioFeatures:
        return await self._batcher.submit(waveform, priority)


class LocalMotion(BatchedStage[MotionWindow, MotionStep]):
    def __init__(
        self, model: MotionGenerator, limits: BatchLimits, on_batch: OnBatch = _quiet
    ) -> None:
        batcher: MicroBatcher[MotionWindow, MotionStep] = MicroBatcher(
            model.generate,
            limit=limits.of(limits.windows),
            key=model.kind,
            out_of_memory=limits.out_of_memory,
            on_batch=partial(on_batch, "motion"),
        )
        super().__init__(model, batcher)

    def warm_up(self, engine: Engine) -> None:
        """Move for a window of each size."""
        rehearse_motion(engine.info, lambda window: self._batcher.rehearse([window])[0])

    async def generate(self, window: MotionWindow, priority: Priority) -> MotionStep:
        return await self._batcher.submit(window, priority)


RenderItem = tuple[Appearance, Motion, Controls, int]  # and the frame size


class LocalRenderer(BatchedStage[RenderItem, Frames]):
    """Renders and encodes."""

    def __init__(
        self,
        model: Renderer,
        engine_name: str,
        blobs: Blobs,
        limits: BatchLimits,
        on_batch: OnBatch = _quiet,
        image_limits: ImageLimits = ImageLimits(),
    ) -> None:
        self._model, self._piece = model, limits.piece
        self._appearances = AppearanceCache(model, engine_name, blobs, image_limits)
        self._encoders = ThreadPoolExecutor(_ENCODER_THREADS, thread_name_prefix="h264")
        batcher: MicroBatcher[RenderItem, Frames] = MicroBatcher(
            lambda items: model.render([item[:3] for item in items], size=items[0][3]),
            limit=limits.of(limits.frames),
            cost=lambda item: len(item[1]),
            key=lambda item: item[3],
            out_of_memory=limits.out_of_memory,
            on_batch=partial(on_batch, "renderer"),
        )
        super().__init__(model, batcher)

    def warm_up(self, engine: Engine) -> None:
        """Study, draw and encode a portrait that ships; nothing of it is kept."""
        studied = self._model.register(read_image(PORTRAIT))
        appearance = self._model.load(studied.to_bytes())
        controls, size = engine.info.check_controls({}), engine.info.default_size
        started, chunks = time.monotonic(), []
        for frames in CHUNKS:
            pieces = self._pieces(moving(engine.info, frames))
            items = [(appearance, rows, controls, size) for rows in pieces]
            chunks.append([self._batcher.rehearse([item])[0] for item in items])
            if time.monotonic() - started > _REHEARSAL_S:
                break  # far from real time: no stream would be the smoother for more of it
        list(self._encoders.map(_encode, chunks))  # the list waits for them

    async def register(self, portrait: str) -> dict[str, float]:
        return dict((await self._appearances.get(portrait)).checks)

    async def reference(self, portrait: str) -> Motion:
        return (await self._appearances.get(portrait)).reference

    async def render(self, request: RenderRequest, priority: Priority) -> VideoChunk:
        appearance = await self._appearances.get(request.portrait)
        pieces = [
            self._batcher.submit((appearance, rows, request.controls, request.size), priority)
            for rows in self._pieces(request.motion)
        ]
        frames = await asyncio.gather(*pieces)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._encoders, _encode, frames)

    def _pieces(self, motion: Motion) -> list[Motion]:
        """A chunk in pieces that leave the device soon: more urgent work waits for no more."""
        return [motion[at : at + self._piece] for at in range(0, len(motion), self._piece)]

    async def aclose(self) -> None:
        await super().aclose()
        self._encoders.shutdown(wait=False)


def _encode(pieces: list[Frames]) -> VideoChunk:
    return encode_chunk(np.concatenate(pieces) if len(pieces) > 1 else pieces[0])


class Closable(Protocol):
    async def aclose(self) -> None: ...


@dataclass(frozen=True)
class LocalStages:
    """All three stages of an engine on one device. Use `async with`: it ends their threads."""

    stages: Stages
    _parts: tuple[Closable, ...]

    @classmethod
    def load(
        cls,
        engine: Engine,
        blobs: Blobs,
        *,
        device: str = "cpu",
        limits: BatchLimits = BatchLimits(),
        on_batch: OnBatch = _quiet,
    ) -> Self:
        """Load the models.

        Raises:
            WeightsMissing, CheckpointMismatch: they cannot be loaded.
        """
        limits = limits.on(device, engine.info)
        audio_encoder = LocalAudioEncoder(engine.audio_encoder(device), limits, on_batch)
        motion = LocalMotion(engine.motion_generator(device), limits, on_batch)
        renderer = LocalRenderer(engine.renderer(device), engine.info.name, blobs, limits, on_batch)
        parts = (audio_encoder, motion, renderer)
        live = is_live(device, engine.info)
        return cls(Stages(engine.info, audio_encoder, motion, renderer, live), parts)

    async def __aenter__(self) -> Stages:
        return self.stages

    async def __aexit__(self, *_: Any) -> None:
        for part in self._parts:
            await part.aclose()
