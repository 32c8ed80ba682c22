"""Laying drawn openings over the face layer."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

Box = tuple[int, int, int, int]  # left, top, right and bottom, canvas pixels


@dataclass(frozen=True)
class Patch:
    """A rectangle of the canvas in each frame, to be blended over what is there."""

    left: list[int]  # of the frame
    top: list[int]
    planes: Float[Tensor, "frames 4 height width"]  # premultiplied levels, alpha
    mask: Float[Tensor, "frames 1 height width"]

    def lay_over(self, face: Float[Tensor, "4 rows columns"], box: Box, frame: int) -> None:
        """Blends one frame's patch into the part of the canvas that `box` says, in place."""
        height, width = self.planes.shape[-2:]
        left, top, right, bottom = box
        x, y = self.left[frame], self.top[frame]
        x_from, x_to = max(x, left), min(x + width, right)
        y_from, y_to = max(y, top), min(y + height, bottom)
        if x_from >= x_to or y_from >= y_to:
            return
        here = face[:, y_from - top : y_to - top, x_from - left : x_to - left]
        rows, columns = slice(y_from - y, y_to - y), slice(x_from - x, x_to - x)
        here.lerp_(self.planes[frame, :, rows, columns], self.mask[frame, :, rows, columns])


def rows_of(shown: Bool[Tensor, "frames height width"]) -> slice:
    """From the first to the last row in which anything is true in any frame; empty if nowhere."""
    rows = torch.nonzero(shown.any(0).any(1)).flatten().tolist()
    return slice(rows[0], rows[-1] + 1) if rows else slice(shown.shape[1], 0)


def showing_part(visible: Float[Tensor, "frames height width"]) -> tuple[slice, slice] | None:
    """The rows and columns in which anything of an opening shows; None if it is shut."""
    shown = visible > 0
    rows, columns = rows_of(shown), rows_of(shown.mT)
    return (rows, columns) if rows.stop else None


def affine(
    matrix: Float[Tensor, "frames 2 3"], points: Float[Tensor, "frames 2 height width"]
) -> Float[Tensor, "frames 2 height width"]:
    """Where the affine map takes each point."""
    a = matrix[..., None, None]
    moved = torch.addcmul(a[:, :, 2], a[:, :, 0], points[:, :1])
    return moved.addcmul_(a[:, :, 1], points[:, 1:])
