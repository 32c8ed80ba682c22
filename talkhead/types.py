"""What travels between floors, and between processes: NumPy arrays and bytes, never tensors.

Axes have one name each, everywhere: `samples`, `frames`, `dim`, `height`, `width`, `channels`.
Everything is per session; only models have a `batch` axis.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Float32, UInt8

Waveform: TypeAlias = Float32[np.ndarray, " samples"]  # mono, SAMPLE_RATE, in [-1, 1]
Sound: TypeAlias = Float32[np.ndarray, "samples channels"]  # 1 or 2 channels, SOUND_RATE
AudioFeatures: TypeAlias = Float32[np.ndarray, "frames dim"]  # one row a video frame
Motion: TypeAlias = Float32[np.ndarray, "frames dim"]  # expression and head pose
Image: TypeAlias = UInt8[np.ndarray, "height width 3"]  # RGB
Frames: TypeAlias = UInt8[np.ndarray, "frames height width 3"]  # RGB

ControlValue: TypeAlias = float | str | list[Any] | dict[str, Any]  # JSON
Controls: TypeAlias = Mapping[str, ControlValue]


@dataclass(frozen=True, slots=True)
class VideoChunk:
    """A run of frames as one closed GOP of H.264: an IDR picture first, no B-frames."""

    access_units: tuple[bytes, ...]  # one a frame, AVCC: each NAL unit after its 4-byte length
    sps: bytes
    pps: bytes
    width: int
    height: int

    @property
    def frames(self) -> int:
        return len(self.access_units)


@dataclass(frozen=True, slots=True)
class Fragment:
    """A run of bytes of a fragmented MP4: append them in order and the result plays."""

    payload: bytes
    first_frame: int  # position of the first video frame inside
    frames: int  # video frames inside; 0 for the header (ftyp + moov)
