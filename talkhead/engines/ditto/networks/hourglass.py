"""A U-net over volumes that halves height and width and leaves the depth alone."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from talkhead.engines.ditto.networks.folding import Foldable, conv_norm_3d, merged
from talkhead.engines.ditto.networks.slices import StackedConv, pictures, volume_of, widened

WIDTHS = (64, 128, 256, 512, 1024)  # on the way down
LAST = 32  # of the last block on the way up


class Encoder(Foldable):
    def __init__(self, channels: int) -> None:
        super().__init__()
        steps = pairwise((channels, *WIDTHS))
        self.down_blocks = nn.ModuleList(conv_norm_3d(*step) for step in steps)

    def forward(
        self, x: Float[Tensor, "batch channels depth height width"]
    ) -> list[Float[Tensor, "batch _ depth _ _"]]:
        """The input and what each block makes of the one before."""
        levels = [x]
        for block in self.down_blocks:
            levels.append(_halved(F.relu(block(levels[-1]), inplace=True)))
        return levels

    def fold(self) -> nn.Module:
        self.down_blocks = nn.ModuleList(map(StackedConv, self.down_blocks))
        return self


def _halved(
    x: Float[Tensor, "batch channels depth height width"],
) -> Float[Tensor, "batch channels depth height//2 width//2"]:
    """As pictures: on a CPU, pooling of volumes knows no half precision."""
    return volume_of(F.avg_pool2d(pictures(x), 2), x.shape[2])


def _doubled(
    x: Float[Tensor, "batch channels depth height width"],
) -> Float[Tensor, "batch channels depth 2*height 2*width"]:
    return volume_of(F.interpolate(pictures(x), scale_factor=2, mode="nearest"), x.shape[2])


class Decoder(Foldable):
    def __init__(self, channels: int) -> None:
        super().__init__()
        below = (2 * width for width in reversed(WIDTHS[:-1]))
        inputs = (WIDTHS[-1], *below)
        outputs = (*reversed(WIDTHS[:-1]), LAST)
        self.up_blocks = nn.ModuleList(map(conv_norm_3d, inputs, outputs))
        self.out_channels = LAST + channels
        self.conv = nn.Conv3d(self.out_channels, self.out_channels, 3, padding=1)
        self.norm: nn.Module = nn.BatchNorm3d(self.out_channels)

    def forward(
        self, levels: list[Float[Tensor, "batch _ depth _ _"]]
    ) -> Float[Tensor, "batch out_channels depth height width"]:
        x = levels.pop()
        for block in self.up_blocks:
            x = F.relu(block(_doubled(x)), inplace=True)
            x = torch.cat([x, levels.pop()], 1)
        return F.relu(self.norm(self.conv(x)), inplace=True)

    def fold(self) -> nn.Module:
        self.up_blocks = nn.ModuleList(map(StackedConv, self.up_blocks))
        self.add_module("conv", StackedConv(widened(merged(self.conv, self.norm))))
        self.norm = nn.Identity()
        return self


class Hourglass(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.encoder = Encoder(channels)
        self.decoder = Decoder(channels)
        self.out_channels = self.decoder.out_channels

    def forward(
        self, x: Float[Tensor, "batch channels depth height width"]
    ) -> Float[Tensor, "batch out_channels depth height width"]:
        return self.decoder(self.encoder(x))
