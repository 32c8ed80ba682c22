"""Where the eyes look: kept while the head turns, or set. Four numbers of the expression do it."""

import numpy as np
from jaxtyping import Float32

EXPRESSION_DIM = 63
X_11, Y_11, X_15, Y_15 = 33, 34, 45, 46  # columns of the expression: points 11 and 15, the eyes

# One unit moves an eye's point by 0.001 or 0.0007 of the key points' unit; so many units are the
# whole range of `gaze_deltas`. Ours, and not yet tried on published weights: the published system
# has no explicit gaze.
FULL_GAZE = 20.0


def _eye_deltas(
    right: Float32[np.ndarray, " frames"], up: Float32[np.ndarray, " frames"]
) -> Float32[np.ndarray, "frames 63"]:
    """Units of gaze as expression; which eye moves further depends on the side."""
    deltas = np.zeros((len(right), EXPRESSION_DIM), np.float32)
    rightwards = right > 0
    deltas[:, X_11] = right * np.where(rightwards, 0.0007, 0.001)
    deltas[:, X_15] = right * np.where(rightwards, 0.001, 0.0007)
    deltas[:, Y_11] = deltas[:, Y_15] = -0.001 * up
    return deltas


def compensation(
    pose: Float32[np.ndarray, "frames 3"], source: Float32[np.ndarray, " 3"]
) -> Float32[np.ndarray, "frames 63"]:
    """Expression that keeps the gaze when the head turns from `source` to `pose`.

    Angles are pitch, yaw, roll in degrees (ditto.md §5 step 8).
    """
    turned = pose - source
    return _eye_deltas(np.float32(0.26) * turned[:, 1], np.float32(0.28) * turned[:, 0])


def gaze_deltas(
    x: Float32[np.ndarray, " frames"], y: Float32[np.ndarray, " frames"]
) -> Float32[np.ndarray, "frames 63"]:
    """Expression that turns the eyes, for `FrameControls.delta_exp`.

    `x` is 1 for far to the right and `y` for far up as seen in the picture, -1 for the opposite;
    beyond that they are cut. A full turn moves the key points of the eyes by 0.014 and 0.02.
    """
    right, up = (FULL_GAZE * np.clip(side, -1, 1) for side in (x, y))
    return _eye_deltas(right, up)
