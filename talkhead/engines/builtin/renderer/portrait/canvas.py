"""The square that is animated: cut from the portrait around the face, with its landmarks."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8

from talkhead.faces.cropping import transform
from talkhead.faces.framing import framed
from talkhead.faces.iris import LIDS, SIDES, Eye, Side, eye_of
from talkhead.faces.matting import person_mask
from talkhead.faces.mesh import FaceMesh, steadied
from talkhead.faces.onnx_models import FaceModels
from talkhead.types import Image

SIZE = 512  # pixels a side

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
    image, to_canvas = framed(portrait, mesh, SIZE)
    scale = float(to_canvas[0, 0])
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
