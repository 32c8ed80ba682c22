"""How far a frame in half precision is from one in float32, under random weights.

Products are computed as a GPU does (`tests/half_on_cpu.py`). In bfloat16 a face that is driven far
is not good enough, which is why the engine draws in float16.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.ditto_random import random_network
from tests.half_on_cpu import MatrixUnits

ENOUGH = 40.0  # dB
MOVES = (0.02, 0.15)  # of the key points: a syllable, and as far as a head can turn
pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("no_gradients")]


@pytest.fixture
def no_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


@cache
def drawn(dtype: torch.dtype, move: float) -> Tensor:
    """In [0, 255]."""
    dice = torch.Generator().manual_seed(4)
    volume = torch.randn((1, 32, 16, 64, 64), generator=dice)
    still = 0.3 * torch.randn((1, 21, 3), generator=dice)
    driven = still + move * torch.randn((1, 21, 3), generator=dice)
    warp, decoder = (random_network(name).to(dtype) for name in ("warp_network", "decoder"))
    with MatrixUnits():
        features = warp(warp.source(volume.to(dtype)), still, driven)
        picture: Tensor = decoder(features.to(dtype))
    return 255 * picture.float()


def psnr(dtype: torch.dtype, move: float) -> float:
    exact = drawn(torch.float32, move)
    assert exact.std() > 30  # a picture with something in it
    off = (drawn(dtype, move) - exact).square().mean().item()
    found = 10 * np.log10(255**2 / off)
    print(f"\n{dtype}, key points moved by {move:g}: {found:.1f} dB")
    return float(found)


@pytest.mark.parametrize("move", MOVES)
def test_float16_is_close_enough(move: float) -> None:
    assert psnr(torch.float16, move) >= ENOUGH


def test_bfloat16_is_coarser() -> None:
    near, far = (psnr(torch.bfloat16, move) for move in MOVES)
    assert near >= ENOUGH
    assert far < psnr(torch.float16, MOVES[1])
