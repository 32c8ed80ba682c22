"""Where the randomness of the motion comes from: the session's seed and the window's number."""

import numpy as np
from jaxtyping import Float32

from talkhead.engines.builtin.coefficients import NAMES

# Blinks and the head are free; the mouth is told by the sound. With its noise at zero the sampler
# goes to the mean: aperture correlation .81 -> .83, false closures halved.
CALM = tuple(
    column for column, name in enumerate(NAMES) if name.startswith(("jaw", "mouth", "tongue"))
)


def window_noise(seed: int, index: int, frames: int) -> Float32[np.ndarray, "frames dim"]:
    """Standard normal rows, zero for the mouth. `seed` is not negative.

    The window's number is a spawn key, which no seed below 2**128 can imitate.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(index,))
    random = np.random.Generator(np.random.Philox(sequence))
    noise = random.standard_normal((frames, len(NAMES)), dtype=np.float32)
    noise[:, CALM] = 0
    return noise
