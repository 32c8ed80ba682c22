"""Other voices and channels for a batch of log-mels: cheaper than for waveforms, new every time."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Float32

from talkhead.engines.builtin.motion.mel import SILENCE

Mels = Float32[np.ndarray, "batch rows mels"]
Effect = Callable[[Mels, np.random.Generator], Mels]


def augment(mels: Mels, random: np.random.Generator) -> Mels:
    """Each effect on a random part of the batch, then a random gain for all."""
    for chance, effect in EFFECTS:
        chosen = np.flatnonzero(random.random(len(mels)) < chance)
        if len(chosen):
            mels[chosen] = effect(mels[chosen], random)
    return mels + random.normal(0, 0.5, (len(mels), 1, 1)).astype(np.float32)


def quieter(mels: Mels, share: float, random: np.random.Generator) -> Mels:
    """A share of the batch as if its sound had been up to 26 decibels lower.

    Exact but for the microphone's noise: all bands sink and the floor, which stays, fills them.
    """
    chosen = np.flatnonzero(random.random(len(mels)) < share)
    lowered = mels[chosen] + _uniform(-6, 0, len(chosen), random)
    mels[chosen] = np.logaddexp(lowered, np.float32(SILENCE))
    return mels


def _curves(
    count: int, knots: int, points: int, spread: float, random: np.random.Generator
) -> Float[np.ndarray, "count points"]:
    """Random lines through `knots` normal values of this spread."""
    places = np.linspace(0, points - 1, knots)
    values = random.normal(0, spread, (count, knots))
    return np.stack([np.interp(np.arange(points), places, row) for row in values])


def _warped(mels: Mels, random: np.random.Generator) -> Mels:
    """Frequencies moved smoothly and monotonically: other formants, another vocal tract."""
    count, bands = len(mels), mels.shape[2]
    stretch = 1 + random.normal(0, 0.06, (count, 1))
    source = _curves(count, 5, bands, 1.3, random) + np.arange(bands) * stretch
    source = np.maximum.accumulate(np.clip(source, 0, bands - 1), axis=1)
    below = np.minimum(source.astype(int), bands - 2)
    share = source - below
    matrix = np.zeros((count, bands, bands), np.float32)
    item, band = np.meshgrid(np.arange(count), np.arange(bands), indexing="ij")
    matrix[item, below, band] = 1 - share
    matrix[item, below + 1, band] += share
    return mels @ matrix


def _coloured(mels: Mels, random: np.random.Generator) -> Mels:
    return mels + _curves(len(mels), 6, mels.shape[2], 1.1, random)[:, None].astype(np.float32)


def _compressed(mels: Mels, random: np.random.Generator) -> Mels:
    mean = mels.mean(1, keepdims=True)
    return mean + (mels - mean) * _uniform(0.75, 1.25, len(mels), random)


def _widened(mels: Mels, random: np.random.Generator) -> Mels:
    """Broader formants."""
    share = _uniform(0.1, 0.33, len(mels), random)
    return (1 - 2 * share) * mels + share * (np.roll(mels, 1, 2) + np.roll(mels, -1, 2))


def _grainy(mels: Mels, random: np.random.Generator) -> Mels:
    grain = random.standard_normal(mels.shape, np.float32)
    return mels + grain * _uniform(0.1, 0.5, len(mels), random)


def _noisy(mels: Mels, random: np.random.Generator) -> Mels:
    """A stationary noise floor with a smooth spectrum."""
    floor = _uniform(-9, -3.5, len(mels), random)
    colour = _curves(len(mels), 3, mels.shape[2], 1.0, random)[:, None].astype(np.float32)
    grain = 0.4 * random.standard_normal(mels.shape, np.float32)
    return np.logaddexp(mels, floor + colour + grain)


def _band_lost(mels: Mels, random: np.random.Generator) -> Mels:
    for mel in mels:
        first = random.integers(0, mel.shape[1] - 8)
        mel[:, first : first + random.integers(2, 8)] = mel.mean()
    return mels


def _moment_lost(mels: Mels, random: np.random.Generator) -> Mels:
    for mel in mels:
        first = random.integers(0, len(mel) - 8)
        mel[first : first + random.integers(2, 8)] = mel.min()
    return mels


def _uniform(
    low: float, high: float, count: int, random: np.random.Generator
) -> Float32[np.ndarray, "batch 1 1"]:
    return random.uniform(low, high, (count, 1, 1)).astype(np.float32)


EFFECTS: tuple[tuple[float, Effect], ...] = (
    (0.85, _warped),
    (0.80, _coloured),
    (0.50, _compressed),
    (0.30, _widened),
    (0.40, _grainy),
    (0.40, _noisy),
    (0.30, _band_lost),
    (0.20, _moment_lost),
)
