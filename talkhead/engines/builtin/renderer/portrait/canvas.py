"""The square that is animated: cut from the portrait around the face, with its landmarks."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8

from talkhead.faces.cropping import transform
from talkhead.faces.iris import LIDS, SIDES, Eye, Side, eye_of
from talkhead.faces.landmarks import LEFT_CHEEK, RIGHT_CHEEK
from talkhead.faces.matting import person_mask
from talkhead.faces.mesh import FaceMesh, steadied
from talkhead.faces.onnx_models import FaceModels
from talkhead.types import Image

SIZE = 512  # pixels a side
FACE_SHARE = 0.40  # width of the face over that of the canvas
FACE_HEIGHT = 0.49  # how far down the canvas the ears are
SHARP_ENOUGH = 0.7  # canvas pixels per portrait pixel; below, blur first against aliasing


Square: TypeAlias = UInt8[np.ndarray, "512 512 3"]


@dataclass(frozen=True)
class Canvas:
    """Everything in canvas pixels; x right, y down, z towards the camera."""

    image: Square
    points: Float[np.ndarray, "468 3"]  # the mesh, its lids replaced by the finer ones
    eyes: dict[Side, Eye]
    person: Float32[np.ndarray, "512 512"]  # as seen in the whole portrait, 0 to 1
    scale: float  # canvas pixels per portrait pixel

    @cached_property
    def rgb(self) -> Float32[np.ndarray, "512 512 3"]:
        """The image in [0, 1]."""
        return self.image.astype(np.float32) / 255


def cut_canvas(portrait: Image, mesh: FaceMesh, models: FaceModels) -> Canvas:
    mesh = steadied(portrait, mesh, models)
    to_canvas = _placement(portrait, mesh)
    scale = float(to_canvas[0, 0])
    image = _warped(portrait, to_canvas)
    flat = transform(mesh.points[:, :2], to_canvas)
    eyes = {
        side: eye_of(image, FaceMesh(np.c_[flat, mesh.points[:, 2]], mesh.presence), side, models)
        for side in SIDES
    }
    points = np.c_[flat, -mesh.points[:, 2] * scale]
    for side in SIDES:
        points[LIDS[side], :2] = eyes[side].lids
    person = _person(portrait, to_canvas, models)
    return Canvas(image, points, eyes, person, scale)


def _placement(portrait: Image, mesh: FaceMesh) -> Float[np.ndarray, "2 3"]:
    """The affine map from portrait to canvas; it stays inside the portrait where it can."""
    right, left = mesh.points[RIGHT_CHEEK, :2], mesh.points[LEFT_CHEEK, :2]
    side = float(np.linalg.norm(left - right)) / FACE_SHARE
    height, width = portrait.shape[:2]
    x, y = (right + left) / 2 - [side * 0.5, side * FACE_HEIGHT]
    if side <= width:
        x = np.clip(x, 0, width - side)
    if side <= height:
        y = np.clip(y, 0, height - side)
    scale = SIZE / side
    return np.array([[scale, 0, -x * scale], [0, scale, -y * scale]])


def _warped(portrait: Image, to_canvas: Float[np.ndarray, "2 3"]) -> Square:
    """The portrait under the map, without aliasing; beyond its border the last pixels repeat."""
    scale = float(to_canvas[0, 0])
    shrink = max(1, int(SHARP_ENOUGH / scale))
    if shrink > 1:
        portrait, to_canvas = _shrunk(portrait, to_canvas, shrink)
        scale *= shrink
    if scale < SHARP_ENOUGH:
        portrait = np.asarray(cv2.GaussianBlur(portrait, (0, 0), 0.45 / scale))
    canvas = cv2.warpAffine(
        portrait, to_canvas, (SIZE, SIZE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(canvas, np.uint8)


def _shrunk(
    portrait: Image, to_canvas: Float[np.ndarray, "2 3"], factor: int
) -> tuple[UInt8[np.ndarray, "rows columns 3"], Float[np.ndarray, "2 3"]]:
    """Means over `factor` x `factor` pixels of the part that shows, and the map from there."""
    scale = float(to_canvas[0, 0])
    margin = 8 * factor
    left, top = (max(0, int(-t / scale) - margin) for t in to_canvas[:, 2])
    reach = int(SIZE / scale) + 2 * margin
    part = portrait[top : top + reach, left : left + reach]
    columns, rows = (max(1, n // factor) for n in (part.shape[1], part.shape[0]))
    part = part[: rows * factor, : columns * factor]
    small = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA)
    moved = to_canvas.copy()
    moved[:, 2] += scale * (np.array([left, top]) + (factor - 1) / 2)
    moved[:, :2] *= factor
    return np.asarray(small, np.uint8), moved


def _person(
    portrait: Image, to_canvas: Float[np.ndarray, "2 3"], models: FaceModels
) -> Float32[np.ndarray, "512 512"]:
    mask = person_mask(portrait, models)
    height, width = portrait.shape[:2]
    stretch = np.array([width / mask.shape[1], height / mask.shape[0]])
    matrix = to_canvas.copy()
    matrix[:, 2] += matrix[:, :2] @ (0.5 * stretch - 0.5)
    matrix[:, :2] *= stretch
    out = cv2.warpAffine(mask, matrix, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.float32)
