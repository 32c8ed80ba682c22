"""Faces in a crop by MediaPipe's BlazeFace, in the form published with Ditto."""

from dataclasses import dataclass

import cv2
import numpy as np
import onnxruntime as ort
from jaxtyping import Float, Float32

from talkhead.types import Image

SIZE = 128  # pixels, side of the network's input
GRIDS = ((16, 2), (8, 6))  # cells a side, anchors a cell
SURE = 0.5  # score from which a detection counts
SAME = 0.3  # overlap from which detections are blended into one

Rows = Float32[np.ndarray, "anchors 16"]  # two corners, then six key points, in the unit square


@dataclass(frozen=True)
class BlazeDetection:
    """Shares of the crop's side."""

    corners: Float32[np.ndarray, "2 2"]  # left top, right bottom
    keypoints: Float32[np.ndarray, "6 2"]  # the eyes first
    score: float  # 0 to 1


def blaze_faces(picture: Image, session: ort.InferenceSession) -> list[BlazeDetection]:
    """In a square picture, the surest first (ditto.md §6.1)."""
    small = np.asarray(cv2.resize(picture, (SIZE, SIZE)), np.float32) / 127.5 - 1
    outputs = ["regressors", "classificators"]
    offsets, logits = session.run(outputs, {"input": small[None]})
    scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -80, 80)))
    sure = scores >= SURE
    rows = _decoded(offsets[0, sure], _anchors()[sure])
    return _blended(rows, scores[sure])


def _decoded(offsets: Rows, anchors: Float32[np.ndarray, "anchors 2"]) -> Rows:
    pairs = offsets.reshape(-1, 8, 2) / SIZE
    centre, half = pairs[:, 0] + anchors, pairs[:, 1] / 2
    keypoints = pairs[:, 2:] + anchors[:, None]
    return np.concatenate([centre - half, centre + half, keypoints.reshape(-1, 12)], 1)


def _blended(rows: Rows, scores: Float32[np.ndarray, " anchors"]) -> list[BlazeDetection]:
    """Overlapping detections as one: their mean, weighted by score, with the mean of the scores."""
    left = np.argsort(-scores, kind="stable")
    faces = []
    while len(left):
        same = _overlap(rows[left[0]], rows[left]) > SAME
        same[0] = True  # also if it is no larger than a point
        group = left[same]
        values = np.average(rows[group], 0, scores[group]).reshape(8, 2)
        faces.append(BlazeDetection(values[:2], values[2:], float(scores[group].mean())))
        left = left[~same]
    return faces


def _overlap(row: Float32[np.ndarray, " 16"], others: Rows) -> Float[np.ndarray, " anchors"]:
    low = np.maximum(row[:2], others[:, :2])
    high = np.minimum(row[2:4], others[:, 2:4])
    shared = np.maximum(high - low, 0).prod(1)
    return shared / np.maximum(_area(row[None]) + _area(others) - shared, 1e-9)


def _area(rows: Rows) -> Float32[np.ndarray, " anchors"]:
    return (rows[:, 2:4] - rows[:, :2]).prod(1)


def _anchors() -> Float32[np.ndarray, "anchors 2"]:
    """Centres of the cells, row by row."""
    grids = []
    for cells, count in GRIDS:
        row, column = np.divmod(np.arange(cells * cells).repeat(count), cells)
        grids.append((np.stack([column, row], 1) + 0.5) / cells)
    return np.concatenate(grids).astype(np.float32)
