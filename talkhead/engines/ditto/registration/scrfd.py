"""Faces in a picture by InsightFace's SCRFD detector, whose file the user may supply."""

import cv2
import numpy as np
import onnxruntime as ort
from jaxtyping import Float32, Int64, UInt8

from talkhead.types import Image

SIZE = 512  # pixels, side of the network's input
STRIDES = (8, 16, 32)
ANCHORS = 2  # a cell
SURE = 0.5  # score from which a detection counts
SAME = 0.4  # overlap from which two detections are one face

Boxes = Float32[np.ndarray, "faces 5"]  # left, top, right, bottom in picture pixels, score


def scrfd_faces(picture: Image, session: ort.InferenceSession) -> Boxes:
    """The surest first (ditto.md §6.1); none is (0, 5)."""
    square, scale = _fitted(picture)
    # The published caller hands in RGB and the detector swaps it: the network sees BGR.
    pixels = (square[..., ::-1].astype(np.float32) - 127.5) / 128
    outputs = session.run(None, {session.get_inputs()[0].name: pixels.transpose(2, 0, 1)[None]})
    scores, distances = outputs[:3], outputs[3:6]
    found = np.concatenate(
        [_boxes(*level) for level in zip(STRIDES, scores, distances, strict=True)]
    )
    found[:, :4] /= scale
    # Stable, so that equal scores come in one order on every machine.
    found = found[np.argsort(-found[:, 4], kind="stable")]
    return found[_distinct(found)]


def _fitted(picture: Image) -> tuple[UInt8[np.ndarray, "512 512 3"], float]:
    """The picture at the top left of a black square, and its size there over its own."""
    height, width = picture.shape[:2]
    if height > width:
        shape = (max(1, int(SIZE * width / height)), SIZE)
    else:
        shape = (SIZE, max(1, int(SIZE * height / width)))
    square = np.zeros((SIZE, SIZE, 3), np.uint8)
    square[: shape[1], : shape[0]] = cv2.resize(picture, shape)
    return square, shape[1] / height


def _boxes(
    stride: int,
    scores: Float32[np.ndarray, "anchors 1"],
    distances: Float32[np.ndarray, "anchors 4"],
) -> Boxes:
    """Of one level: distances are in cells, from an anchor to the four sides."""
    cells = SIZE // stride
    row, column = np.divmod(np.arange(cells * cells).repeat(ANCHORS), cells)
    anchors = np.stack([column, row], 1).astype(np.float32) * stride
    sure = scores[:, 0] >= SURE
    anchors, sides = anchors[sure], distances[sure] * stride
    return np.concatenate([anchors - sides[:, :2], anchors + sides[:, 2:], scores[sure]], 1)


def _distinct(boxes: Boxes) -> Int64[np.ndarray, " kept"]:
    """Places of the boxes that overlap no surer one; a box includes its last pixel."""
    left = np.arange(len(boxes))
    kept = []
    while len(left):
        first, others = left[0], left[1:]
        kept.append(first)
        left = others[_overlap(boxes[first], boxes[others]) <= SAME]
    return np.array(kept, np.int64)


def _overlap(box: Float32[np.ndarray, " 5"], others: Boxes) -> Float32[np.ndarray, " faces"]:
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[2:4], others[:, 2:4])
    shared = np.maximum(high - low + 1, 0).prod(1)
    return shared / (area(box[None]) + area(others) - shared)


def area(boxes: Boxes) -> Float32[np.ndarray, " faces"]:
    return (boxes[:, 2:4] - boxes[:, :2] + 1).prod(1)
