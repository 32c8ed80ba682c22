"""Volumes as stacks of pictures, one a depth, channels last in memory: then neither is ever copied.

Libraries compute pictures best: convolutions of volumes in half precision are slow, or wrong, in
many versions of cuDNN, and those with few results leave most of a matrix unit idle anywhere.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

ALIGNED = 8  # channels: of 16 bits so many are read at once, and matrix units want no fewer


def pictures(
    volume: Float[Tensor, "batch channels depth height width"],
) -> Float[Tensor, "batch*depth channels height width"]:
    return volume.transpose(1, 2).flatten(0, 1)


def volume_of(
    pictures: Float[Tensor, "stacked channels height width"], depth: int
) -> Float[Tensor, "batch channels depth height width"]:
    return torch.unflatten(pictures, 0, (-1, depth)).transpose(1, 2)


def missing_channels(channels: int) -> int:
    """To the next number of channels that is aligned."""
    return -channels % ALIGNED


def widened(conv: nn.Module) -> nn.Module:
    """The convolution of volumes with aligned results: as many more as are missing, always 0."""
    assert isinstance(conv, nn.Conv3d)
    assert conv.bias is not None
    more = missing_channels(conv.out_channels)
    conv.weight = nn.Parameter(F.pad(conv.weight, (*_AS_IT_IS, 0, 0, 0, more)))
    conv.bias = nn.Parameter(F.pad(conv.bias, (0, more)))
    return conv


_AS_IT_IS = (0,) * 6  # the sides of a kernel


class StackedConv(nn.Module):
    """A convolution of volumes that keeps their size, as one of pictures and a sum.

    It takes aligned channels: what `conv` lacks is ignored. Every slice is convolved for each depth
    of the kernel as if they were more channels; what it adds to its neighbours is then moved there.
    """

    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        assert isinstance(conv, nn.Conv3d)
        out_channels, channels, depth, height, width = conv.weight.shape
        self.depth, self.out_channels = depth, out_channels
        more = missing_channels(channels), missing_channels(depth * out_channels)
        weight = F.pad(conv.weight, (*_AS_IT_IS, 0, more[0]))
        weight = weight.permute(2, 0, 1, 3, 4).flatten(0, 1)
        weight = F.pad(weight, (*_AS_IT_IS, 0, more[1]))
        self.padding = height // 2, width // 2
        self.weight = nn.Parameter(weight.contiguous(memory_format=torch.channels_last))
        assert conv.bias is not None
        self.bias = conv.bias

    def forward(
        self, x: Float[Tensor, "batch channels depth height width"]
    ) -> Float[Tensor, "batch out_channels depth height width"]:
        depth, middle = x.shape[2], self.depth // 2
        made = F.conv2d(pictures(x), self.weight, padding=self.padding)
        made = made[:, : self.depth * self.out_channels]
        stacks = torch.unflatten(made, 0, (-1, depth))
        parts = torch.unflatten(stacks, 2, (self.depth, -1)).unbind(2)
        total = parts[middle] + self.bias[:, None, None]
        for index, part in enumerate(parts):
            off = index - middle  # of the slice that gives from the one that gets
            if off and abs(off) < depth:
                gets = slice(max(0, -off), depth - max(0, off))
                gives = slice(max(0, off), depth - max(0, -off))
                total[:, gets].add_(part[:, gives])
        return total.transpose(1, 2)


class SummedConv(nn.Module):
    """A convolution of all slices of volumes to one picture: products that are then added up.

    It takes aligned channels, as above. There is one product for each place of the kernel:
    computed as others are, a single result would occupy a matrix unit made for many.
    """

    def __init__(self, conv: nn.Conv2d, depth: int) -> None:
        super().__init__()
        _, channels, height, width = conv.weight.shape
        self.size = height, width
        # What a pixel adds to a neighbour the other way lies opposite in the kernel.
        weight = torch.unflatten(conv.weight[0].flip(1, 2).flatten(1).T, 1, (-1, depth))
        more = missing_channels(channels // depth), missing_channels(height * width)
        weight = F.pad(weight, (0, 0, 0, more[0], 0, more[1])).flatten(1)
        self.weight = nn.Parameter(weight[..., None, None])
        assert conv.bias is not None
        self.bias = conv.bias

    def forward(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch 1 height width"]:
        height, width = self.size
        products = F.conv2d(x, self.weight)[:, : height * width].flatten(2)
        padding = height // 2, width // 2
        summed: Tensor = F.fold(products, x.shape[2:], self.size, padding=padding)
        return summed + self.bias
