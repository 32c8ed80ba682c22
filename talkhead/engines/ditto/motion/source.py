"""The registered portrait's own motion: one row of a picture, one a frame of a video."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

from talkhead.engines.ditto.motion.layout import KeyPoints, placed


def ping_pong(frames: Int64[np.ndarray, " frames"], size: int) -> Int64[np.ndarray, " frames"]:
    """Places in a list of `size` that is played forwards and backwards in turn (ditto.md §3.3).

    The entries at both ends are shown twice. Frames are not negative.
    """
    turn, place = np.divmod(frames, size)
    return np.where(turn % 2 == 0, place, size - 1 - place)


@dataclass(frozen=True)
class SourceMotion:
    """What registration measured, smoothed if it is a video."""

    rows: Float32[np.ndarray, "frames 265"]
    canonical: Float32[np.ndarray, "frames 63"]  # key points of the face at rest, 21 x 3

    def at(self, start: int, count: int) -> "SourceMotion":
        """What belongs to the video frames [start, start + count): one row of a picture."""
        if len(self.rows) == 1:
            return self
        places = ping_pong(np.arange(start, start + count, dtype=np.int64), len(self.rows))
        return SourceMotion(self.rows[places], self.canonical[places])

    def key_points(self) -> KeyPoints:
        return placed(self.canonical, self.rows)
