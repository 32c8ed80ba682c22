"""Where the randomness of a session comes from: its seed and the window's number alone."""

from functools import lru_cache

import numpy as np
from jaxtyping import Float32

from talkhead.engines.ditto.motion.fusion import WINDOW
from talkhead.engines.ditto.motion.layout import MOTION_DIM

_STEPS, _START = 0, 1  # spawn keys: what the noise is for


@lru_cache(maxsize=16)  # a session asks again and again; 0.8 MB each with ten steps
def step_noises(seed: int, steps: int) -> Float32[np.ndarray, "more 80 265"]:
    """Fresh noise of all sampler steps but the last: the same in every window (ditto.md §3.2)."""
    noises = _normal(seed, (_STEPS,), (steps - 1, WINDOW, MOTION_DIM))
    noises.setflags(write=False)
    return noises


def start_noise(seed: int, index: int) -> Float32[np.ndarray, "80 265"]:
    """What window `index` is sampled from. `seed` and `index` are not negative."""
    return _normal(seed, (_START, index), (WINDOW, MOTION_DIM))


def _normal(seed: int, key: tuple[int, ...], shape: tuple[int, ...]) -> np.ndarray:
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=key)))
    return random.standard_normal(shape, dtype=np.float32)
