"""Points on a face, from whichever network, as the crop needs them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from talkhead.faces.landmarks import BROWS, JAW_LINE, LIDS, LOWER_LIP, UPPER_LIP
from talkhead.faces.mesh import FaceMesh

# Two ends and two middles of the lids of both eyes, and the corners of the mouth, by the number
# of points that a network has (ditto.md §6, "Crop rule").
_EYES = {
    106: [33, 35, 40, 39, 87, 89, 94, 93],
    203: [0, 6, 12, 18, 24, 30, 36, 42],
    468: [33, 159, 133, 145, 362, 386, 263, 374],
}
_LIPS = {106: [52, 61], 203: [48, 66], 468: [61, 291]}

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
        """From the 106 or 203 points of a published network."""
        count = len(points)
        points = points.astype(np.float64)
        return FacePoints(points, points[_EYES[count]].mean(0), points[_LIPS[count]].mean(0))

    @staticmethod
    def of_mesh(mesh: FaceMesh) -> "FacePoints":
        """From our own 468 points."""
        flat = mesh.points[:, :2]
        return FacePoints(
            flat[_OUTLINE], flat[_EYES[len(flat)]].mean(0), flat[_LIPS[len(flat)]].mean(0)
        )
