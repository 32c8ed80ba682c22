"""From audio blocks to windows of features: cutting and encoding, in the order of the video."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from functools import partial
from typing import Protocol, TypeVar

from talkhead.engines.engine import Hearing, Schedule
from talkhead.media.resampling import SoundBlock
from talkhead.pipeline.flow import in_order
from talkhead.pipeline.hearing import AudioChunkCutter, FeatureCutter, FeatureWindow
from talkhead.pipeline.pacing import Pacer
from talkhead.pipeline.stages import Stages
from talkhead.pipeline.windows import WindowCutter
from talkhead.types import AudioFeatures, Waveform

_IN_FLIGHT = 2  # calls of one session at once

Audio = AsyncGenerator[SoundBlock, None]


class Piece(Protocol):
    """What both cutters cut."""

    @property
    def start(self) -> int: ...

    @property
    def waveform(self) -> Waveform: ...


Cut = TypeVar("Cut", bound=Piece, covariant=True)
Some = TypeVar("Some", bound=Piece)


class Cutter(Protocol[Cut]):
    def push(self, piece: Waveform) -> Iterator[Cut]: ...

    def finish(self) -> Iterator[Cut]: ...


def feature_windows(
    stages: Stages, schedule: Schedule, audio: Audio, pacer: Pacer
) -> AsyncGenerator[FeatureWindow, None]:
    """What the motion generator is told of the sound, window after window."""
    if schedule.hearing is None:
        return _each_by_itself(stages, schedule, audio, pacer)
    return _from_one_stream(stages, schedule, schedule.hearing, audio, pacer)


async def _each_by_itself(
    stages: Stages, schedule: Schedule, audio: Audio, pacer: Pacer
) -> AsyncGenerator[FeatureWindow, None]:
    encoded = _encoded(stages, WindowCutter(schedule), audio, pacer)
    async with aclosing(encoded):
        async for window, rows in encoded:
            yield FeatureWindow(window.index, window.start, window.frames, rows, window.total)


async def _from_one_stream(
    stages: Stages, schedule: Schedule, hearing: Hearing, audio: Audio, pacer: Pacer
) -> AsyncGenerator[FeatureWindow, None]:
    cutter = FeatureCutter(schedule)
    encoded = _encoded(stages, AudioChunkCutter(hearing), audio, pacer)
    async with aclosing(encoded):
        async for chunk, rows in encoded:
            for window in cutter.push(rows[: chunk.rows], chunk.total):
                yield window
    for window in cutter.finish():
        yield window


def _encoded(
    stages: Stages, cutter: Cutter[Some], audio: Audio, pacer: Pacer
) -> AsyncGenerator[tuple[Some, AudioFeatures], None]:
    return in_order(partial(_encode, stages, pacer), _cut(cutter, audio), _IN_FLIGHT)


async def _encode(stages: Stages, pacer: Pacer, piece: Some) -> tuple[Some, AudioFeatures]:
    return piece, await stages.audio_encoder.encode(piece.waveform, pacer.priority(piece.start))


async def _cut(cutter: Cutter[Some], audio: Audio) -> AsyncGenerator[Some, None]:
    async with aclosing(audio):
        async for block in audio:
            for piece in cutter.push(block.waveform):
                yield piece
    for piece in cutter.finish():
        yield piece
