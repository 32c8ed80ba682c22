"""How far a video is, how fast it was made, and what its caller should be warned of."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from talkhead.media.resampling import SoundBlock
from talkhead.pipeline.pacing import Pacer
from talkhead.timing import FRAME_RATE
from talkhead.types import Fragment

_SILENCE = 10 ** (-60 / 20)  # peak amplitude: below -60 dB nobody hears speech
_UPDATE_S = 0.5  # a record is written at most this often


@dataclass
class Progress:
    audio_seconds: float
    pacer: Pacer
    started: float  # time.perf_counter
    frames: int = field(default=0, init=False)
    _peak: float = field(default=0.0, init=False)
    _unpaced: tuple[float, int] = field(default=(0.0, 0), init=False)  # seconds, frames
    _first_fragment_ms: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._updated = self.started  # nothing is written before the first fragment is out

    async def tap(
        self, audio: AsyncGenerator[SoundBlock, None]
    ) -> AsyncGenerator[SoundBlock, None]:
        """Pass the blocks on, listening for anything but silence."""
        async with aclosing(audio):
            async for block in audio:
                self._peak = max(self._peak, float(np.abs(block.waveform).max(initial=0.0)))
                yield block

    def changes(self, fragment: Fragment) -> dict[str, Any]:
        """What to write into the record now; empty most of the time."""
        self.frames += fragment.frames
        now = time.perf_counter()
        if self._first_fragment_ms is None:
            self._first_fragment_ms = round(1000 * (now - self.started), 1)
        if not self.pacer.waited_s:
            self._unpaced = (now - self.started, self.frames)
        if now - self._updated < _UPDATE_S:
            return {}
        self._updated = now
        done = self.frames / FRAME_RATE / max(self.audio_seconds, 1 / FRAME_RATE)
        return {"frames": self.frames, "progress": round(min(done, 1.0), 4)}

    def result(self) -> dict[str, Any]:
        """What the record of a completed video says; its speed is that before any pacing."""
        seconds, frames = self._unpaced
        factor = seconds * FRAME_RATE / max(frames, 1)
        return {
            "frames": self.frames,
            "progress": 1.0,
            "first_fragment_ms": self._first_fragment_ms,
            "real_time_factor": round(factor, 4),
            "warnings": self._warnings(),
        }

    def _warnings(self) -> list[dict[str, Any]]:
        if self._peak >= _SILENCE:
            return []
        message = "the audio is silent from start to end: the face idles"
        return [{"code": "audio_silent", "message": message}]
