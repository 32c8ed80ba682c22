"""Smooth steps from 0 to 1, for arrays and for tensors."""

from typing import TypeAlias

import numpy as np
from jaxtyping import Float
from torch import Tensor

Number: TypeAlias = float | int  # the checks in tests do not take an int for a float


def smoothstep(
    low: Number | np.ndarray, high: Number | np.ndarray, x: Number | np.ndarray
) -> Float[np.ndarray, "..."]:
    """3t² - 2t³ between `low` (0) and `high` (1), constant beyond."""
    t = np.clip((x - np.asarray(low)) / (np.asarray(high) - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def smoothstep_tensor(low: Number, high: Number, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The same for tensors."""
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)
