"""What may be set of the motion: once for a session, and for each of its frames."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from jaxtyping import Float32

from talkhead.engines.ditto.motion.layout import ANGLES


@dataclass(frozen=True)
class FrameControls:
    """One row for each frame, or one row for all of them; None, or NaN in a frame: not given.

    `delta_degrees` is added to pitch, yaw and roll, of which `alpha` is a factor: of their logits,
    as published, and of the degrees of an angle that has a delta. `delta_exp` is added to the
    expression. `vad_alpha` goes from 0, the source's expression, to 1, the motion's; `fade_alpha`
    from 0, what the video fades to, to 1.
    """

    delta_degrees: Float32[np.ndarray, "_ 3"] | None = None
    alpha: Float32[np.ndarray, "_ 3"] | None = None
    delta_exp: Float32[np.ndarray, "_ 63"] | None = None
    vad_alpha: Float32[np.ndarray, " _"] | None = None
    fade_alpha: Float32[np.ndarray, " _"] | None = None

    def over(self, other: "FrameControls") -> "FrameControls":
        """These, and what is not given of them from `other`."""
        lower = vars(other)
        return FrameControls(
            **{name: _over(rows, lower[name]) for name, rows in vars(self).items()}
        )

    def part(self, start: int, count: int) -> "FrameControls":
        """Of controls that begin with frame 0 those of the frames [start, start + count)."""
        return FrameControls(
            **{
                name: rows if rows is None or len(rows) == 1 else rows[start : start + count]
                for name, rows in vars(self).items()
            }
        )


def _over(mine: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
    if mine is None or other is None:
        return other if mine is None else mine
    return np.where(np.isnan(mine), other, mine)


DRIVEN = ("exp", *ANGLES, "t")


def _all_driven() -> Mapping[str, float]:
    return dict.fromkeys(DRIVEN, 1.0)


@dataclass(frozen=True)
class StitchSettings:
    """Switches of the stitching step (ditto.md §5); the defaults are those of a picture."""

    driven: Mapping[str, float] = field(default_factory=_all_driven)  # parts that move, and gains
    relative: bool = True  # add to the source's motion the change since a reference
    drive_eye: bool = True  # the eyes follow the motion, and their gaze stays where it was
    channel_scale: float | None = None  # face size of the `ch_info` that the motion was made for
    fade_to: Literal["", "d0", "s"] = ""  # not at all, to the first frame's result, to the source
    fade_parts: tuple[str, ...] = ("exp",)
    stitching: bool = True  # the network that joins head and shoulders
    overall: FrameControls = FrameControls()  # for frames that do not say otherwise


FOR_PICTURES = StitchSettings()
FOR_VIDEOS = replace(FOR_PICTURES, driven={"exp": 1.0}, drive_eye=False)
