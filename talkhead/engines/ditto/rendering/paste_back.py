"""The rendered face back into its frame, fading out towards the border of the crop."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from jaxtyping import Float, Float32

from talkhead.types import Image

SIZE = 512  # pixels, side of a rendered face
FADE = 26  # pixels, from nothing to all
REACH = 2  # pixels that bilinear sampling and rounding may need around the crop


@dataclass(frozen=True)
class Place:
    """Where a face goes in frames of one size: the same for all of a portrait's."""

    left: int  # of the part of the frame that is touched
    top: int
    matrix: Float[np.ndarray, "2 3"]  # from the rendered face to that part
    share: Float32[np.ndarray, "height width 1"]  # of the rendered face, 0 to 1
    rest: Float32[np.ndarray, "height width 1"]  # of the frame


def place_in_frame(matrix: Float[np.ndarray, "3 3"], height: int, width: int) -> Place:
    """`matrix` takes pixels of the crop to pixels of a `height` x `width` frame (M_c2o)."""
    corners = np.array([[0, 0, 1], [SIZE, 0, 1], [0, SIZE, 1], [SIZE, SIZE, 1]]) @ matrix[:2].T
    frame = np.array([width, height])
    left, top = np.clip(np.floor(corners.min(0)) - REACH, 0, frame).astype(int).tolist()
    right, bottom = np.clip(np.ceil(corners.max(0)) + REACH, 0, frame).astype(int).tolist()
    inside = np.asarray(matrix[:2], np.float64) - [[0, 0, left], [0, 0, top]]
    share = _warped(fading_mask(), inside, bottom - top, right - left)[..., None]
    return Place(left, top, inside, share, 1 - share)


def pasted(frame: Image, render: Float32[np.ndarray, "512 512 3"], place: Place) -> Image:
    """A copy of the frame with the rendered face, [0, 255], in it; truncated (ditto.md §8)."""
    height, width = place.share.shape[:2]
    rows, columns = slice(place.top, place.top + height), slice(place.left, place.left + width)
    result = frame.copy()
    mixed = place.share * _warped(render, place.matrix, height, width)
    mixed += place.rest * frame[rows, columns]
    result[rows, columns] = np.clip(mixed, 0, 255, out=mixed).astype(np.uint8)
    return result


@cache
def fading_mask() -> Float32[np.ndarray, "512 512"]:
    """1 in the middle, down to 0 at the border; round at the corners (ditto.md §8)."""
    ramp = np.ones(SIZE)
    ramp[:FADE] = np.linspace(0, 1, FADE)
    ramp[-FADE:] = ramp[:FADE][::-1]
    away = np.hypot.outer(1 - ramp, 1 - ramp)
    mask = np.clip(1 - away, 0, 1).astype(np.float32)
    mask.setflags(write=False)
    return mask


def _warped(
    picture: Float32[np.ndarray, "512 512 *channels"],
    matrix: Float[np.ndarray, "2 3"],
    height: int,
    width: int,
) -> Float32[np.ndarray, "height width *channels"]:
    if height == 0 or width == 0:  # OpenCV makes no empty pictures
        return np.zeros((height, width, *picture.shape[2:]), np.float32)
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height)))
