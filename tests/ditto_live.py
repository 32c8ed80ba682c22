"""Live sessions through the stages of the service: speech comes as fast as it is spoken."""

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import numpy as np

from talkhead.engines.engine import Engine
from talkhead.media.resampling import SoundBlock
from talkhead.pipeline.generate import VideoSpec, generate
from talkhead.pipeline.local import BatchLimits, LocalStages
from talkhead.pipeline.pacing import Pacer
from talkhead.pipeline.rehearsal import PORTRAIT
from talkhead.pipeline.stages import Stages
from talkhead.pipeline.windows import STREAM_CHUNKS
from talkhead.storage.blobs import MemoryBlobs
from talkhead.timing import FRAME_RATE

RATE = 16_000
BLOCK_S = 0.1
KEY = "portraits/live"
GROWTH_S = 0.3  # of the lag from the first to the second half, that is still no growth


@dataclass(frozen=True)
class Lags:
    """How long after its sound was heard a frame was there, the worst of each half, seconds."""

    first_half: float
    second_half: float

    @property
    def steady(self) -> bool:
        return self.second_half <= self.first_half + GROWTH_S


async def _speech(seconds: float, started: float) -> AsyncGenerator[SoundBlock, None]:
    """In real time from `started`, time.monotonic."""
    dice = np.random.default_rng(0)
    for index in range(round(seconds / BLOCK_S)):
        await asyncio.sleep(max(0.0, started + (index + 1) * BLOCK_S - time.monotonic()))
        block = dice.uniform(-0.3, 0.3, round(BLOCK_S * RATE)).astype(np.float32)
        yield SoundBlock(np.repeat(block, 3)[:, None], block)


async def _session(stages: Stages, seconds: float, wait: float) -> list[tuple[float, float]]:
    """Of every fragment when its last frame was spoken, and how much later it was there."""
    await asyncio.sleep(wait)
    started = time.monotonic()
    spec = VideoSpec(KEY, stages.info.check_controls({}), STREAM_CHUNKS)
    lags = []
    async for fragment in generate(stages, spec, _speech(seconds, started), Pacer(60.0)):
        if fragment.frames:
            spoken = (fragment.first_frame + fragment.frames) / FRAME_RATE
            lags.append((spoken, time.monotonic() - started - spoken))
    return lags


async def live_sessions(engine: Engine, device: str, count: int, seconds: float) -> Lags:
    """So many at once, after the stages were warmed up; they start within one window."""
    blobs = MemoryBlobs()
    blobs.put(KEY, PORTRAIT.read_bytes())
    limits = BatchLimits(frames=64)
    async with LocalStages.load(engine, blobs, device=device, limits=limits) as stages:
        await stages.renderer.register(KEY)
        for many in (1, count):
            waits = np.arange(many) / many * 0.4
            length = seconds if many == count else 2.0
            runs = [_session(stages, length, float(wait)) for wait in waits]
            found = [lag for session in await asyncio.gather(*runs) for lag in session]
    halves = [
        max(lag for spoken, lag in found if (spoken > seconds / 2) == late)
        for late in (False, True)
    ]
    return Lags(*halves)
