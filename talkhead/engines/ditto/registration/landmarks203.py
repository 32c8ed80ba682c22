"""203 points on a face that is roughly known, by LivePortrait's network."""

import numpy as np
import onnxruntime as ort
from jaxtyping import Float64

from talkhead.engines.ditto.registration.crop import FOR_LANDMARKS, Crop
from talkhead.engines.ditto.registration.face_points import FacePoints
from talkhead.types import Image

POINTS = 203
OUTPUT = 2  # the points, in one of the two published files; in the other the only one


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
    points = outputs[OUTPUT if len(outputs) > OUTPUT else 0]
    return crop.in_picture(points.reshape(POINTS, 2).astype(np.float64) * crop.size)
