"""The noise schedule and the sampler; they know nothing of faces."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

Predict = Callable[[Tensor, Tensor], Tensor]  # noisy (batch ...), time (batch) -> clean


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


def sample(
    predict: Predict, noise: Float[Tensor, "batch frames dim"], steps: int
) -> Float[Tensor, "batch frames dim"]:
    """Deterministic sampling (DDIM with eta 0; Song et al. 2021) by a predictor of the clean."""
    x = noise
    times = torch.linspace(1, 0, steps + 1)
    for now, then in zip(times[:-1].tolist(), times[1:].tolist(), strict=True):
        time = torch.full((len(x),), now, device=x.device)
        clean = predict(x, time)
        if then == 0:
            return clean
        signal, strength = signal_and_noise(time)
        direction = (x - signal[:, None, None] * clean) / strength[:, None, None]
        x = mixed(clean, direction, torch.full_like(time, then))
    return x
