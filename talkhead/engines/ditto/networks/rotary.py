"""Rotary positions of the motion model: pairs of neighbouring channels turn with the position.

Unlike elsewhere they turn the whole vector, before it is projected and cut into heads.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from talkhead.engines.ditto.networks.folding import Foldable

POSITIONS = 82  # a window's frames and the two tokens of the time
BASE = 10_000


class Turn(NamedTuple):
    """Of every position and channel."""

    cosine: Float[Tensor, "tokens width"]
    sine: Float[Tensor, "tokens width"]  # with the sign that the pair rule gives it


def turned(x: Float[Tensor, "*batch tokens width"], turn: Turn) -> Tensor:
    """(a, b) becomes (a cos - b sin, b cos + a sin); `x` holds the first of turn's positions."""
    tokens = x.shape[-2]
    swapped = x.reshape(*x.shape[:-1], -1, 2).flip(-1).flatten(-2)
    return x * turn.cosine[:tokens] + swapped * turn.sine[:tokens]


class Rotary(Foldable):
    """ditto.md §3.1."""

    freqs: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("freqs", BASE ** (-torch.arange(0, width, 2) / width))

    def forward(self) -> Turn:
        positions = torch.arange(POSITIONS, device=self.freqs.device)
        angle = (positions[:, None] * self.freqs.float()).repeat_interleave(2, -1)
        sign = torch.tensor([-1.0, 1.0], device=angle.device).repeat(angle.shape[-1] // 2)
        return Turn(angle.cos(), angle.sin() * sign)

    def fold(self) -> nn.Module:
        return RotaryTable(self())


class RotaryTable(nn.Module):
    """Turns worked out in float32: rounding them to half later is harmless, frequencies not."""

    cosine: Tensor
    sine: Tensor

    def __init__(self, turn: Turn) -> None:
        super().__init__()
        self.register_buffer("cosine", turn.cosine)
        self.register_buffer("sine", turn.sine)

    def forward(self) -> Turn:
        return Turn(self.cosine, self.sine)
