"""From noise to motion: the published schedule, and DDIM with as much fresh noise as it takes away.

The network is a callable that predicts clean motion; all noise is handed in.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TypeAlias

import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

TIMES = 1000
OFFSET = 0.008  # of the cosine schedule
MOST_NOISE = 0.999  # that one step may add

Denoise: TypeAlias = Callable[
    [Float[Tensor, "batch frames 265"], Int64[Tensor, " batch"]], Float[Tensor, "batch frames 265"]
]


def kept_signal() -> Float32[Tensor, " 1000"]:
    """How much of the clean motion's variance is left at each time (ditto.md §3.2).

    Rounded to float32 before the product is taken, as it was when the network was trained.
    """
    place = torch.arange(TIMES + 1, dtype=torch.float64) / TIMES
    level = torch.cos((place + OFFSET) / (1 + OFFSET) * math.pi / 2) ** 2
    lost = torch.clamp(1 - level[1:] / level[:-1], 0, MOST_NOISE)
    return torch.cumprod(1 - lost.float(), 0)


@dataclass(frozen=True)
class Step:
    """From one time to an earlier one: x = clean x `clean` + noise x `noise` + fresh x `fresh`."""

    time: int
    clean: float
    noise: float  # of the noise that the network implies
    fresh: float
    signal: float  # factors of x and of the clean motion in the noise implied
    removed: float


def times(steps: int) -> list[int]:
    """Times at which the network is asked, falling from 999; -1, the clean motion, is the last."""
    places = torch.linspace(-1, TIMES - 1, steps + 1, dtype=torch.float64)
    return [int(place) for place in places.flip(0)]


@cache
def plan(steps: int) -> tuple[Step, ...]:
    """The steps but the last, which is the network's answer at the last time.

    The share of implied noise is a difference that rounding can push below zero: it is held at 0
    there, where the published code returns NaN.
    """
    level = kept_signal()
    planned = []
    for now, then in pairwise(times(steps)[:-1]):
        here, there = level[now], level[then]
        fresh = ((1 - here / there) * (1 - there) / (1 - here)).sqrt()
        noise = (1 - there - fresh**2).clamp(min=0).sqrt()
        signal, removed = 1 / (1 - here).sqrt(), 1 / (1 / here - 1).sqrt()
        values = (there.sqrt(), noise, fresh, signal, removed)
        planned.append(Step(now, *(float(value) for value in values)))
    return tuple(planned)


def sample(
    denoise: Denoise,
    start: Float[Tensor, "batch frames 265"],
    step_noises: Float[Tensor, "*batch more frames 265"],
) -> Float[Tensor, "batch frames 265"]:
    """One window for each session; `step_noises` has one row less than the network is asked.

    Step noises are of each session (batch, steps - 1, frames, 265), or the same for all without
    the first axis. The published system keeps them from window to window; only `start` is new.
    """
    steps = step_noises.shape[-3] + 1
    x = start
    for step, fresh in zip(plan(steps), step_noises.unbind(-3), strict=True):
        clean = denoise(x, _at(step.time, x))
        implied = x * step.signal - clean * step.removed
        x = step.clean * clean + step.noise * implied + step.fresh * fresh
    return denoise(x, _at(times(steps)[-2], x))


def _at(time: int, x: Float[Tensor, "batch frames 265"]) -> Int64[Tensor, " batch"]:
    return torch.full((len(x),), time, dtype=torch.int64, device=x.device)
