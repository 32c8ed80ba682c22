"""Features to picture: a SPADE generator, whose normalisations are steered by the features.

Of a normalisation everything that is shared is computed once: the statistics of a block's input
(before it is enlarged: enlarging changes neither mean nor variance) and, after folding, scale and
shift by one convolution and what steers all normalisations of a block by another.
"""

from typing import Any, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from talkhead.engines.ditto.networks.enlarging import EnlargingConv
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
    """Statistics in float32, whatever `x` is, and without a copy of it in float32."""
    if x.dtype == torch.float32:
        variance, mean = torch.var_mean(x, (2, 3), correction=0, keepdim=True)
        return _scaled(x, mean, variance)
    mean = x.mean((2, 3), keepdim=True, dtype=torch.float32)
    # Far from zero a difference is exact where a square is not.
    near = mean.to(x.dtype)
    x, rest = x - near, mean - near
    length = torch.linalg.vector_norm(x, dim=(2, 3), keepdim=True, dtype=torch.float32)
    return _scaled(x, rest, length.square() / x[0, 0].numel() - rest.square())


def _scaled(
    x: Float[Tensor, "batch channels height width"],
    mean: Float[Tensor, "batch channels 1 1"],
    variance: Float[Tensor, "batch channels 1 1"],
) -> Float[Tensor, "batch channels height width"]:
    scale = (variance + EPSILON).rsqrt()
    return torch.addcmul((-mean * scale).to(x.dtype), x, scale.to(x.dtype))


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
        steered: Float[Tensor, "batch 128 height width"],
    ) -> Float[Tensor, "batch channels height width"]:
        """`steered` is what `mlp_shared` makes of the steering features."""
        return normal * (1 + self.mlp_gamma(steered)) + self.mlp_beta(steered)

    def fold(self) -> nn.Module:
        return FoldedSpade(self)


class FoldedSpade(nn.Module):
    def __init__(self, spade: Spade) -> None:
        super().__init__()
        gamma, beta = spade.mlp_gamma, spade.mlp_beta
        self.mlp_shared = spade.mlp_shared  # until the block folds those of all its norms
        self.both = nn.Conv2d(STEERING, 2 * gamma.out_channels, 3, padding=1, device="meta")
        self.both.weight = nn.Parameter(torch.cat([gamma.weight, beta.weight]))
        assert gamma.bias is not None
        assert beta.bias is not None
        self.both.bias = nn.Parameter(torch.cat([1 + gamma.bias, beta.bias]))

    def forward(
        self,
        normal: Float[Tensor, "batch channels height width"],
        steered: Float[Tensor, "batch 128 height width"],
    ) -> Float[Tensor, "batch channels height width"]:
        scale, shift = self.both(steered).chunk(2, 1)
        return torch.addcmul(shift, normal, scale)


class SpadeBlock(Foldable):
    """Two convolutions beside a shortcut; the shortcut has its own where the width changes."""

    def __init__(self, channels: int, out_channels: int, factor: int = 1, total: int = 1) -> None:
        super().__init__()
        self.factor = factor  # by which the result is larger than the input
        self.total = total  # and than the steering features
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
        self.steering: nn.Module | None = None  # of all norms, once folded

    def forward(
        self,
        x: Float[Tensor, "batch channels small_height small_width"],
        feature: Float[Tensor, "batch 256 feature_height feature_width"],
    ) -> Float[Tensor, "batch out_channels height width"]:
        """ditto.md §2.4."""
        steered = self._steered(feature)
        normal = enlarged(instance_normed(x), self.factor)
        inner = self.conv_0(rectified(self.norm_0(normal, steered[0])))
        if self.changes:
            x = self.conv_s(self.norm_s(normal, steered[2]))
        inner = self.conv_1(rectified(self.norm_1(instance_normed(inner), steered[1])))
        return x + inner

    def fold(self) -> nn.Module:
        shared = [cast(nn.Conv2d, norm.mlp_shared[0]) for norm in self._norms()]
        self.steering = EnlargingConv(shared, self.total)
        for norm in self._norms():
            del norm.mlp_shared
        # The norm after it takes away what is the same everywhere.
        self.conv_0.bias = None
        return self

    def _steered(
        self, feature: Float[Tensor, "batch 256 feature_height feature_width"]
    ) -> list[Float[Tensor, "batch 128 height width"]]:
        """Of each norm."""
        if self.steering is not None:
            return self.steering(feature)
        large = enlarged(feature, self.total)
        return [norm.mlp_shared(large) for norm in self._norms()]

    def _norms(self) -> list[Any]:  # unfolded or folded
        norms = [self.norm_0, self.norm_1]
        return [*norms, self.norm_s] if self.changes else norms


class Decoder(Foldable):
    """ditto.md §2.4."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Conv2d(FEATURES, WIDTH, 3, padding=1)
        for index in range(MIDDLE):
            self.add_module(f"G_middle_{index}", SpadeBlock(WIDTH, WIDTH))
        self.up_0 = SpadeBlock(WIDTH, 256, factor=2, total=2)
        self.up_1 = SpadeBlock(256, 64, factor=2, total=4)
        self.conv_img = nn.Sequential(nn.Conv2d(64, 12, 3, padding=1), nn.PixelShuffle(2))

    def forward(
        self, feature: Float[Tensor, "batch 256 height width"]
    ) -> Float[Tensor, "batch 3 8*height 8*width"]:
        """The picture, RGB in [0, 1]; features of 64 x 64 are published, for 512 x 512 pixels."""
        x = self.fc(feature)
        for block in self._middle():
            x = block(x, feature)
        x = self.up_1(self.up_0(x, feature), feature)
        return torch.sigmoid(self.conv_img(rectified(x)))

    def fold(self) -> nn.Module:
        # These too only reach norms, through shortcuts that leave them as they are.
        self.fc.bias = self.up_0.conv_1.bias = None
        for block in self._middle():
            block.conv_1.bias = None
        # pixel by pixel in memory, as matrix units like it: weights decide for what they make
        return self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # its stubs lack it

    def _middle(self) -> list[SpadeBlock]:
        return [cast(SpadeBlock, self.get_submodule(f"G_middle_{i}")) for i in range(MIDDLE)]
