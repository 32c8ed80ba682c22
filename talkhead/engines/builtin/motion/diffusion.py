"""The noise schedule and the sampler; they know nothing of faces."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

Predict = Callable[[Tensor, int], Tensor]  # noisy motion, index into `times` -> clean motion


def signal_and_noise(time: Float[Tensor, " batch"]) -> tuple[Tensor, Tensor]:
    """How much of each is in the mixture at `time` in [0, 1]: squares sum to 1.

    The cosine schedule of Nichol and Dhariwal (2021).
    """
    signal = torch.cos(time * (math.pi / 2 * 0.998))
    return signal, (1 - signal * signal).clamp_min(1e-6).sqrt()


def mixed(
    clean: Float[Tensor, "batch frames dim"],
    noise: Float[Tensor, "batch frames dim"],
    time: Float[Tensor, " batch"],
) -> Float[Tensor, "batch frames dim"]:
    signal, strength = signal_and_noise(time)
    return signal[:, None, None] * clean + strength[:, None, None] * noise


def times(steps: int) -> Float[Tensor, " times"]:
    """From pure noise to clean motion: `steps` + 1 moments."""
    return torch.linspace(1, 0, steps + 1)


def sample(
    predict: Predict, noise: Float[Tensor, "batch frames dim"], steps: int
) -> Float[Tensor, "batch frames dim"]:
    """Deterministic sampling (DDIM with eta 0; Song et al. 2021) by a predictor of the clean."""
    signal, strength = (part.tolist() for part in signal_and_noise(times(steps)))
    x = noise
    for step in range(steps - 1):
        clean = predict(x, step)
        direction = (x - signal[step] * clean) / strength[step]
        x = signal[step + 1] * clean + strength[step + 1] * direction
    return predict(x, steps - 1)
