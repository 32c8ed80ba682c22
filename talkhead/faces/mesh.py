"""468 points on a face, in three dimensions."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from talkhead.faces.cropping import Square, crop
from talkhead.faces.detector import Detection
from talkhead.faces.onnx_models import FaceModels
from talkhead.types import Image

SIZE = 192  # pixels, side of the network's input
MARGIN = 1.5  # side of the crop over the larger side of the face
RIGHT_EYE_CORNER, LEFT_EYE_CORNER = 33, 263  # the outer ones, as the subject sees it


@dataclass(frozen=True)
class FaceMesh:
    """Points in picture pixels; z is negative towards the camera, on the scale of x."""

    points: Float[np.ndarray, "468 3"]
    presence: float  # 0 to 1: how sure it is that there is a face

    @property
    def eye_line(self) -> Float[np.ndarray, " 2"]:
        """From the right outer eye corner to the left one, pixels."""
        return self.points[LEFT_EYE_CORNER, :2] - self.points[RIGHT_EYE_CORNER, :2]

    @property
    def square(self) -> Square:
        """Where to look for this face: the bounding box in its own rotation, with a margin."""
        dx, dy = self.eye_line
        roll = float(np.arctan2(dy, dx))
        turn = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
        level = self.points[:, :2] @ turn.T
        low, high = level.min(0), level.max(0)
        x, y = (low + high) / 2 @ turn
        return Square(float(x), float(y), float((high - low).max()) * MARGIN, roll)


def mesh_in(image: Image, square: Square, models: FaceModels) -> FaceMesh:
    """The mesh of the face in `square`."""
    points, logit = models.mesh(crop(image, square, SIZE))
    points = points.reshape(-1, 3).astype(np.float64)
    flat = square.from_crop(points[:, :2], SIZE)
    depth = points[:, 2:] * (square.side / SIZE)
    presence = 1 / (1 + np.exp(-np.clip(logit.ravel()[0], -80, 80)))
    return FaceMesh(np.concatenate([flat, depth], 1), float(presence))


def mesh_of(image: Image, face: Detection, models: FaceModels) -> FaceMesh:
    """The mesh of a detected face: looked for twice, the second time where the first one was."""
    square = Square(*face.centre, face.side * MARGIN, face.roll)
    return mesh_in(image, mesh_in(image, square, models).square, models)


def steadied(image: Image, mesh: FaceMesh, models: FaceModels, looks: int = 4) -> FaceMesh:
    """The mean over `looks` more crops, slightly shifted, scaled and turned: less noise."""
    square = mesh.square
    points = [mesh.points]
    for t in 2 * np.pi * np.arange(looks) / looks:
        other = Square(
            square.x + float(np.cos(t)) * square.side * 0.02,
            square.y + float(np.sin(t)) * square.side * 0.02,
            square.side * (1 + 0.06 * float(np.cos(2 * t + 1))),
            square.roll + 0.04 * float(np.sin(t + 0.5)),
        )
        points.append(mesh_in(image, other, models).points)
    return FaceMesh(np.mean(points, 0), mesh.presence)
