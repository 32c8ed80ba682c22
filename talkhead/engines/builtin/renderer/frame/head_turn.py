"""The head's pose as a motion of points in space, seen by a distant camera.

Sums are written out instead of matrix products: their last bits must not depend on the batch.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class HeadTurn:
    """A point p goes to matrix (p - pivot) + pivot + shift, of which z is dropped; pixels."""

    matrix: Float[Tensor, "frames 2 3"]
    back: Float[Tensor, "frames 2 2"]  # the inverse of the matrix' left half
    shift: Float[Tensor, "frames 2"]
    pivot: Float[Tensor, " 3"]
    amount: Float[Tensor, " frames"]  # the largest of its radians, pixels and change of scale

    def displacement(
        self, points: Float[Tensor, "frames layers 3 nodes"]
    ) -> Float[Tensor, "frames layers 2 nodes"]:
        """What the turn adds to x and y of points that move fully with the head."""
        change = self.matrix - torch.eye(3, device=self.matrix.device)[:2]
        offset = self.shift - _product(change, self.pivot)
        change, offset = change[:, None, :, :, None], offset[:, None, :, None]
        moved = torch.addcmul(offset, change[:, :, :, 0], points[:, :, :1])
        moved = moved.addcmul_(change[:, :, :, 1], points[:, :, 1:2])
        return moved.addcmul_(change[:, :, :, 2], points[:, :, 2:])

    def plane_source(self, depth: Float[Tensor, "#frames"]) -> Float[Tensor, "frames 2 3"]:
        """The affine map from output pixels to where they were, on a plane of constant depth."""
        lifted = self.matrix[:, :, 2] * (depth - self.pivot[2])[:, None]
        lifted = lifted + self.shift + self.pivot[:2]
        offset = self.pivot[:2] - _product(self.back, lifted[:, None])
        return torch.cat([self.back, offset[..., None]], -1)


def head_turn(
    angles: Float[Tensor, "frames 3"],
    shift: Float[Tensor, "frames 2"],
    scale: Float[Tensor, " frames"],
    pivot: Float[Tensor, " 3"],
) -> HeadTurn:
    """From yaw (to the picture's right), pitch (down) and roll (clockwise) in radians.

    Args:
        angles: yaw, pitch, roll, applied in this order.
        shift: pixels, right and down.
        scale: 1 keeps the head's size.
        pivot: what the head turns about, pixels.
    """
    sin, cos = angles.sin(), angles.cos()
    (sy, sp, sr), (cy, cp, cr) = sin.unbind(1), cos.unbind(1)
    rows = [cr * cy + sr * sp * sy, -sr * cp, cr * sy - sr * sp * cy]
    rows += [sr * cy - cr * sp * sy, cr * cp, sr * sy + cr * sp * cy]
    matrix = torch.stack(rows, 1).view(-1, 2, 3) * scale[:, None, None]
    (a, b, _), (c, d, _) = (row.unbind(1) for row in matrix.unbind(1))
    determinant = a * d - b * c
    back = torch.stack([d, -b, -c, a], 1).view(-1, 2, 2) / determinant[:, None, None]
    amount = torch.cat([angles, shift, scale[:, None] - 1], 1).abs().amax(1)
    return HeadTurn(matrix, back, shift, pivot, amount)


def _product(
    matrix: Float[Tensor, "frames rows columns"], vector: Float[Tensor, "... columns"]
) -> Float[Tensor, "frames rows"]:
    return (matrix * vector).sum(-1)
