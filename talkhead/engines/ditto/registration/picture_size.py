"""How large a picture may be: what is larger is made smaller before anything else."""

import cv2
import numpy as np
from jaxtyping import UInt8

from talkhead.types import Image

LONGEST = 1920  # pixels


def limited(picture: Image) -> UInt8[np.ndarray, "rows columns 3"]:
    """The picture with at most 1920 pixels a side, and even sides (ditto.md §6 step 1).

    It is what faces are registered in and pasted back into. Pictures that fit are returned as
    they are.
    """
    height, width = picture.shape[:2]
    scale = min(1.0, LONGEST / max(height, width))
    even = [max(2, round(side * scale) // 2 * 2) for side in (width, height)]
    if even == [width, height]:
        return picture
    return np.asarray(cv2.resize(picture, even), np.uint8)
