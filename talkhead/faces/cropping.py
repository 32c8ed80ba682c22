"""Cutting turned squares out of a picture for the networks, and bringing their points back."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Float32

from talkhead.types import Image

SHARPEST = 300  # pixels: a larger square is blurred first, since warping does not antialias
LARGEST = 1000  # pixels: a larger one is shrunk first, since blurring takes long


@dataclass(frozen=True)
class Square:
    """A square in a picture, turned clockwise by `roll` radians about its centre."""

    x: float  # centre, pixels
    y: float
    side: float  # pixels
    roll: float

    def to_crop(self, size: int) -> Float[np.ndarray, "2 3"]:
        """The affine map from picture pixels to pixels of a `size` x `size` crop."""
        centre = (self.x, self.y)
        matrix: np.ndarray = cv2.getRotationMatrix2D(
            centre, np.degrees(self.roll), size / self.side
        )
        matrix[:, 2] += size / 2 - np.array(centre)
        return matrix

    def from_crop(
        self, points: Float[np.ndarray, "points 2"], size: int
    ) -> Float[np.ndarray, "points 2"]:
        """Picture pixels of points in the crop."""
        return transform(points, cv2.invertAffineTransform(self.to_crop(size)))


def transform(
    points: Float[np.ndarray, "points 2"], affine: Float[np.ndarray, "2 3"]
) -> Float[np.ndarray, "points 2"]:
    return points @ affine[:, :2].T + affine[:, 2]


def crop(image: Image, square: Square, size: int) -> Float32[np.ndarray, "size size 3"]:
    """The square as a picture in [0, 1]; beyond the border its last pixels are repeated."""
    image, matrix = _shrunk(image, square, size)
    shrink = square.side / size if square.side > SHARPEST else 0.0
    if shrink:
        image = cv2.GaussianBlur(image, (0, 0), min(shrink, LARGEST / size) * 0.3)
    out = cv2.warpAffine(image, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.float32) / 255


def _shrunk(image: Image, square: Square, size: int) -> tuple[Image, Float[np.ndarray, "2 3"]]:
    """The part around the square, shrunk if too large, and the map from it to the crop."""
    reach = square.side  # the half diagonal and what a blur needs
    height, width = image.shape[:2]
    left, top = (
        int(np.clip(c - reach, 0, n - 1)) for c, n in ((square.x, width), (square.y, height))
    )
    right, bottom = (
        int(np.clip(c + reach, low + 1, n))
        for c, low, n in ((square.x, left, width), (square.y, top, height))
    )
    part = image[top:bottom, left:right]
    scale = min(1.0, LARGEST / square.side)
    if scale < 1:
        shape = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
        small = cv2.resize(part, shape, interpolation=cv2.INTER_AREA)
    else:
        small = np.ascontiguousarray(part)
    ratio = np.array([part.shape[1] / small.shape[1], part.shape[0] / small.shape[0]])
    matrix = square.to_crop(size)
    # pixel centres: full = (small + .5) * ratio - .5 + corner
    matrix[:, 2] += matrix[:, :2] @ (0.5 * ratio - 0.5 + [left, top])
    matrix[:, :2] = matrix[:, :2] * ratio
    return small, matrix
