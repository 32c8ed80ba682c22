"""What a caller may set, and what the motion makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import numpy as np
from jaxtyping import Float32

from talkhead.engines.control import Control, MixControl, OffsetsControl, number, word
from talkhead.engines.ditto.motion.condition import EMOTIONS, emotion_weights
from talkhead.engines.ditto.motion.expression import point_deltas
from talkhead.engines.ditto.motion.fusion import PUBLISHED_ONLINE, Fusion
from talkhead.engines.ditto.motion.gaze import gaze_deltas
from talkhead.engines.ditto.motion.layout import ANGLES, POINTS
from talkhead.engines.ditto.motion.stitch_settings import (
    FOR_PICTURES,
    FrameControls,
    StitchSettings,
)
from talkhead.errors import ControlOutOfRange
from talkhead.types import Controls

CANVAS = 1024  # pixels: side of the square that is kept of a portrait, and the largest frame
ON_OFF = ("on", "off")
FADES: dict[str, Literal["d0", "s"]] = {"first_frame": "d0", "portrait": "s"}
ONLINE_OVERLAPS, OFFLINE_OVERLAPS = range(40, 76, 5), range(5, 41, 5)

_TURNS = {"pitch": "up and down", "yaw": "to the sides", "roll": "towards the shoulders"}

CONTROLS = (
    Control(
        "mode",
        "online",
        "online: the first frame after 0.9 s of speech; offline: after 3.3 s, with calmer motion.",
        choices=("online", "offline"),
    ),
    Control(
        "overlap",
        0.0,
        "Frames that neighbouring motion windows share, in fives: 40 to 75 online, 5 to 40"
        " offline. More is smoother, and costs more windows; online more is also sooner."
        " 0 takes what was published: 70 online, 10 offline.",
        maximum=75.0,
    ),
    Control("steps", 10.0, "Diffusion steps, whole: fewer are faster.", 2.0, 50.0),
    MixControl(
        "emotion",
        "neutral",
        "The feeling that the motion is made with; it shows at the mouth, and a little.",
        choices=EMOTIONS,
    ),
    Control("expression_scale", 1.0, "Multiplies how far lips and eyes move.", maximum=2.0),
    Control("head_scale", 1.0, "Multiplies the head's turns and shifts: 0 is still.", maximum=2.0),
    *(
        Control(f"{turn}_offset", 0.0, f"Degrees added to the head's turn {way}.", -30.0, 30.0)
        for turn, way in _TURNS.items()
    ),
    *(
        Control(
            f"{turn}_scale",
            1.0,
            f"Multiplies the head's whole angle {way}, the portrait's own included.",
            maximum=2.0,
        )
        for turn, way in _TURNS.items()
    ),
    Control(
        "drive_eyes",
        "on",
        "on: the eyes follow the motion, and their gaze stays when the head turns;"
        " off: they stay as in the portrait.",
        choices=ON_OFF,
    ),
    Control("gaze_x", 0.0, "Where the eyes look: -1 left in the picture, 1 right.", -1.0),
    Control("gaze_y", 0.0, "Where the eyes look: -1 down, 1 up.", -1.0),
    Control("fade_in", 0.0, "Frames over which the expression sets in.", maximum=125.0),
    Control(
        "fade_out",
        0.0,
        "Frames over which the expression leaves at the end: at most as many as are heard ahead,"
        " 10 with the usual overlaps.",
        maximum=40.0,
    ),
    Control("fade_to", "first_frame", "What fades begin with and end in.", choices=tuple(FADES)),
    OffsetsControl(
        "expression_offsets",
        {},
        "Moves points of the expression in every frame; the picture is 2 units wide.",
        minimum=-0.1,
        maximum=0.1,
        points=POINTS,
    ),
    Control(
        "relative",
        "on",
        "on: the portrait's own expression and pose, and the change; off: the motion as it is.",
        choices=ON_OFF,
    ),
    Control(
        "stitching",
        "on",
        "on: the network that joins head and shoulders; off: the neck may tear.",
        choices=ON_OFF,
    ),
)
BLINK_CONTROLS = (
    Control(
        "blink",
        "random",
        "random: every 2.4 to 4 s; regular: every blink_gap frames; none; driven: the motion"
        " decides.",
        choices=("random", "regular", "none", "driven"),
    ),
    Control("blink_gap", 75.0, "Frames between regular blinks, whole.", 20.0, 500.0),
)
CHARACTER_CONTROL = Control(
    "character",
    "published",
    "Whose way of speaking is played: of the face that was published with the model, or the"
    " portrait's.",
    choices=("published", "portrait"),
)


_PURE = {name: emotion_weights(place)[0] for place, name in enumerate(EMOTIONS)}


@dataclass(frozen=True)
class Plan:
    """What a session's controls come to."""

    fusion: Fusion
    steps: int
    emotion: Float32[np.ndarray, "sequence 8"]
    stitch: StitchSettings
    fade_in: int  # frames
    fade_out: int
    blink_gap: int | None  # as `blink_track` has it; None: the motion moves the lids
    published_character: bool  # the motion is made for the face that was published with it


def fusion_of(controls: Controls) -> Fusion:
    """How windows overlap.

    Raises:
        ControlOutOfRange: the overlap is not one of the mode's.
    """
    online = word(controls, "mode") == "online"
    usual = PUBLISHED_ONLINE if online else Fusion()
    overlap = number(controls, "overlap")
    if not overlap:
        return usual
    possible = ONLINE_OVERLAPS if online else OFFLINE_OVERLAPS
    if overlap not in possible:
        span = f"{possible[0]} to {possible[-1]} in fives"
        message = f"overlap is {overlap:g}; {span} is possible {word(controls, 'mode')}"
        raise ControlOutOfRange(message, "options.controls.overlap")
    return replace(usual, overlap=int(overlap))


def check_together(controls: Controls, look_ahead: int) -> None:
    """What each control cannot see.

    Raises:
        ControlOutOfRange: a number that must be whole is not, a fade is too long, or a control
            could have no effect beside the others.
    """
    for name in ("steps", "fade_in", "fade_out", *(("blink_gap",) if "blink" in controls else ())):
        if number(controls, name) % 1:
            message = f"{name} is {number(controls, name):g}; it must be a whole number"
            raise ControlOutOfRange(message, f"options.controls.{name}")
    fade_out = number(controls, "fade_out")
    if fade_out > look_ahead:
        message = f"fade_out is {fade_out:g}; with this mode and overlap up to {look_ahead} frames"
        raise ControlOutOfRange(f"{message} are heard ahead", "options.controls.fade_out")
    _refuse_idle(controls)


def _refuse_idle(controls: Controls) -> None:
    """Whoever sets what cannot show has another wish than the result would grant."""
    fades = number(controls, "fade_in") or number(controls, "fade_out")
    idle = {"fade_to": (not fades, "fade_in or fade_out")}
    if "blink" in controls:
        still = word(controls, "drive_eyes") == "off"
        idle["blink"] = (still, "drive_eyes=on")
        idle["blink_gap"] = (word(controls, "blink") != "regular", "blink=regular")
    usual = {control.name: control.default for control in (*CONTROLS, *BLINK_CONTROLS)}
    for name, (without_effect, needed) in idle.items():
        if without_effect and controls[name] != usual[name]:
            message = f"{name} has no effect here; it needs {needed}"
            raise ControlOutOfRange(message, f"options.controls.{name}")


def plan_of(controls: Controls) -> Plan:
    """From a complete and checked set of values."""
    fades = int(number(controls, "fade_in")), int(number(controls, "fade_out"))
    return Plan(
        fusion=fusion_of(controls),
        steps=int(number(controls, "steps")),
        emotion=_emotion(controls["emotion"]),
        stitch=_stitch(controls, fading=any(fades)),
        fade_in=fades[0],
        fade_out=fades[1],
        blink_gap=_blink_gap(controls),
        published_character=controls.get("character") == "published",
    )


def _stitch(controls: Controls, fading: bool) -> StitchSettings:
    head = dict.fromkeys((*ANGLES, "t"), number(controls, "head_scale"))
    return replace(
        FOR_PICTURES,
        driven={"exp": number(controls, "expression_scale")} | head,
        relative=word(controls, "relative") == "on",
        drive_eye=word(controls, "drive_eyes") == "on",
        fade_to=FADES[word(controls, "fade_to")] if fading else "",
        stitching=word(controls, "stitching") == "on",
        overall=_overall(controls),
    )


def _overall(controls: Controls) -> FrameControls:
    """Of every frame. An offset, if only 0, makes the factors act on degrees (ditto.md §5.6)."""
    offsets = [number(controls, f"{turn}_offset") for turn in ANGLES]
    scales = [number(controls, f"{turn}_scale") for turn in ANGLES]
    turned = any(offsets) or any(scale != 1 for scale in scales)
    return FrameControls(
        delta_degrees=np.array([offsets], np.float32) if turned else None,
        alpha=np.array([scales], np.float32) if turned else None,
        delta_exp=_moved_expression(controls),
    )


def _moved_expression(controls: Controls) -> Float32[np.ndarray, "1 63"] | None:
    gaze = [np.array([number(controls, name)], np.float32) for name in ("gaze_x", "gaze_y")]
    moves = cast(Mapping[str, Any], controls["expression_offsets"])
    if not any(gaze) and not moves:
        return None
    return gaze_deltas(*gaze) + point_deltas({int(point): at for point, at in moves.items()})


def _emotion(value: Any) -> Float32[np.ndarray, "sequence 8"]:
    entries = value if isinstance(value, list) else [value]
    return np.stack([_mixed(entry) for entry in entries])


def _mixed(entry: str | Mapping[str, float]) -> Float32[np.ndarray, " 8"]:
    if isinstance(entry, str):
        return _PURE[entry]
    weights = np.array([entry.get(name, 0.0) for name in EMOTIONS])
    return (weights / weights.sum()).astype(np.float32)


def _blink_gap(controls: Controls) -> int | None:
    if "blink" not in controls or word(controls, "blink") == "driven":
        return None
    gaps = {"random": 0, "none": -1, "regular": int(number(controls, "blink_gap"))}
    return gaps[word(controls, "blink")]
