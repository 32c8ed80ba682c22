"""Which pixels are a person, coarsely."""

import cv2
import numpy as np
from jaxtyping import Float32

from talkhead.faces.onnx_models import FaceModels
from talkhead.types import Image

SIZE = 256  # pixels, side of the network's input


def person_mask(image: Image, models: FaceModels) -> Float32[np.ndarray, "height width"]:
    """The share of each pixel that is a person, 0 to 1."""
    small = cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    (mask,) = models.person(np.asarray(small, np.float32) / 255)
    height, width = image.shape[:2]
    full = cv2.resize(mask.reshape(SIZE, SIZE), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(full, np.float32)
