"""203 points on a face that is roughly known, by LivePortrait's network."""

from collections.abc import Sequence

import numpy as np
import onnxruntime as ort
from jaxtyping import Float64

from talkhead.engines.ditto.registration.crop import FOR_LANDMARKS, Crop
from talkhead.engines.ditto.registration.face_points import FacePoints
from talkhead.types import Image

POINTS = 203
NAME, PLACE = "landmarks", 2  # the output in one of the two published files, and in the other


def landmarks203(
    picture: Image, face: FacePoints, session: ort.InferenceSession
) -> Float64[np.ndarray, "203 2"]:
    """Picture pixels; looked for around `face` (ditto.md §6 step 3)."""
    return landmarks_in(picture, FOR_LANDMARKS.around(face), session)


def landmarks_in(
    picture: Image, crop: Crop, session: ort.InferenceSession
) -> Float64[np.ndarray, "203 2"]:
    pixels = crop.cut(picture).astype(np.float32).transpose(2, 0, 1)[None] / 255
    outputs = session.run(None, {session.get_inputs()[0].name: pixels})
    names = [output.name for output in session.get_outputs()]
    points = outputs[_place(names, [output.size for output in outputs])]
    return crop.in_picture(points.reshape(POINTS, 2).astype(np.float64) * crop.size)


def _place(names: Sequence[str], sizes: Sequence[int]) -> int:
    """Of the output with the points (ditto.md §1.3), whatever else the file tells."""
    named = zip(names, sizes, strict=True)
    return next((i for i, it in enumerate(named) if it == (NAME, 2 * POINTS)), PLACE)
