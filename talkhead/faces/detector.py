"""Where the faces are: boxes and key points, largest first."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Float32

from talkhead.faces.onnx_models import FaceModels, OnnxModel
from talkhead.types import Image

SURE = 0.5  # score from which a detection counts
SEEN = 1536  # pixels of the longer side: four times what the models see of a part
SAME = 0.4  # overlap, as a share of the smaller box, from which two detections are one face


@dataclass(frozen=True)
class Detection:
    """A face: all lengths in pixels of the picture."""

    left: float
    top: float
    width: float
    height: float
    score: float  # 0 to 1
    keypoints: Float[np.ndarray, "6 2"]  # right eye, left eye, nose, mouth, right ear, left ear

    @property
    def centre(self) -> tuple[float, float]:
        return self.left + self.width / 2, self.top + self.height / 2

    @property
    def side(self) -> float:
        return max(self.width, self.height)

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def roll(self) -> float:
        """Angle of the line through the eyes, radians, clockwise positive."""
        dx, dy = self.keypoints[1] - self.keypoints[0]
        return float(np.arctan2(dy, dx))

    def scaled(self, factor: float) -> "Detection":
        """The same face in a picture that is `factor` times as large."""
        return Detection(
            left=factor * self.left,
            top=factor * self.top,
            width=factor * self.width,
            height=factor * self.height,
            score=self.score,
            keypoints=factor * self.keypoints,
        )

    def overlap(self, other: "Detection") -> float:
        """The shared area as a share of the smaller box."""
        right = min(self.left + self.width, other.left + other.width)
        bottom = min(self.top + self.height, other.top + other.height)
        shared = max(0.0, right - max(self.left, other.left)) * max(
            0.0, bottom - max(self.top, other.top)
        )
        return shared / max(min(self.area, other.area), 1e-9)


def detect(image: Image, models: FaceModels) -> list[Detection]:
    """The faces of a picture, largest first; empty if there is none.

    The short-range model comes first: its boxes suit the mesh best. Small faces, which it does not
    see, are left to the full-range model, and the smallest to the same on parts of the picture.
    """
    small, scale = shrunk(image)
    square = letterbox(small)
    found = _run(models.short_range_detector, square, 128, _short_range_anchors())
    for view in [square, *_parts(square)]:
        if found:
            break
        found = _run(models.full_range_detector, view, 192, _full_range_anchors())
    found = [face.scaled(scale) for face in distinct(found)]
    return sorted(found, key=lambda face: -face.area)


def shrunk(image: Image) -> tuple[Image, float]:
    """The picture at no more pixels than the models can see, and how many times larger it was."""
    scale = max(image.shape[:2]) / SEEN
    if scale <= 1:
        return image, 1.0
    height, width = (max(1, round(side / scale)) for side in image.shape[:2])
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), scale


@dataclass(frozen=True)
class Letterbox:
    """A picture in the middle of a black square."""

    pixels: Image
    left: int  # where the picture begins: negative in a part of a letterbox
    top: int


def letterbox(image: Image) -> Letterbox:
    height, width = image.shape[:2]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    pixels = np.zeros((side, side, 3), np.uint8)
    pixels[top : top + height, left : left + width] = image
    return Letterbox(pixels, left, top)


def _parts(square: Letterbox) -> list[Letterbox]:
    """Nine squares of half the side, overlapping by half; the middle first."""
    side = (square.pixels.shape[0] + 1) // 2
    starts = (side // 2, 0, square.pixels.shape[0] - side)
    return [
        Letterbox(square.pixels[y : y + side, x : x + side], square.left - x, square.top - y)
        for y in starts
        for x in starts
    ]


def distinct(found: list[Detection]) -> list[Detection]:
    """One detection a face, the surest."""
    kept: list[Detection] = []
    for face in sorted(found, key=lambda face: -face.score):
        if all(face.overlap(other) < SAME for other in kept):
            kept.append(face)
    return kept


def _run(
    model: OnnxModel, square: Letterbox, size: int, anchors: Float32[np.ndarray, "anchors 2"]
) -> list[Detection]:
    small = cv2.resize(square.pixels, (size, size), interpolation=cv2.INTER_AREA)
    rows, logits = model(np.asarray(small, np.float32) / 127.5 - 1)
    scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -80, 80)))
    side, margin = square.pixels.shape[0], (square.left, square.top)
    # a row is x, y, width, height, then 6 key points, in pixels; points are relative to the anchor
    rows = rows[0].reshape(-1, 8, 2) / size
    points = (rows + anchors[:, None]) * side - margin
    sizes = rows[:, 1] * side
    return [
        Detection(
            float(points[i, 0, 0] - sizes[i, 0] / 2),
            float(points[i, 0, 1] - sizes[i, 1] / 2),
            float(sizes[i, 0]),
            float(sizes[i, 1]),
            float(scores[i]),
            points[i, 2:],
        )
        for i in np.nonzero(scores >= SURE)[0]
    ]


def _short_range_anchors() -> Float32[np.ndarray, "anchors 2"]:
    return np.concatenate([_cell_centres(16, 2), _cell_centres(8, 6)])


def _full_range_anchors() -> Float32[np.ndarray, "anchors 2"]:
    return _cell_centres(48, 1)


def _cell_centres(cells: int, repeats: int) -> Float32[np.ndarray, "anchors 2"]:
    """Centres of a `cells` x `cells` grid on the unit square, row by row, each repeated."""
    middle = (np.arange(cells, dtype=np.float32) + 0.5) / cells
    x, y = np.meshgrid(middle, middle)
    return np.repeat(np.stack([x.ravel(), y.ravel()], 1), repeats, axis=0)
