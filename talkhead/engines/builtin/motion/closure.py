"""Sealed lips for /p/, /b/ and /m/: where the ears are sure of a closure, the mouth is shut."""

import numpy as np
from jaxtyping import Float32

from talkhead.engines.builtin.coefficients import INDEX
from talkhead.types import Motion

STARTS, SURE = 0.23, 0.47  # probabilities between which the seal sets in
PARTED = tuple(
    INDEX[name]
    for name in (
        *("mouthLowerDownLeft", "mouthLowerDownRight"),
        *("mouthUpperUpLeft", "mouthUpperUpRight", "mouthFunnel"),
    )
)
PRESSED = (INDEX["mouthPressLeft"], INDEX["mouthPressRight"])
JAW, CLOSE = INDEX["jawOpen"], INDEX["mouthClose"]


def sealed(motion: Motion, probability: Float32[np.ndarray, " frames"]) -> Motion:
    """`motion` with the lips shut in proportion to how sure the closure is.

    Shut means what the renderer understands as shut: `mouthClose` equal to `jawOpen`.
    """
    sure = np.clip((probability - STARTS) / (SURE - STARTS), 0, 1)
    seal = sure * sure * (3 - 2 * sure)
    result = motion.copy()
    gap = np.clip(1 - motion[:, CLOSE] / np.maximum(motion[:, JAW], 0.02), 0, 1)
    result[:, JAW] *= 1 - 0.45 * seal * gap  # the jaw rises too, where it did not yet
    result[:, CLOSE] = np.maximum(motion[:, CLOSE] * (1 - seal), result[:, JAW] * seal)
    result[:, PARTED] *= (1 - seal)[:, None]
    result[:, PRESSED] = np.maximum(motion[:, PRESSED], 0.25 * seal[:, None])
    return result
