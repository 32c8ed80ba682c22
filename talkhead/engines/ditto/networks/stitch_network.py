"""Stitching: moves the driving key points so that the rendered face joins its surroundings."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

POINTS = 21  # key points of a face


class StitchNetwork(nn.Module):
    """ditto.md §2.5."""

    def __init__(self) -> None:
        super().__init__()
        widths = (2 * 3 * POINTS, 128, 128, 64)
        layers: list[nn.Module] = []
        for wide, narrow in pairwise(widths):
            layers += [nn.Linear(wide, narrow), nn.ReLU()]
        self.mlp = nn.Sequential(*layers, nn.Linear(widths[-1], 3 * POINTS + 2))

    def forward(
        self, kp_source: Float[Tensor, "batch 21 3"], kp_driving: Float[Tensor, "batch 21 3"]
    ) -> Float[Tensor, "batch 21 3"]:
        """The driving points, each moved by itself and all together in x and y."""
        moves = self.mlp(torch.cat([kp_source.flatten(1), kp_driving.flatten(1)], 1))
        each = moves[:, : 3 * POINTS].unflatten(1, (POINTS, 3))
        together = F.pad(moves[:, 3 * POINTS :], (0, 1))
        return kp_driving + each + together[:, None]
