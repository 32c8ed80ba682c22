"""Convolutions of `ditto` that are computed another way than written: results are the same."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from talkhead.engines.ditto.networks.enlarging import EnlargingConv
from talkhead.engines.ditto.networks.slices import (
    StackedConv,
    SummedConv,
    missing_channels,
    widened,
)

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def dice() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def close(got: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-5)


def aligned(x: Tensor) -> Tensor:
    """With channels that mean nothing: their values must not matter."""
    sides = (0, 0) * (x.ndim - 2)
    return F.pad(x, (*sides, 0, missing_channels(x.shape[1])), value=7.0)


@torch.inference_mode()
@pytest.mark.parametrize("kernel", [1, 3, 7])
@pytest.mark.parametrize("depth", [1, 2, 5])
def test_volumes_as_stacks_of_pictures(kernel: int, depth: int, dice: torch.Generator) -> None:
    conv = nn.Conv3d(5, 3, kernel, padding=kernel // 2)
    x = torch.randn((2, 5, depth, 6, 4), generator=dice)
    wanted = conv(x)
    close(StackedConv(conv)(aligned(x)), wanted)
    wide = StackedConv(widened(conv))(aligned(x))
    close(wide, torch.cat([wanted, torch.zeros_like(wide[:, 3:])], 1))
    assert wide.shape[1] == 8


@torch.inference_mode()
def test_stacks_stay_where_they_are_in_memory(dice: torch.Generator) -> None:
    layout = torch.channels_last_3d
    x = torch.randn((2, 8, 4, 6, 4), generator=dice).contiguous(memory_format=layout)
    made = StackedConv(nn.Conv3d(8, 16, 3, padding=1))(x)
    assert made.is_contiguous(memory_format=layout)


@torch.inference_mode()
@pytest.mark.parametrize("kernel", [1, 7])
def test_one_result_as_a_sum_of_products(kernel: int, dice: torch.Generator) -> None:
    depth = 4
    conv = nn.Conv2d(5 * depth, 1, kernel, padding=kernel // 2)
    x = torch.randn((2, 5, depth, 6, 9), generator=dice)
    close(SummedConv(conv, depth)(aligned(x).flatten(1, 2)), conv(x.flatten(1, 2)))


@torch.inference_mode()
@pytest.mark.parametrize("factor", [1, 2, 3, 4])
def test_convolutions_before_enlarging(factor: int, dice: torch.Generator) -> None:
    convs = [nn.Conv2d(5, 4, 3, padding=1) for _ in range(3)]
    x = torch.randn((2, 5, 6, 3), generator=dice)
    large = F.interpolate(x, scale_factor=factor, mode="nearest")
    for got, conv in zip(EnlargingConv(convs, factor)(x), convs, strict=True):
        close(got, F.relu(conv(large)))
