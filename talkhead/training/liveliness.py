"""What a viewer would notice of motion without knowing the teacher's: how controls are judged."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from talkhead.engines.builtin.coefficients import ARKIT, INDEX
from talkhead.timing import FRAME_RATE
from talkhead.training.metrics import runs
from talkhead.training.teacher.emotions import EMOTION_RULES
from talkhead.types import Motion


@dataclass(frozen=True)
class Liveliness:
    jaw: float  # standard deviation of jawOpen
    lips: float  # sum of those of pucker, funnel and stretch
    head: float  # degrees, mean of those of pitch, yaw and roll
    brows: float  # standard deviation of browInnerUp
    blinks: float  # per minute


def liveliness(motions: Sequence[Motion]) -> Liveliness:
    def spread(*names: str) -> float:
        columns = [INDEX[name] for name in names]
        return float(np.mean([motion[:, columns].std(0) for motion in motions]))

    blinks = sum(len(runs(motion[:, INDEX["eyeBlinkLeft"]] > 0.45)) for motion in motions)
    return Liveliness(
        jaw=spread("jawOpen"),
        lips=spread("mouthPucker", "mouthFunnel", "mouthStretchLeft") * 3,
        head=spread("pitch", "yaw", "roll"),
        brows=spread("browInnerUp"),
        blinks=blinks / (sum(map(len, motions)) / FRAME_RATE / 60),
    )


def feelings(motions: Sequence[Motion], neutral: Sequence[Motion]) -> dict[str, float]:
    """How much of each emotion's full offsets the mean motion shows, compared with neutral.

    Projections on the offsets of the emotion alone; 1 is what the teacher shows at intensity 1.
    """
    shown = _mean(motions) - _mean(neutral)
    result = {}
    for name, rules in EMOTION_RULES.items():
        row = rules.row()
        row[len(ARKIT) :] = 0
        if row.any():
            result[name] = float(shown @ row / (row @ row))
    return result


def _mean(motions: Sequence[Motion]) -> Float[np.ndarray, " dim"]:
    """Of the coefficients: degrees would outweigh them."""
    mean: Float[np.ndarray, " dim"] = np.concatenate(motions).mean(0)
    mean[len(ARKIT) :] = 0
    return mean
