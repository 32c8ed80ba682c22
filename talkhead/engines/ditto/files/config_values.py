"""What a value of a published configuration may be: one function for each kind (ditto.md §10).

Each takes what the file holds and returns it ready for use; its ValueError continues the sentence
"this should be".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float32

_PARTS = {"scale": 1, "pitch": 66, "yaw": 66, "roll": 66, "t": 3, "exp": 63, "kp": 63}
STEEPEST = 30  # degrees: as far as the control of the same name goes


@dataclass(frozen=True, eq=False)
class ChannelInfo:
    """The face that stands in for the avatar's in the motion's conditions (`ch_info`, §3.3)."""

    source: tuple[Mapping[str, Float32[np.ndarray, "_ _"]], ...]  # a frame: parts by their name
    canonical: Float32[np.ndarray, " 63"]  # sc: key points, 21 x 3
    eye_open: Float32[np.ndarray, "frames 2"]
    eye_ball: Float32[np.ndarray, "frames 6"]


def tilt(value: object) -> Mapping[str, float]:
    """Of `overall_ctrl_info` what is used: `delta_pitch`, in degrees."""
    if not isinstance(value, dict):
        raise ValueError("a dict")
    if "delta_pitch" not in value:
        return {}
    angle = value["delta_pitch"]
    usable = isinstance(angle, int | float) and not isinstance(angle, bool)
    if not usable or not abs(angle) <= STEEPEST:  # also not if it is NaN
        raise ValueError(f"a dict whose delta_pitch is a number, {-STEEPEST} to {STEEPEST}")
    return MappingProxyType({"delta_pitch": float(angle)})


def array(*shape: int) -> Callable[[object], np.ndarray]:
    """Converts to float32 of that shape; -1 fits each length. The result cannot be written to."""

    def convert(value: object) -> np.ndarray:
        try:
            with np.errstate(over="ignore"):  # what is too large becomes infinite, see below
                numbers = np.array(value, np.float32)
        except (TypeError, ValueError):
            raise ValueError(f"numbers of shape {shape}") from None
        fits = len(shape) == numbers.ndim and all(
            want in (-1, have) for want, have in zip(shape, numbers.shape, strict=True)
        )
        if not fits:
            raise ValueError(f"of shape {shape}, it has {numbers.shape}")
        if not np.isfinite(numbers).all():
            raise ValueError("finite numbers")
        numbers.flags.writeable = False
        return numbers

    return convert


def limits(value: object) -> np.ndarray:
    """The smallest and the largest motion; two further rows are not read and may be anything."""
    if np.shape(_numbers(value)) != (4, 265):
        raise ValueError(f"of shape (4, 265), it has {np.shape(_numbers(value))}")
    return array(2, 265)(_numbers(value)[:2])


def or_none(convert: Callable[[object], object]) -> Callable[[object], object]:
    return lambda value: None if value is None else convert(value)


def channel(value: object) -> ChannelInfo:
    names = ("x_s_info_lst", "sc", "eye_open_lst", "eye_ball_lst")
    if not isinstance(value, dict) or not value.keys() >= set(names):
        raise ValueError(f"a dict with {', '.join(names)}")
    frames = value["x_s_info_lst"]
    if not isinstance(frames, list) or not frames:
        raise ValueError("a dict whose x_s_info_lst is a list of dicts, one a frame")
    eye_open = _named("eye_open_lst", _rows(2), value["eye_open_lst"])
    eye_ball = _named("eye_ball_lst", _rows(6), value["eye_ball_lst"])
    if len(eye_open) != len(eye_ball):
        have = f"they have {len(eye_open)} and {len(eye_ball)}"
        raise ValueError(f"a dict whose eye_open_lst and eye_ball_lst are as long, {have}")
    return ChannelInfo(
        source=tuple(_frame(frame, f"x_s_info_lst[{i}]") for i, frame in enumerate(frames)),
        canonical=_named("sc", array(63), _flat(value["sc"])),
        eye_open=eye_open,
        eye_ball=eye_ball,
    )


def _frame(frame: object, name: str) -> Mapping[str, np.ndarray]:
    """The parts of one frame's motion, (1, k) each."""
    if not isinstance(frame, dict) or not frame.keys() >= _PARTS.keys():
        raise ValueError(f"a dict whose {name} is a dict with {', '.join(_PARTS)}")
    parts = {
        part: _named(f"{name}.{part}", array(1, width), [_flat(frame[part])])
        for part, width in _PARTS.items()
    }
    return MappingProxyType(parts)


def _rows(width: int) -> Callable[[object], np.ndarray]:
    """A list with one row a frame, of shape (width,) or (1, width)."""

    def convert(value: object) -> np.ndarray:
        if not isinstance(value, list) or not value:
            raise ValueError(f"a list of rows of {width} numbers")
        return array(-1, width)([_flat(row) for row in value])

    return convert


def _named(name: str, convert: Callable[[object], np.ndarray], value: object) -> np.ndarray:
    try:
        return convert(value)
    except ValueError as error:
        raise ValueError(f"a dict whose {name} is {error}") from None


def _flat(value: object) -> np.ndarray:
    return _numbers(value).reshape(-1)


def _numbers(value: object) -> np.ndarray:
    """As an array, whatever it is; rows of several lengths, which are none, as one of objects."""
    try:
        return np.asarray(value)
    except ValueError:
        return np.asarray(value, object)
