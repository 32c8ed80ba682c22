"""The stages, run by the models of this process.

Each stage batches across its callers. Rendered frames are turned into H.264 here, in a second
pool of threads, so that the device never waits for the codec and raw pictures never travel.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, Self

import numpy as np

from talkhead.batching import BatchReport, MicroBatcher, Priority
from talkhead.engines.engine import (
    Appearance,
    AudioEncoder,
    Engine,
    MotionGenerator,
    MotionWindow,
    Renderer,
)
from talkhead.errors import CheckpointMismatch, InternalError, NotFound
from talkhead.media.h264 import encode_chunk
from talkhead.media.image import ImageLimits, read_image
from talkhead.pipeline.stages import RenderRequest, Stages, appearance_key
from talkhead.storage.blobs import Blobs
from talkhead.types import (
    AudioFeatures,
    Controls,
    Frames,
    Image,
    Motion,
    VideoChunk,
    Waveform,
)

OnBatch = Callable[[str, BatchReport], None]  # stage name, what its batch was like


@dataclass(frozen=True)
class BatchLimits:
    """The most one batch may hold; `deterministic` runs items one by one."""

    windows: int = 16
    frames: int = 10  # on a CPU frames gain nothing by company, and others wait for the whole batch
    deterministic: bool = False
    out_of_memory: type[Exception] = MemoryError  # what the device raises

    def of(self, limit: int) -> int:
        return 1 if self.deterministic else limit


def _quiet(stage: str, report: BatchReport) -> None:
    """Batches nobody counts."""


class LocalAudioEncoder:
    def __init__(self, model: AudioEncoder, limits: BatchLimits, on_batch: OnBatch = _quiet):
        self._batcher: MicroBatcher[Waveform, AudioFeatures] = MicroBatcher(
            model.encode,
            limit=limits.of(limits.windows),
            key=len,
            out_of_memory=limits.out_of_memory,
            on_batch=partial(on_batch, "audio_encoder"),
        )

    async def encode(self, waveform: Waveform, priority: Priority) -> AudioFeatures:
        return await self._batcher.submit(waveform, priority)

    async def ping(self) -> None:
        """The models were loaded before this stage was made."""

    @property
    def running_s(self) -> float:
        """How long the batch now on the device has been there; 0 when it is free."""
        return self._batcher.running_s

    async def aclose(self) -> None:
        await self._batcher.aclose()


class LocalMotion:
    def __init__(self, model: MotionGenerator, limits: BatchLimits, on_batch: OnBatch = _quiet):
        self._batcher: MicroBatcher[MotionWindow, Motion] = MicroBatcher(
            model.generate,
            limit=limits.of(limits.windows),
            key=lambda window: window.features.shape,
            out_of_memory=limits.out_of_memory,
            on_batch=partial(on_batch, "motion"),
        )

    async def generate(self, window: MotionWindow, priority: Priority) -> Motion:
        return await self._batcher.submit(window, priority)

    async def ping(self) -> None:
        """The models were loaded before this stage was made."""

    @property
    def running_s(self) -> float:
        """How long the batch now on the device has been there; 0 when it is free."""
        return self._batcher.running_s

    async def aclose(self) -> None:
        await self._batcher.aclose()


_ENCODER_THREADS = 2
_PIECE = 10  # frames
_HELD_APPEARANCES = 32
RenderItem = tuple[Appearance, Motion, Controls]


class LocalRenderer:
    """Renders and encodes. Appearances come from the blob store and stay in a small cache."""

    def __init__(
        self,
        model: Renderer,
        engine_name: str,
        blobs: Blobs,
        limits: BatchLimits,
        on_batch: OnBatch = _quiet,
        image_limits: ImageLimits = ImageLimits(),
    ) -> None:
        self._model = model
        self._appearances = AppearanceCache(model, engine_name, blobs, image_limits)
        self._batcher: MicroBatcher[tuple[RenderItem, int], Frames] = MicroBatcher(
            self._run,
            limit=limits.of(limits.frames),
            cost=lambda item: len(item[0][1]),
            key=lambda item: item[1],
            out_of_memory=limits.out_of_memory,
            on_batch=partial(on_batch, "renderer"),
        )
        self._encoders = ThreadPoolExecutor(_ENCODER_THREADS, thread_name_prefix="h264")

    async def register(self, portrait: str) -> dict[str, float]:
        return dict((await self._appearances.get(portrait)).checks)

    async def render(self, request: RenderRequest, priority: Priority) -> VideoChunk:
        appearance = await self._appearances.get(request.portrait)
        pieces = [
            self._batcher.submit(((appearance, rows, request.controls), request.size), priority)
            for rows in _pieces(request.motion)
        ]
        frames = await asyncio.gather(*pieces)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._encoders, _encode, frames)

    def _run(self, items: list[tuple[RenderItem, int]]) -> list[Frames]:
        return self._model.render([item for item, _ in items], size=items[0][1])

    async def ping(self) -> None:
        """The models were loaded before this stage was made."""

    @property
    def running_s(self) -> float:
        """How long the batch now on the device has been there; 0 when it is free."""
        return self._batcher.running_s

    async def aclose(self) -> None:
        await self._batcher.aclose()
        self._encoders.shutdown(wait=False)


def _pieces(motion: Motion) -> list[Motion]:
    """A chunk in pieces that leave the device soon: more urgent work waits for no more."""
    return [motion[start : start + _PIECE] for start in range(0, len(motion), _PIECE)]


def _encode(pieces: list[Frames]) -> VideoChunk:
    return encode_chunk(np.concatenate(pieces) if len(pieces) > 1 else pieces[0])


class AppearanceCache:
    """Appearances by portrait key: in memory (a few), else stored, else made and stored.

    Losing one changes the speed, never the result.
    """

    def __init__(
        self, model: Renderer, engine_name: str, blobs: Blobs, image_limits: ImageLimits
    ) -> None:
        self._model, self._engine_name, self._blobs = model, engine_name, blobs
        self._image_limits = image_limits
        self._held: OrderedDict[str, asyncio.Task[Appearance]] = OrderedDict()

    async def get(self, portrait: str) -> Appearance:
        """The appearance; concurrent callers share one registration."""
        task = self._held.get(portrait)
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(self._load_or_make, portrait))
            self._held[portrait] = task
            task.add_done_callback(lambda done: self._forget_failure(portrait, done))
            if len(self._held) > _HELD_APPEARANCES:
                self._held.popitem(last=False)
        else:
            self._held.move_to_end(portrait)
        return await asyncio.shield(task)  # one caller leaving must not fail the others

    def _forget_failure(self, portrait: str, task: "asyncio.Task[Appearance]") -> None:
        if task.cancelled() or task.exception():
            self._held.pop(portrait, None)

    def _load_or_make(self, portrait: str) -> Appearance:
        key = appearance_key(self._engine_name, portrait)
        if self._blobs.exists(key):
            with suppress(CheckpointMismatch, NotFound):  # by another version; just trimmed
                self._blobs.touch(key)
                return self._model.load(self._blobs.get(key))
        data = self._model.register(self._read(portrait)).to_bytes()
        self._blobs.put(key, data)
        return self._model.load(data)

    def _read(self, portrait: str) -> Image:
        try:
            data = self._blobs.get(portrait)
        except NotFound:  # not the caller's fault: deleted meanwhile, or the store is not shared
            raise InternalError("the stored portrait is gone") from None
        return read_image(data, self._image_limits)


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
        audio_encoder = LocalAudioEncoder(engine.audio_encoder(device), limits, on_batch)
        motion = LocalMotion(engine.motion_generator(device), limits, on_batch)
        renderer = LocalRenderer(engine.renderer(device), engine.info.name, blobs, limits, on_batch)
        parts = (audio_encoder, motion, renderer)
        return cls(Stages(engine.info, audio_encoder, motion, renderer), parts)

    async def __aenter__(self) -> Stages:
        return self.stages

    async def __aexit__(self, *_: Any) -> None:
        for part in self._parts:
            await part.aclose()
