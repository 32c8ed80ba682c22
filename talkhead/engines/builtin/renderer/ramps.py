"""Smooth steps from 0 to 1, for arrays and for tensors."""

import numpy as np
from jaxtyping import Float
from torch import Tensor


def smoothstep(
    low: float | np.ndarray, high: float | np.ndarray, x: float | np.ndarray
) -> Float[np.ndarray, "..."]:
    """3t² - 2t³ between `low` (0) and `high` (1), constant beyond."""
    t = np.clip((x - np.asarray(low)) / (np.asarray(high) - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def smoothstep_tensor(low: float, high: float, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The same for tensors."""
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)
