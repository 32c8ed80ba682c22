"""What motion must know of a face, as rows that travel: one of a portrait, or one a video frame."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from talkhead.engines.ditto.motion.condition import Reference
from talkhead.engines.ditto.motion.layout import MOTION_DIM, POINTS
from talkhead.engines.ditto.motion.source import SourceMotion

_POINTS = 3 * POINTS
# Columns: motion, canonical key points, those that the diffusion is told, eye openness, eye-balls.
_EDGES = tuple(int(edge) for edge in np.cumsum([MOTION_DIM, _POINTS, _POINTS, 2]))
REFERENCE_DIM = _EDGES[-1] + 6


@dataclass(frozen=True)
class FaceReference:
    """A registered face, without its look."""

    source: SourceMotion
    condition: Reference

    def to_rows(self) -> Float32[np.ndarray, "frames 399"]:
        told = self.condition
        frames = len(self.source.rows)
        shown = np.broadcast_to(told.canonical, (frames, _POINTS))
        columns = (self.source.rows, self.source.canonical, shown, told.eye_open, told.eye_ball)
        return np.concatenate(columns, 1).astype(np.float32)

    @staticmethod
    def from_rows(rows: Float32[np.ndarray, "frames 399"]) -> "FaceReference":
        motion, canonical, shown, eye_open, eye_ball = np.split(rows, _EDGES, 1)
        return FaceReference(
            SourceMotion(motion, canonical), Reference(eye_open, eye_ball, shown[0])
        )
