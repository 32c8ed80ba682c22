"""Features to picture: a SPADE generator, whose normalisations are steered by the features.

Of a normalisation everything that is shared is computed once: the statistics of a block's input
(before it is enlarged: enlarging changes neither mean nor variance), the resized features, and
after folding scale and shift by one convolution.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from talkhead.engines.ditto.networks.folding import Foldable, SpectralConv

FEATURES = 256  # channels of the input, which also steers
STEERING = 128
WIDTH = 512
MIDDLE = 6  # blocks before the first enlargement
EPSILON = 1e-5
SLOPE = 0.2


def instance_normed(
    x: Float[Tensor, "batch channels height width"],
) -> Float[Tensor, "batch channels height width"]:
    """Statistics in float32, whatever `x` is."""
    exact = x.float()
    variance, mean = torch.var_mean(exact, (2, 3), correction=0, keepdim=True)
    return ((exact - mean) * (variance + EPSILON).rsqrt()).to(x.dtype)


def enlarged(
    x: Float[Tensor, "batch channels height width"], factor: int
) -> Float[Tensor, "batch channels tall wide"]:
    return x if factor == 1 else F.interpolate(x, scale_factor=factor, mode="nearest")


def rectified(
    x: Float[Tensor, "batch channels height width"],
) -> Float[Tensor, "batch channels height width"]:
    """In place, which saves a pass over memory: only for what nobody else looks at."""
    return F.leaky_relu(x, SLOPE, inplace=True)


class Spade(Foldable):
    """Normalised features, scaled and shifted at every place as the steering features say."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mlp_shared = nn.Sequential(nn.Conv2d(FEATURES, STEERING, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(STEERING, channels, 3, padding=1)
        self.mlp_beta = nn.Conv2d(STEERING, channels, 3, padding=1)

    def forward(
        self,
        normal: Float[Tensor, "batch channels height width"],
        steering: Float[Tensor, "batch 256 height width"],
    ) -> Float[Tensor, "batch channels height width"]:
        shared = self.mlp_shared(steering)
        return normal * (1 + self.mlp_gamma(shared)) + self.mlp_beta(shared)

    def fold(self) -> nn.Module:
        return FoldedSpade(self)


class FoldedSpade(nn.Module):
    def __init__(self, spade: Spade) -> None:
        super().__init__()
        gamma, beta = spade.mlp_gamma, spade.mlp_beta
        self.mlp_shared = spade.mlp_shared
        self.both = nn.Conv2d(STEERING, 2 * gamma.out_channels, 3, padding=1, device="meta")
        self.both.weight = nn.Parameter(torch.cat([gamma.weight, beta.weight]))
        assert gamma.bias is not None
        assert beta.bias is not None
        self.both.bias = nn.Parameter(torch.cat([1 + gamma.bias, beta.bias]))

    def forward(
        self,
        normal: Float[Tensor, "batch channels height width"],
        steering: Float[Tensor, "batch 256 height width"],
    ) -> Float[Tensor, "batch channels height width"]:
        scale, shift = self.both(self.mlp_shared(steering)).chunk(2, 1)
        return torch.addcmul(shift, normal, scale)


class SpadeBlock(nn.Module):
    """Two convolutions beside a shortcut; the shortcut has its own where the width changes."""

    def __init__(self, channels: int, out_channels: int, factor: int = 1) -> None:
        super().__init__()
        self.factor = factor  # by which the result is larger than the input
        self.changes = channels != out_channels
        middle = min(channels, out_channels)
        self.conv_0 = SpectralConv(channels, middle, 3)
        self.conv_1 = SpectralConv(middle, out_channels, 3)
        if self.changes:
            self.conv_s = SpectralConv(channels, out_channels, 1, bias=False)
        self.norm_0 = Spade(channels)
        self.norm_1 = Spade(middle)
        if self.changes:
            self.norm_s = Spade(channels)

    def forward(
        self,
        x: Float[Tensor, "batch channels small_height small_width"],
        steering: Float[Tensor, "batch 256 height width"],
    ) -> Float[Tensor, "batch out_channels height width"]:
        """`steering` has the size of the result (ditto.md §2.4)."""
        normal = enlarged(instance_normed(x), self.factor)
        inner = self.conv_0(rectified(self.norm_0(normal, steering)))
        if self.changes:
            x = self.conv_s(self.norm_s(normal, steering))
        inner = self.conv_1(rectified(self.norm_1(instance_normed(inner), steering)))
        return x + inner


class Decoder(nn.Module):
    """ditto.md §2.4."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Conv2d(FEATURES, WIDTH, 3, padding=1)
        for index in range(MIDDLE):
            self.add_module(f"G_middle_{index}", SpadeBlock(WIDTH, WIDTH))
        self.up_0 = SpadeBlock(WIDTH, 256, factor=2)
        self.up_1 = SpadeBlock(256, 64, factor=2)
        self.conv_img = nn.Sequential(nn.Conv2d(64, 12, 3, padding=1), nn.PixelShuffle(2))

    def forward(
        self, feature: Float[Tensor, "batch 256 height width"]
    ) -> Float[Tensor, "batch 3 8*height 8*width"]:
        """The picture, RGB in [0, 1]; features of 64 x 64 are published, for 512 x 512 pixels."""
        x = self.fc(feature)
        for index in range(MIDDLE):
            x = self.get_submodule(f"G_middle_{index}")(x, feature)
        x = self.up_0(x, enlarged(feature, 2))
        x = self.up_1(x, enlarged(feature, 4))
        return torch.sigmoid(self.conv_img(rectified(x)))
