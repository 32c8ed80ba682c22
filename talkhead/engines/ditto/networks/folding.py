"""Fewer layers, same result: what a published checkpoint keeps apart only for training is merged.

A network is built with the published names, filled, and then folded once.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


class Foldable(nn.Module):
    def fold(self) -> nn.Module:
        """The module to use in place of this one: same result, fewer operations."""
        raise NotImplementedError


def fold(module: nn.Module) -> nn.Module:
    """Folds everything inside `module`, which must be in eval mode, then the module itself."""
    for name, child in module.named_children():
        module.add_module(name, fold(child))
    return module.fold() if isinstance(module, Foldable) else module


def merged(conv: nn.Module, norm: nn.Module) -> nn.Module:
    """One convolution that does what the two do in turn."""
    assert isinstance(conv, nn.Conv2d | nn.Conv3d)
    assert isinstance(norm, nn.BatchNorm2d | nn.BatchNorm3d)
    return fuse_conv_bn_eval(conv, norm)


class ConvNorm(Foldable):
    """A convolution and its batch norm."""

    def __init__(self, conv: nn.Conv2d | nn.Conv3d, norm: nn.BatchNorm2d | nn.BatchNorm3d) -> None:
        super().__init__()
        self.conv = conv
        self.norm = norm

    def forward(
        self, x: Float[Tensor, "batch channels *size"]
    ) -> Float[Tensor, "batch out_channels *size"]:
        return self.norm(self.conv(x))

    def fold(self) -> nn.Module:
        return merged(self.conv, self.norm)


def conv_norm_2d(channels: int, out_channels: int) -> ConvNorm:
    return ConvNorm(nn.Conv2d(channels, out_channels, 3, padding=1), nn.BatchNorm2d(out_channels))


def conv_norm_3d(channels: int, out_channels: int) -> ConvNorm:
    return ConvNorm(nn.Conv3d(channels, out_channels, 3, padding=1), nn.BatchNorm3d(out_channels))


class SpectralConv(nn.Conv2d, Foldable):
    """A convolution whose weight is `weight_orig` over its spectral norm, as seen by u and v."""

    weight_u: Tensor
    weight_v: Tensor

    def __init__(self, channels: int, out_channels: int, kernel: int, bias: bool = True) -> None:
        super().__init__(channels, out_channels, kernel, padding=kernel // 2, bias=bias)
        self.weight_orig = self.weight
        del self.weight
        self.register_buffer("weight_u", torch.ones(out_channels))
        self.register_buffer("weight_v", torch.ones(channels * kernel**2))

    def forward(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch out_channels height width"]:
        return self._conv_forward(x, self._normalised(), self.bias)

    def fold(self) -> nn.Module:
        channels, kernel = self.in_channels, self.kernel_size[0]
        with torch.device("meta"):
            plain = nn.Conv2d(
                channels, self.out_channels, kernel, padding=kernel // 2, bias=self.bias is not None
            )
        plain.weight = nn.Parameter(self._normalised(), requires_grad=False)
        plain.bias = self.bias
        return plain.eval()

    def _normalised(self) -> Float[Tensor, "out_channels channels height width"]:
        sigma = self.weight_u @ self.weight_orig.flatten(1) @ self.weight_v
        return self.weight_orig / sigma
