"""Points on a face, from whichever network, as the crop needs them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from talkhead.faces.landmarks import BROWS, JAW_LINE, LIDS, LOWER_LIP, UPPER_LIP

MESH_POINTS = 468

# Two ends and two middles of the lids of both eyes, and the corners of the mouth, by the number
# of points that a network has (ditto.md §6, "Crop rule").
_EYES = {
    106: [33, 35, 40, 39, 87, 89, 94, 93],
    203: [0, 6, 12, 18, 24, 30, 36, 42],
    MESH_POINTS: [33, 159, 133, 145, 362, 386, 263, 374],
}
_LIPS = {106: [52, 61], 203: [48, 66], MESH_POINTS: [61, 291]}

# The published networks have no points on the forehead: without the mesh's, crops are the same.
_NOSE = [1, 2, 98, 327, 168, 6, 197, 195, 5, 4]
_OUTLINE = sorted(
    {
        *JAW_LINE,
        *LIDS,
        *_NOSE,
        *(point for brow in BROWS.values() for edge in brow for point in edge),
        *(point for ring in (*UPPER_LIP, *LOWER_LIP) for point in ring),
    }
)


@dataclass(frozen=True)
class FacePoints:
    """All in picture pixels."""

    points: Float[np.ndarray, "points 2"]  # jaw, brows, eyes, nose and mouth: no forehead
    eyes: Float[np.ndarray, " 2"]  # middle between the eyes
    lips: Float[np.ndarray, " 2"]  # middle of the mouth

    @staticmethod
    def of(points: Float[np.ndarray, "points 2"]) -> "FacePoints":
        """From the 106 or 203 points of a published network, or from the 468 of our own mesh."""
        count = len(points)
        points = points.astype(np.float64)
        outline = points[_OUTLINE] if count == MESH_POINTS else points
        return FacePoints(outline, points[_EYES[count]].mean(0), points[_LIPS[count]].mean(0))
