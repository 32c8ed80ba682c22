"""Pitch, yaw and roll while they are edited: as logits until degrees are added to them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32

from talkhead.engines.ditto.motion.layout import BINS, PARTS, Rows, degrees

ANGLE_COLUMNS = slice(PARTS["pitch"].start, PARTS["roll"].stop)


@dataclass(frozen=True)
class Pose:
    """One distribution an angle and frame; what is `plain` is an angle in degrees alone."""

    logits: Float32[np.ndarray, "frames 3 66"]
    degrees: Float32[np.ndarray, "frames 3"]
    plain: Bool[np.ndarray, "frames 3"]

    def shifted(self, delta: Float32[np.ndarray, "_ 3"]) -> "Pose":
        """Degrees added; NaN leaves an angle as it is."""
        given = ~np.isnan(delta)
        return Pose(self.logits, self.degrees + np.where(given, delta, 0), self.plain | given)

    def scaled(self, factor: Float32[np.ndarray, "_ 3"]) -> "Pose":
        """The published factor: of the logits, unless the angle is plain (ditto.md §5 step 6)."""
        logits = self.logits * factor[..., None]
        return Pose(
            logits, np.where(self.plain, self.degrees * factor, degrees(logits)), self.plain
        )

    def faded(
        self, target: "Pose", weight: Float32[np.ndarray, " _"], chosen: Bool[np.ndarray, " 3"]
    ) -> "Pose":
        """Chosen angles as weight x this + (1 - weight) x target; weight 1 changes nothing.

        Two distributions mix as logits, as published; a plain angle mixes in degrees.
        """
        share = np.where(chosen, weight[:, None], np.float32(1))
        logits = _between(self.logits, target.logits, share[..., None])
        plain = self.plain | (target.plain & (share < 1))
        return Pose(
            logits,
            np.where(plain, _between(self.degrees, target.degrees, share), degrees(logits)),
            plain,
        )


def pose_of(rows: Rows) -> Pose:
    """The pose of rows (frames, 265)."""
    logits = rows[..., ANGLE_COLUMNS].reshape(len(rows), 3, BINS)
    return Pose(logits, degrees(logits), np.zeros(logits.shape[:2], bool))


def _between(
    here: Float32[np.ndarray, "..."],
    there: Float32[np.ndarray, "..."],
    share: Float32[np.ndarray, "..."],
) -> Float32[np.ndarray, "..."]:
    return share * here + (1 - share) * there
