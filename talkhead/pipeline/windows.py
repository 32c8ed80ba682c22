"""Where the time line is cut: windows of audio for the motion, chunks of motion for the renderer.

Both follow a fixed schedule of frame positions, never of how the audio arrived: that is what makes
streaming equal to offline.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np

from talkhead.engines.engine import Schedule
from talkhead.timing import SAMPLES_PER_FRAME, frames_in
from talkhead.types import Motion, Waveform


@dataclass(frozen=True, slots=True)
class AudioWindow:
    """The audio for one motion window: context, the frames to make, look-ahead."""

    index: int
    start: int  # first frame to make
    frames: int  # to make; fewer than the schedule says only in the last window
    waveform: Waveform  # always of the schedule's full length, so that windows share a batch
    total: int | None = None  # frames of the whole input, if it ended inside this window


class WindowCutter:
    """Cut a stream of audio pieces into the windows of a schedule, holding no more than one."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._held = np.zeros(schedule.context * SAMPLES_PER_FRAME, np.float32)
        self._received = 0  # samples
        self._index, self._start = 0, 0

    def push(self, piece: Waveform) -> Iterator[AudioWindow]:
        """The windows that `piece` completes."""
        self._received += len(piece)
        self._held = np.concatenate([self._held, piece])
        while len(self._held) >= self._window_samples():
            yield self._cut(self._step())

    def finish(self) -> Iterator[AudioWindow]:
        """The windows that were waiting for look-ahead, with silence in its place."""
        total = frames_in(self._received)
        while self._start < total:
            missing = max(self._window_samples() - len(self._held), 0)
            self._held = np.concatenate([self._held, np.zeros(missing, np.float32)])
            frames = min(self._step(), total - self._start)
            yield self._cut(frames, total if missing else None)

    def _step(self) -> int:
        return self._schedule.first if self._index == 0 else self._schedule.step

    def _window_samples(self) -> int:
        schedule = self._schedule
        return (schedule.context + self._step() + schedule.look_ahead) * SAMPLES_PER_FRAME

    def _cut(self, frames: int, total: int | None = None) -> AudioWindow:
        waveform = self._held[: self._window_samples()].copy()
        window = AudioWindow(self._index, self._start, frames, waveform, total)
        self._held = self._held[frames * SAMPLES_PER_FRAME :]
        self._index, self._start = self._index + 1, self._start + frames
        return window


STREAM_CHUNKS = (4, 10, 25)  # frames; the last repeats. The first needs no second motion window
LIVE_CHUNKS = (4, 10)  # whoever speaks waits for as little as possible, all the time
JOB_CHUNKS = (50,)  # longer closed GOPs cost fewer bits (DESIGN §4)
_SLOW_CHUNKS = (10,)  # where a frame takes seconds: progress shows, and a lost call costs less


def job_chunks(live: bool) -> tuple[int, ...]:
    """Frames a chunk of a video that nobody watches while it is made."""
    return JOB_CHUNKS if live else _SLOW_CHUNKS


@dataclass(frozen=True, slots=True)
class MotionChunk:
    """Frames that are rendered and encoded together, as one closed GOP."""

    start: int
    motion: Motion


class ChunkCutter:
    """Regroup rows of motion into chunks of the given sizes, the last size repeating."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        self._sizes = chain(sizes[:-1], repeat(sizes[-1]))
        self._wanted = next(self._sizes)
        self._rows: list[Motion] = []
        self._start = 0

    def push(self, motion: Motion) -> Iterator[MotionChunk]:
        self._rows.append(motion)
        while sum(map(len, self._rows)) >= self._wanted:
            yield self._cut(self._wanted)
            self._wanted = next(self._sizes)

    def finish(self) -> Iterator[MotionChunk]:
        if left := sum(map(len, self._rows)):
            yield self._cut(left)

    def _cut(self, frames: int) -> MotionChunk:
        rows = np.concatenate(self._rows)
        chunk = MotionChunk(self._start, rows[:frames])
        self._rows = [rows[frames:]]
        self._start += frames
        return chunk
