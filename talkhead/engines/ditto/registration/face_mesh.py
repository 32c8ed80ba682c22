"""478 points on a face, irises included, by MediaPipe's mesh in the form published with Ditto."""

import cv2
import numpy as np
import onnxruntime as ort
from jaxtyping import Float64

from talkhead.engines.ditto.registration.blaze_face import BlazeDetection
from talkhead.types import Image

SIZE = 256  # pixels, side of the network's input
MARGIN = 1.5  # side of the part it sees over the longer side of the detection
POINTS = 478


def face_mesh(
    picture: Image, face: BlazeDetection, session: ort.InferenceSession
) -> Float64[np.ndarray, "478 3"]:
    """Pixels of the square picture, z on their scale (ditto.md §6.1)."""
    corners, keypoints = (
        part.astype(np.float64) * len(picture) for part in (face.corners, face.keypoints)
    )
    side = MARGIN * float((corners[1] - corners[0]).max())
    right, down = keypoints[1] - keypoints[0]
    turn = np.arctan2(down, right)
    axes = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    centre = corners.mean(0)
    to_mesh = axes.T * (SIZE / side)
    matrix = np.column_stack([to_mesh, SIZE / 2 - to_mesh @ centre])
    seen = np.asarray(cv2.warpAffine(picture, matrix, (SIZE, SIZE)), np.float32) / 255
    rows = session.run(["Identity"], {"input": seen[None]})[0].reshape(POINTS, 3) / SIZE * side
    flat = (rows[:, :2] - side / 2) @ axes.T + centre
    return np.column_stack([flat, rows[:, 2]]).astype(np.float64)
