"""How a speaker is asked to look: the emotion and style words that the motion model knows."""

from dataclasses import dataclass

EMOTIONS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise", "contempt")
STYLES = ("jaw", "lips", "head", "brows", "blinks")


@dataclass(frozen=True)
class Condition:
    emotion: str = "neutral"  # one of EMOTIONS
    intensity: float = 0.0  # 0 to 1
    styles: tuple[float, ...] = (0.0,) * len(STYLES)  # each -1 (little) to 1 (much), 0 = usual
