"""A convolution of an enlarged picture, worked out before it is enlarged.

Where neighbours are copies of each other their weights can be added up. Of the 3 x 3 pixels that
a kernel sees of a picture enlarged 2 or more times at most 2 x 2 differ, and it sees them in few
ways: for 4 times it is a fourth of the work, for twice 4/9.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

# How the kernel's three weights fall on two neighbouring pixels, for the first, an inner and the
# last copy of a pixel. It is the second of the two; but the first for its last copy, which sees
# the next.
WAYS = torch.tensor([[[1.0, 0, 0], [0, 1, 1]], [[0, 0, 0], [1, 1, 1]], [[1, 1, 0], [0, 0, 1]]])


class EnlargingConv(nn.Module):
    """Several 3 x 3 convolutions of the same picture enlarged by `factor`, each then rectified."""

    def __init__(self, convs: list[nn.Conv2d], factor: int) -> None:
        super().__init__()
        self.many, self.factor = len(convs), factor
        self.weight = nn.Parameter(torch.cat([conv.weight for conv in convs]))
        self.bias = nn.Parameter(torch.cat([conv.bias for conv in convs if conv.bias is not None]))
        if factor > 1:
            ways = WAYS[[0, 2]] if factor == 2 else WAYS
            seen = torch.einsum("piy,qjx,ocyx->pqocij", ways, ways, self.weight)
            self.weight = nn.Parameter(seen.flatten(0, 2))
            self.bias = nn.Parameter(self.bias.repeat(len(ways) ** 2))

    def forward(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> list[Float[Tensor, "batch _ tall wide"]]:
        made = F.relu(F.conv2d(x, self.weight, self.bias, padding=1), inplace=True)
        if self.factor == 1:
            return list(made.chunk(self.many, 1))
        ways = 2 if self.factor == 2 else len(WAYS)
        # channels last: batch, height, width, way up and down, way sideways, convolution, channel
        parts = torch.unflatten(made.permute(0, 2, 3, 1), 3, (ways, ways, self.many, -1))
        return [self._placed(part) for part in parts.unbind(5)]

    def _placed(
        self, part: Float[Tensor, "batch rows columns ways ways channels"]
    ) -> Float[Tensor, "batch channels tall wide"]:
        """Every copy of a pixel gets what its way of seeing made."""
        height, width, last = part.shape[1] - 1, part.shape[2] - 1, part.shape[3] - 1
        # of each copy its way, and 1 where it is the first of its pair
        copies = [(0, 0), *[(1, 0)] * (self.factor - 2), (last, 1)]
        rows = torch.stack([part[:, i : i + height, :, way] for way, i in copies], 2)
        both = torch.stack([rows[:, :, :, i : i + width, way] for way, i in copies], 4)
        return both.flatten(3, 4).flatten(1, 2).permute(0, 3, 1, 2)
