"""The lids and the iris of one eye, finer than the mesh has them."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Float

from talkhead.faces.cropping import Square, crop
from talkhead.faces.mesh import FaceMesh
from talkhead.faces.onnx_models import FaceModels
from talkhead.types import Image

Side: TypeAlias = Literal["Right", "Left"]  # of the subject
SIDES: tuple[Side, Side] = ("Right", "Left")

SIZE = 64  # pixels, side of the network's input
MARGIN = 2.3  # side of the crop over the distance of the eye's corners
CORNERS = {"Right": (33, 133), "Left": (362, 263)}  # mesh points, image left first
# mesh points of the lids in the order of the network's first 16: lower lid 9, upper lid 7
LIDS: dict[Side, list[int]] = {
    "Right": [33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173],
    "Left": [263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398],
}


@dataclass(frozen=True)
class Eye:
    """Picture pixels. `lids`: outer corner, lower lid, inner corner (9), then upper lid (7)."""

    lids: Float[np.ndarray, "16 2"]
    centre: Float[np.ndarray, " 2"]  # of the iris
    radius: float  # of the iris


def eye_of(image: Image, mesh: FaceMesh, side: Side, models: FaceModels) -> Eye:
    first, last = (mesh.points[corner, :2] for corner in CORNERS[side])
    dx, dy = mesh.eye_line
    x, y = (first + last) / 2
    width = float(np.linalg.norm(last - first))
    square = Square(float(x), float(y), width * MARGIN, float(np.arctan2(dy, dx)))
    mirrored = side == "Left"  # the network knows right eyes
    picture = crop(image, square, SIZE)
    contours, iris = models.iris(picture[:, ::-1] if mirrored else picture)
    points = np.concatenate([contours.reshape(-1, 3)[:16, :2], iris.reshape(5, 3)[:, :2]])
    if mirrored:
        points[:, 0] = SIZE - 1 - points[:, 0]
    points = square.from_crop(points.astype(np.float64), SIZE)
    radius = np.linalg.norm(points[17:] - points[16], axis=1).mean()
    return Eye(points[:16], points[16], float(radius))
