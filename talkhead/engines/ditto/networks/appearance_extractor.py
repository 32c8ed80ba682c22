"""What a face looks like, as a volume of features: computed once for each portrait."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from talkhead.engines.ditto.networks.folding import Foldable, conv_norm_2d, merged

CHANNELS, DEPTH = 32, 16  # of the volume


class ResidualBlock(Foldable):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(CHANNELS, CHANNELS, 3, padding=1)
        self.conv2 = nn.Conv3d(CHANNELS, CHANNELS, 3, padding=1)
        self.norm1 = nn.BatchNorm3d(CHANNELS)
        self.norm2: nn.Module = nn.BatchNorm3d(CHANNELS)

    def forward(
        self, x: Float[Tensor, "batch 32 16 height width"]
    ) -> Float[Tensor, "batch 32 16 height width"]:
        inner = self.norm2(self.conv1(F.relu(self.norm1(x))))
        return x + self.conv2(F.relu(inner))

    def fold(self) -> nn.Module:
        # The first norm stays: between it and the convolution after it there is a ReLU.
        self.add_module("conv1", merged(self.conv1, self.norm2))
        self.norm2 = nn.Identity()
        return self


class AppearanceExtractor(nn.Module):
    """ditto.md §2.1."""

    def __init__(self) -> None:
        super().__init__()
        self.first = conv_norm_2d(3, 64)
        self.down_blocks = nn.ModuleList([conv_norm_2d(64, 128), conv_norm_2d(128, 256)])
        self.second = nn.Conv2d(256, CHANNELS * DEPTH, 1)
        self.resblocks_3d = nn.Sequential()
        for index in range(6):
            self.resblocks_3d.add_module(f"3dr{index}", ResidualBlock())

    def forward(
        self, image: Float[Tensor, "batch 3 height width"]
    ) -> Float[Tensor, "batch 32 16 height//4 width//4"]:
        """RGB in [0, 1], published for 256 x 256 pixels, to the feature volume."""
        x = F.relu(self.first(image))
        for block in self.down_blocks:
            x = F.avg_pool2d(F.relu(block(x)), 2)
        return self.resblocks_3d(self.second(x).unflatten(1, (CHANNELS, DEPTH)))
