"""What motion must know of a face, as rows that travel with a window."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from talkhead.engines.ditto.motion.condition import FaceCondition
from talkhead.engines.ditto.motion.layout import MOTION_DIM, POINTS
from talkhead.engines.ditto.motion.source import SourceMotion, ping_pong

_POINTS = 3 * POINTS
# Columns: motion, canonical key points, those that the diffusion is told, eye openness, eye-balls.
_EDGES = tuple(int(edge) for edge in np.cumsum([MOTION_DIM, _POINTS, _POINTS, 2]))
REFERENCE_DIM = _EDGES[-1] + 6

Rows = Float32[np.ndarray, "_ 399"]


@dataclass(frozen=True)
class FaceReference:
    """A registered face without its look: one row of a portrait, one a frame of a video."""

    source: SourceMotion
    condition: FaceCondition

    def to_rows(self) -> Rows:
        told = self.condition
        frames = len(self.source.rows)
        shown = np.broadcast_to(told.canonical, (frames, _POINTS))
        columns = (self.source.rows, self.source.canonical, shown, told.eye_open, told.eye_ball)
        return np.concatenate(columns, 1).astype(np.float32)

    @staticmethod
    def from_rows(rows: Rows) -> "FaceReference":
        motion, canonical, shown, eye_open, eye_ball = np.split(rows, _EDGES, 1)
        return FaceReference(
            SourceMotion(motion, canonical), FaceCondition(eye_open, eye_ball, shown[0])
        )

    def window(self, start: int, count: int) -> Rows:
        """What travels with a window that knows the features of frames [start, start + count)."""
        rows = self.to_rows()
        if len(rows) == 1:
            return rows
        return np.concatenate(
            [rows[:1], rows[ping_pong(np.arange(start, start + count), len(rows))]]
        )


@dataclass(frozen=True)
class WindowReference:
    """The face of one window: a portrait's row; or of a video the row of its first frame, then one
    for each frame from `start` on, as many as there are features.
    """

    rows: Rows
    start: int

    @property
    def of_video(self) -> bool:
        return len(self.rows) > 1

    @property
    def first(self) -> FaceReference:
        """As in the first frame of all."""
        return FaceReference.from_rows(self.rows[:1])

    def at(self, start: int, count: int) -> FaceReference:
        """In these frames; beyond those that are known as in the nearest one."""
        if not self.of_video:
            return self.first
        places = np.arange(start, start + count) - self.start
        return FaceReference.from_rows(self.rows[1:][np.clip(places, 0, len(self.rows) - 2)])
