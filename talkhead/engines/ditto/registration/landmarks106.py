"""106 points on a detected face, by InsightFace's network, whose file the user may supply."""

import cv2
import numpy as np
import onnxruntime as ort
from jaxtyping import Float32, Float64

from talkhead.types import Image

SIZE = 192  # pixels, side of the network's input
MARGIN = 1.5  # side of the crop over the longer side of the box


def landmarks106(
    picture: Image, box: Float32[np.ndarray, " 5"], session: ort.InferenceSession
) -> Float64[np.ndarray, "106 2"]:
    """Picture pixels; `box` begins with left, top, right, bottom (ditto.md §6.1)."""
    low, high = box[:2].astype(np.float64), box[2:4].astype(np.float64)
    scale = SIZE / (MARGIN * float((high - low).max()))
    offset = SIZE / 2 - scale * (low + high) / 2
    matrix = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]])
    crop = np.asarray(cv2.warpAffine(picture, matrix, (SIZE, SIZE)))
    pixels = crop[..., ::-1].astype(np.float32).transpose(2, 0, 1)[None]  # BGR, as published
    (rows,) = session.run(None, {session.get_inputs()[0].name: pixels})
    return ((rows.reshape(106, 2).astype(np.float64) + 1) * (SIZE / 2) - offset) / scale
