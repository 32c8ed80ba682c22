"""Emotions as offsets of the motion row and as gains of what moves."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from talkhead.engines.builtin.coefficients import INDEX, NAMES


def columns(name: str) -> list[int]:
    """The columns of a coefficient; a name without a side means both."""
    return [INDEX[name]] if name in INDEX else [INDEX[f"{name}Left"], INDEX[f"{name}Right"]]


@dataclass(frozen=True)
class Emotion:
    """What changes at intensity 1."""

    offsets: dict[str, float] = field(default_factory=dict)  # added to the row
    mouth: float = 1.0  # gains
    head: float = 1.0
    brows: float = 1.0
    blinks: float = 1.0

    def row(self) -> Float[np.ndarray, " dim"]:
        row = np.zeros(len(NAMES))
        for name, offset in self.offsets.items():
            row[columns(name)] += offset
        return row

    def gain(self, part: str, intensity: float) -> float:
        return float(1 + (getattr(self, part) - 1) * intensity)


EMOTION_RULES = {
    "neutral": Emotion(),
    "happy": Emotion(
        {
            **{"mouthSmile": 0.50, "cheekSquint": 0.40, "eyeSquint": 0.22, "browOuterUp": 0.10},
            **{"mouthDimple": 0.12, "roll": 1.0},
        },
        *(1.10, 1.15, 1.2, 1.0),
    ),
    "sad": Emotion(
        {
            **{"mouthFrown": 0.42, "browInnerUp": 0.55, "eyeLookDown": 0.15, "eyeBlink": 0.12},
            **{"mouthShrugLower": 0.20, "pitch": 6.0},
        },
        *(0.72, 0.6, 0.6, 0.8),
    ),
    "angry": Emotion(
        {
            **{"browDown": 0.65, "eyeSquint": 0.35, "noseSneer": 0.28, "mouthPress": 0.14},
            **{"mouthFrown": 0.16, "jawForward": 0.14, "pitch": 3.0},
        },
        *(1.15, 1.25, 0.6, 0.7),
    ),
    "disgust": Emotion(
        {
            **{"noseSneer": 0.58, "mouthUpperUp": 0.24, "browDown": 0.32, "mouthFrown": 0.24},
            **{"eyeSquint": 0.25, "cheekSquint": 0.2, "pitch": -3.0},
        },
        *(0.9, 0.9, 0.7, 0.9),
    ),
    "fear": Emotion(
        {
            **{"browInnerUp": 0.62, "browOuterUp": 0.28, "eyeWide": 0.52, "mouthStretch": 0.32},
            **{"tz": -2.0},
        },
        *(0.95, 1.1, 1.1, 1.3),
    ),
    "surprise": Emotion(
        {
            **{"browInnerUp": 0.50, "browOuterUp": 0.62, "eyeWide": 0.48, "jawOpen": 0.10},
            **{"pitch": -3.0},
        },
        *(1.15, 1.1, 1.4, 0.8),
    ),
    "contempt": Emotion(
        {
            **{"mouthSmileLeft": 0.34, "mouthDimpleLeft": 0.32, "eyeSquint": 0.2},
            **{"browOuterUpRight": 0.22, "noseSneerLeft": 0.14, "pitch": -5.0, "roll": 2.5},
        },
        *(0.85, 0.8, 0.8, 0.9),
    ),
}
