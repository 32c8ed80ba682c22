"""Expression of chosen key points: which ones are lips and eyes, and how one is moved by hand."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float32

from talkhead.engines.ditto.motion.layout import POINTS
from talkhead.errors import ControlOutOfRange

LIP_POINTS = (6, 12, 14, 17, 19, 20)
EYE_POINTS = (11, 13, 15, 16, 18)


def columns_of(points: Sequence[int]) -> Bool[np.ndarray, " 63"]:
    """Of the 63 columns of an expression those of these points."""
    chosen = np.zeros((POINTS, 3), bool)
    chosen[list(points)] = True
    return chosen.reshape(-1)


def point_deltas(
    moves: Mapping[int, Sequence[float]],
) -> Float32[np.ndarray, " 63"]:
    """One row of `FrameControls.delta_exp` that moves single points, in units of the key points.

    The axes turn with the head: in a face that looks at the camera x is to the right of the picture
    and y down, and the picture is 2 units wide.

    Raises:
        ControlOutOfRange: there is no such point.
    """
    deltas = np.zeros((POINTS, 3), np.float32)
    for point, move in moves.items():
        if point not in range(POINTS):
            raise ControlOutOfRange(
                f"there is no expression point {point}; 0 to {POINTS - 1} are possible"
            )
        deltas[point] = move
    return deltas.reshape(-1)
