"""The square that a video shows of a portrait: around the head, inside the picture where it can."""

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from talkhead.faces.landmarks import LEFT_CHEEK, RIGHT_CHEEK
from talkhead.faces.mesh import FaceMesh
from talkhead.types import Image

FACE_SHARE = 0.40  # width of the face over that of the square
FACE_HEIGHT = 0.49  # how far down the square the ears are
SHARP_ENOUGH = 0.7  # canvas pixels per portrait pixel; below, blur first against aliasing


def framed(
    portrait: Image, mesh: FaceMesh, size: int
) -> tuple[UInt8[np.ndarray, "size size 3"], Float[np.ndarray, "2 3"]]:
    """The canvas, and the map from pixels of the portrait to its own."""
    to_canvas = _placement(portrait, mesh, size)
    return _warped(portrait, to_canvas, size), to_canvas


def _placement(portrait: Image, mesh: FaceMesh, size: int) -> Float[np.ndarray, "2 3"]:
    """The affine map from portrait to canvas; it stays inside the portrait where it can."""
    right, left = mesh.points[RIGHT_CHEEK, :2], mesh.points[LEFT_CHEEK, :2]
    side = float(np.linalg.norm(left - right)) / FACE_SHARE
    height, width = portrait.shape[:2]
    x, y = (right + left) / 2 - [side * 0.5, side * FACE_HEIGHT]
    if side <= width:
        x = np.clip(x, 0, width - side)
    if side <= height:
        y = np.clip(y, 0, height - side)
    scale = size / side
    return np.array([[scale, 0, -x * scale], [0, scale, -y * scale]])


def _warped(
    portrait: Image, to_canvas: Float[np.ndarray, "2 3"], size: int
) -> UInt8[np.ndarray, "size size 3"]:
    """The portrait under the map, without aliasing; beyond its border the last pixels repeat."""
    scale = float(to_canvas[0, 0])
    shrink = max(1, int(SHARP_ENOUGH / scale))
    if shrink > 1:
        portrait, to_canvas = _shrunk(portrait, to_canvas, size, shrink)
        scale *= shrink
    if scale < SHARP_ENOUGH:
        portrait = np.asarray(cv2.GaussianBlur(portrait, (0, 0), 0.45 / scale))
    canvas = cv2.warpAffine(
        portrait, to_canvas, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(canvas, np.uint8)


def _shrunk(
    portrait: Image, to_canvas: Float[np.ndarray, "2 3"], size: int, factor: int
) -> tuple[UInt8[np.ndarray, "rows columns 3"], Float[np.ndarray, "2 3"]]:
    """Means over `factor` x `factor` pixels of the part that shows, and the map from there."""
    scale = float(to_canvas[0, 0])
    margin = 8 * factor
    left, top = (max(0, int(-t / scale) - margin) for t in to_canvas[:, 2])
    reach = int(size / scale) + 2 * margin
    part = portrait[top : top + reach, left : left + reach]
    columns, rows = (max(1, n // factor) for n in (part.shape[1], part.shape[0]))
    part = part[: rows * factor, : columns * factor]
    small = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA)
    moved = to_canvas.copy()
    moved[:, 2] += scale * (np.array([left, top]) + (factor - 1) / 2)
    moved[:, :2] *= factor
    return np.asarray(small, np.uint8), moved
