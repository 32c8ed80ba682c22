"""What a face takes of the generated motion, and what stays as the source has it."""

import numpy as np
from jaxtyping import Float32

from talkhead.engines.ditto.motion.expression import EYE_POINTS, LIP_POINTS, columns_of
from talkhead.engines.ditto.motion.layout import ANGLES, PARTS, Rows, joined, split
from talkhead.engines.ditto.motion.stitch_settings import StitchSettings

_OF_THE_FACE_SIZE = (*ANGLES, "exp")  # parts whose change grows with the face


_LIPS, _EYES = columns_of(LIP_POINTS), columns_of(EYE_POINTS)


def mixed(
    settings: StitchSettings,
    source: Float32[np.ndarray, "_ 265"],
    generated: Float32[np.ndarray, "frames 265"],
    reference: Float32[np.ndarray, " 265"] | None,
    ratio: float,
) -> Rows:
    """The driven parts: generated, or with a reference source + change since it (§5 step 3).

    `ratio` is the face size of the `ch_info` over that of the source, 1 without.
    """
    own, new = split(source), split(generated)
    base = None if reference is None else split(reference)
    parts = {name: np.broadcast_to(own[name], new[name].shape) for name in PARTS}
    for name, gain in settings.driven.items():
        if base is None:
            parts[name] = new[name] * np.float32(gain)
        else:
            size = gain * ratio if name in _OF_THE_FACE_SIZE else gain
            parts[name] = own[name] + (new[name] - base[name]) * np.float32(size)
    return joined(parts)


def masked(
    settings: StitchSettings,
    source: Float32[np.ndarray, "_ 63"],
    expression: Float32[np.ndarray, "frames 63"],
    blinks: Float32[np.ndarray, "frames 63"] | None,
) -> Float32[np.ndarray, "frames 63"]:
    """The lips, and the eyes if they are driven, of `expression`; the rest is the source's.

    With `blinks`, driven eyes are the source's plus these (§5 step 4).
    """
    kept = np.where(_LIPS, expression, source)
    if not settings.drive_eye:
        return kept
    return np.where(_EYES, expression if blinks is None else source + blinks, kept)
