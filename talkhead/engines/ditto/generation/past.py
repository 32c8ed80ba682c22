"""What a motion window leaves to the next, as rows that travel."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from talkhead.engines.ditto.motion.layout import MOTION_DIM

Row = Float32[np.ndarray, " 265"]


@dataclass(frozen=True)
class Past:
    reference: Row | None  # the motion that relative motion starts from, once it is known
    first: Row | None  # the generated motion of frame 0, once it is known
    rows: Float32[np.ndarray, "_ 265"]  # the end of the fused sequence

    def to_rows(self) -> Float32[np.ndarray, "_ 265"]:
        unknown = np.full(MOTION_DIM, np.nan, np.float32)
        known = [unknown if row is None else row for row in (self.reference, self.first)]
        return np.concatenate([np.stack(known), self.rows])

    @staticmethod
    def from_rows(rows: Float32[np.ndarray, "_ _"]) -> "Past":
        if not len(rows):
            return Past(None, None, np.zeros((0, MOTION_DIM), np.float32))
        reference, first = (None if np.isnan(row[0]) else row for row in rows[:2])
        return Past(reference, first, rows[2:])
