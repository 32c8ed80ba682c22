"""Looking up a NumPy picture between its pixels."""

import cv2
import numpy as np
from jaxtyping import Float, Float32

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # of R, G, B (ITU-R BT.601)


def look_up(
    picture: Float32[np.ndarray, "height width ..."], points: Float[np.ndarray, "*shape 2"]
) -> Float32[np.ndarray, "..."]:
    """Bilinear values at `points` (x, y in pixels); beyond the border the last pixel counts."""
    grid = np.asarray(points, np.float32).reshape(-1, points.shape[-2], 2)
    out = cv2.remap(
        np.ascontiguousarray(picture),
        np.ascontiguousarray(grid[..., 0]),
        np.ascontiguousarray(grid[..., 1]),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(out, np.float32).reshape(*points.shape[:-1], *picture.shape[2:])


def blurred(
    picture: Float32[np.ndarray, "height width ..."], sigma: float
) -> Float32[np.ndarray, "height width ..."]:
    """Gaussian blur; `sigma` in pixels."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)


def distance_to(mask: np.ndarray) -> Float32[np.ndarray, "height width"]:
    """Distance of every pixel to the nearest zero of `mask`, pixels."""
    return np.asarray(cv2.distanceTransform(mask, cv2.DIST_L2, 3), np.float32)


def luma(rgb: Float[np.ndarray, "*shape 3"]) -> Float[np.ndarray, "*shape"]:
    return np.asarray(rgb @ LUMA)


def filled_polygon(
    size: int, corners: Float[np.ndarray, "corners 2"], inside: int = 1
) -> np.ndarray:
    """A `size` x `size` mask, `inside` in the polygon and 1 - `inside` elsewhere."""
    mask = np.full((size, size), 1 - inside, np.uint8)
    cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], inside)
    return mask
