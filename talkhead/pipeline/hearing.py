"""Cutting for encoders whose rows are made once: audio into chunks, rows of features into windows.

As in `talkhead.pipeline.windows`, positions alone decide, never how the audio arrived.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from talkhead.engines.engine import Hearing, Schedule
from talkhead.timing import SAMPLES_PER_FRAME, frames_in
from talkhead.types import AudioFeatures, Waveform


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """What an encoder hears at once."""

    start: int  # first frame it yields a row for
    waveform: Waveform  # always `Hearing`'s full length, so that chunks share a batch
    rows: int  # to keep
    total: int | None = None  # frames of the whole input, if it ended inside this chunk


class AudioChunkCutter:
    """Cut a stream of audio pieces into overlapping chunks, holding no more than one."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing
        self._held = np.zeros(hearing.before, np.float32)
        self._received = 0  # samples
        self._start = 0  # frames

    def push(self, piece: Waveform) -> Iterator[AudioChunk]:
        """The chunks that `piece` completes."""
        self._received += len(piece)
        self._held = np.concatenate([self._held, piece])
        while len(self._held) >= self._length:
            yield self._cut(self._hearing.frames)

    def finish(self) -> Iterator[AudioChunk]:
        """The chunks that hear the end, with silence after it."""
        total = frames_in(self._received)
        beyond = self._hearing.beyond_end
        heard = self._hearing.before if beyond else 0
        while self._start * SAMPLES_PER_FRAME - heard < self._received:
            missing = self._length - len(self._held)
            self._held = np.pad(self._held, (0, max(missing, 0)))
            rows = self._hearing.frames
            yield self._cut(rows if beyond else min(rows, total - self._start), total)

    @property
    def _length(self) -> int:
        return self._hearing.before + self._hop + self._hearing.after

    @property
    def _hop(self) -> int:
        return self._hearing.frames * SAMPLES_PER_FRAME

    def _cut(self, rows: int, total: int | None = None) -> AudioChunk:
        chunk = AudioChunk(self._start, self._held[: self._length].copy(), rows, total)
        self._held = self._held[self._hop :]
        self._start += self._hearing.frames
        return chunk


@dataclass(frozen=True, slots=True)
class FeatureWindow:
    """What a motion generator is told of the sound; see `MotionWindow`."""

    index: int
    start: int
    frames: int
    features: AudioFeatures
    total: int | None


class FeatureCutter:
    """Regroup rows of features into the windows of a schedule, holding no more than one."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._held: AudioFeatures | None = None
        self._first = 0  # frame of the first row held
        self._index, self._start = 0, 0
        self._total: int | None = None

    def push(self, rows: AudioFeatures, total: int | None) -> Iterator[FeatureWindow]:
        """The windows that the rows of a chunk with that `total` complete."""
        self._total = total
        self._held = rows if self._held is None else np.concatenate([self._held, rows])
        while not self._done and self._stop() <= self._first + len(self._held):
            yield self._cut(self._held)

    def finish(self) -> Iterator[FeatureWindow]:
        """The windows that were waiting for look-ahead: they get the rows there are."""
        while self._held is not None and not self._done:
            yield self._cut(self._held)

    @property
    def _done(self) -> bool:
        return self._total is not None and self._start >= self._total

    def _step(self) -> int:
        return self._schedule.first if self._index == 0 else self._schedule.step

    def _stop(self) -> int:
        return self._start + self._step() + self._schedule.look_ahead

    def _cut(self, held: AudioFeatures) -> FeatureWindow:
        left = self._step() if self._total is None else self._total - self._start
        frames = min(self._step(), left)
        rows = held[: self._stop() - self._first].copy()
        window = FeatureWindow(self._index, self._start, frames, rows, self._total)
        self._index, self._start = self._index + 1, self._start + frames
        unused = max(0, self._start - self._schedule.context - self._first)
        self._held, self._first = held[unused:], self._first + unused
        return window
