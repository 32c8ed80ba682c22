"""Where a face is cut out: an upright square around its points (ditto.md §6, "Crop rule")."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Float64, UInt8

from talkhead.engines.ditto.registration.face_points import FacePoints
from talkhead.types import Image

SHORTEST = 1e-3  # pixels from eyes to lips: below it the face has no direction
SMALLEST = 1.0  # pixels, side of a square: points that fell together are no face, but no crash


@dataclass(frozen=True)
class Crop:
    """A square part of a picture, turned and scaled to `size` x `size` pixels."""

    size: int
    to_crop: Float64[np.ndarray, "3 3"]  # from picture pixels
    to_picture: Float64[np.ndarray, "3 3"]  # from crop pixels

    def cut(self, picture: Image) -> UInt8[np.ndarray, "size size 3"]:
        """Bilinear; black where the picture has nothing."""
        return np.asarray(cv2.warpAffine(picture, self.to_crop[:2], (self.size, self.size)))

    def in_picture(self, points: Float[np.ndarray, "points 2"]) -> Float64[np.ndarray, "points 2"]:
        """Picture pixels of points in crop pixels."""
        return points @ self.to_picture[:2, :2].T + self.to_picture[:2, 2]


@dataclass(frozen=True)
class CropRule:
    size: int  # pixels
    scale: float  # side of the square over that of the box around the points
    shift: float  # of the square, towards the mouth, as a share of its side

    def around(self, face: FacePoints) -> Crop:
        """The square whose vertical is the line from the eyes to the lips."""
        down = _direction(face)
        axes = np.stack([[down[1], -down[0]], down])
        level = face.points @ axes.T
        low, high = level.min(0), level.max(0)
        side = max(float((high - low).max()) * self.scale, SMALLEST)
        centre = (low + high) / 2 + [0, self.shift * side]  # along the axes
        to_crop = np.eye(3)
        to_crop[:2, :2] = self.size / side * axes
        to_crop[:2, 2] = self.size / 2 - self.size / side * centre
        return Crop(self.size, to_crop, np.linalg.inv(to_crop))


FOR_LANDMARKS = CropRule(224, 1.5, -0.1)
FOR_NETWORKS = CropRule(512, 2.3, -0.125)


def _direction(face: FacePoints) -> Float64[np.ndarray, " 2"]:
    line = face.lips - face.eyes
    length = float(np.linalg.norm(line))
    return line / length if length >= SHORTEST else np.array([0.0, 1.0])
