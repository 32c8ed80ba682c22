"""Which pixels are a person, coarsely."""

import cv2
import numpy as np
from jaxtyping import Float32

from talkhead.faces.onnx_models import FaceModels
from talkhead.types import Image

SIZE = 256  # pixels, side of the network's input


def person_mask(image: Image, models: FaceModels) -> Float32[np.ndarray, "256 256"]:
    """The share of each pixel that is a person, 0 to 1; stretched over the whole picture."""
    small = cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    (mask,) = models.person(np.asarray(small, np.float32) / 255)
    return np.ascontiguousarray(mask.reshape(SIZE, SIZE))
