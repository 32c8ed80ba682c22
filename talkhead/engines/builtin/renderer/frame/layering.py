"""Laying drawn windows over the face layer, and finding the part of a window that shows."""

import torch
from jaxtyping import Float
from torch import Tensor

from talkhead.engines.builtin.renderer.frame.slit_layer import Window


def lay_over(
    face: Float[Tensor, "frames 4 height width"],
    drawn: Float[Tensor, "frames 4 rows columns"],
    window: Window,
    box: tuple[int, int, int, int],
) -> None:
    """Blends a window into the face layer, in place; `box` is the part of the canvas it covers."""
    rows, columns = drawn.shape[-2:]
    left, top, right, bottom = box
    for frame, (x, y) in enumerate(zip(window.left, window.top, strict=True)):
        x_from, x_to = max(x, left), min(x + columns, right)
        y_from, y_to = max(y, top), min(y + rows, bottom)
        if x_from >= x_to or y_from >= y_to:
            continue
        here = face[frame, :, y_from - top : y_to - top, x_from - left : x_to - left]
        part = (slice(None), slice(y_from - y, y_to - y), slice(x_from - x, x_to - x))
        here.lerp_(drawn[frame][part], window.mask[frame][part])


def showing_part(visible: Float[Tensor, "frames height width"]) -> tuple[slice, slice] | None:
    """The rows and columns in which anything of an opening shows; None if it is shut."""
    shown = (visible > 0).any(0)
    rows, columns = (torch.nonzero(shown.any(axis)).flatten().tolist() for axis in (1, 0))
    if not rows:
        return None
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def affine(
    matrix: Float[Tensor, "frames 2 3"], points: Float[Tensor, "frames 2 height width"]
) -> Float[Tensor, "frames 2 height width"]:
    """Where the affine map takes each point."""
    a = matrix[..., None, None]
    x, y = points[:, 0], points[:, 1]
    return torch.stack([a[:, i, 0] * x + a[:, i, 1] * y + a[:, i, 2] for i in (0, 1)], 1)
