"""How a video begins and ends: what share of the motion each frame has."""

import numpy as np
from jaxtyping import Float32


def fade_alphas(
    start: int, count: int, total: int | None, fade_in: int = 0, fade_out: int = 0
) -> Float32[np.ndarray, " count"]:
    """`FrameControls.fade_alpha` of frames [start, start + count) of `total` (ditto.md §5).

    Grows from 0 over the first `fade_in` frames and falls to 0 over the last `fade_out` + 1; where
    both apply the end wins. NaN where nothing fades. Without a total there is no end to fade to.
    """
    frames = np.arange(start, start + count)
    alphas = np.full(count, np.nan)
    if fade_in:
        alphas = np.where(frames < fade_in, frames / fade_in, alphas)
    if fade_out and total is not None:
        left = total - 1 - frames
        alphas = np.where(left <= fade_out, left / fade_out, alphas)
    return alphas.astype(np.float32)
