"""The head's pose as a motion of points in space, seen by a distant camera."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class HeadTurn:
    """A point p goes to matrix (p - pivot) + pivot + shift, of which z is dropped; pixels."""

    matrix: Float[Tensor, "frames 3 3"]
    shift: Float[Tensor, "frames 2"]
    pivot: Float[Tensor, " 3"]
    amount: Float[Tensor, " frames"]  # the largest of its radians, pixels and change of scale

    def displacement(self, points: Float[Tensor, "frames *layers 3 nodes"]) -> Float[Tensor, "..."]:
        """What the turn adds to x and y of points that move fully with the head."""
        extra = (1,) * (points.ndim - 3)
        change = self.matrix[:, :2] - torch.eye(3, device=self.matrix.device)[:2]
        change = change.reshape(-1, *extra, 2, 3)
        moved = change @ (points - self.pivot[:, None])
        return moved + self.shift.reshape(-1, *extra, 2, 1)

    def plane_source(self, depth: Float[Tensor, "#frames"]) -> Float[Tensor, "frames 2 3"]:
        """The affine map from output pixels to where they were, on a plane of constant depth."""
        back = torch.linalg.inv_ex(self.matrix[:, :2, :2]).inverse
        lifted = self.matrix[:, :2, 2] * (depth - self.pivot[2])[:, None]
        lifted = lifted + self.shift + self.pivot[:2]
        offset = self.pivot[:2] - (back @ lifted[..., None])[..., 0]
        return torch.cat([back, offset[..., None]], -1)


def head_turn(
    angles: Float[Tensor, "frames 3"],
    shift: Float[Tensor, "frames 2"],
    scale: Float[Tensor, " frames"],
    pivot: Float[Tensor, " 3"],
) -> HeadTurn:
    """From yaw (to the picture's right), pitch (down) and roll (clockwise) in radians.

    Args:
        angles: yaw, pitch, roll; yaw comes first, then pitch, then roll.
        shift: pixels, right and down.
        scale: 1 keeps the head's size.
        pivot: what the head turns about, pixels.
    """
    yaw, pitch, roll = angles.unbind(1)
    turned = _rotation(roll, 0, 1) @ _rotation(pitch, 2, 1) @ _rotation(yaw, 2, 0)
    amount = torch.cat([angles, shift, scale[:, None] - 1], 1).abs().amax(1)
    return HeadTurn(turned * scale[:, None, None], shift, pivot, amount)


def _rotation(angle: Float[Tensor, " frames"], first: int, second: int) -> Float[Tensor, "..."]:
    """Turns the `first` axis towards the `second`."""
    matrix = torch.eye(3, device=angle.device).repeat(len(angle), 1, 1)
    matrix[:, first, first] = matrix[:, second, second] = angle.cos()
    matrix[:, second, first] = angle.sin()
    matrix[:, first, second] = -angle.sin()
    return matrix
