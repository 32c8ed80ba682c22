"""The head and the brows go on where they were: windows are drawn apart and must not show it."""

import numpy as np
from jaxtyping import Float32
from scipy.ndimage import gaussian_filter1d

from talkhead.engines.builtin.coefficients import NAMES
from talkhead.types import Motion

# All but the mouth, which follows the sound, and lids and eyes, which may jump.
SLOW = [
    column
    for column, name in enumerate(NAMES)
    if not name.startswith(("jaw", "mouth", "tongue", "eyeBlink", "eyeLook"))
]
COAST = 0.8  # of the last velocity goes on into the window
RETURN = 12  # frames until the window's own course is reached
SMOOTHING = 1.2  # frames, standard deviation: the sampler's tremor is above 4 Hz


def continued(motion: Motion, earlier: Float32[np.ndarray, "earlier dim"]) -> Motion:
    """`motion` with its slow columns led over from the rows before it, and smoothed.

    The last rows should be look-ahead that is thrown away: there the smoothing sees one side only.
    """
    result = motion.copy()
    slow = motion[:, SLOW]
    before = earlier[:, SLOW]
    if len(before):
        velocity = before[-1] - before[-2] if len(before) > 1 else 0
        jump = before[-1] + COAST * velocity - slow[0]
        left = 1 - np.minimum(np.arange(len(slow)) / RETURN, 1)
        share = left * left * (3 - 2 * left)  # from 1 to 0, flat at both ends
        slow = slow + share[:, None] * jump
    path = np.concatenate([before, slow])
    result[:, SLOW] = gaussian_filter1d(path, SMOOTHING, axis=0, mode="nearest")[len(before) :]
    return result
