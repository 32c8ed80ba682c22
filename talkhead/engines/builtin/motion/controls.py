"""What a caller may set, and what the model makes of it."""

from dataclasses import dataclass

from talkhead.engines.builtin.motion.conditions import EMOTIONS, Condition
from talkhead.engines.control import Control, number, word
from talkhead.types import Controls

_STYLE_EFFECTS = {
    "jaw_style": "How far the jaw opens: -1 mumbles, 0 is usual, 1 opens wide.",
    "lip_style": "How much the lips do: -1 is slack, 0 is usual, 1 articulates.",
    "head_style": "How lively the head is: -1 is calm, 0 is usual, 1 is lively.",
    "brow_style": "How much the brows accompany the speech: -1 little, 0 as usual, 1 much.",
    "blink_style": "How often the eyes blink: -1 half as often, 0 as usual, 1 about twice.",
}

CONTROLS = (
    Control("emotion", "neutral", "The feeling the face shows.", choices=EMOTIONS),
    Control("emotion_intensity", 0.8, "How strongly it shows: 0 is neutral, 1 is full."),
    *(Control(name, 0.0, effect, minimum=-1.0) for name, effect in _STYLE_EFFECTS.items()),
    Control("head_scale", 1.0, "Multiplies the head's turns and shifts: 0 is still.", maximum=2.0),
    Control(
        *(
            "audio_guidance",
            1.0,
            "Above 1 the face follows the voice a little more, in twice the time.",
        ),
        minimum=1.0,
        maximum=2.0,
    ),
    Control(
        *(
            "motion_steps",
            10.0,
            "Diffusion steps: fewer are faster; with 4 a quarter of the blinks remains.",
        ),
        minimum=1.0,
        maximum=20.0,
    ),
)


@dataclass(frozen=True)
class Sampling:
    """How to draw a window's motion."""

    condition: Condition
    steps: int
    guidance: float
    head_scale: float


def sampling(controls: Controls) -> Sampling:
    """From a complete and checked set of values."""
    return Sampling(
        condition=Condition(
            emotion=word(controls, "emotion"),
            intensity=_intensity(controls),
            styles=tuple(number(controls, name) for name in _STYLE_EFFECTS),
        ),
        steps=round(number(controls, "motion_steps")),
        guidance=number(controls, "audio_guidance"),
        head_scale=number(controls, "head_scale"),
    )


def _intensity(controls: Controls) -> float:
    return 0.0 if controls["emotion"] == "neutral" else number(controls, "emotion_intensity")
