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


@dataclass(frozen=True, eq=False)
class ChannelInfo:
    """The face that stands in for the avatar's in the motion's conditions (`ch_info`, §3.3)."""

    source: tuple[Mapping[str, Float32[np.ndarray, "_ _"]], ...]  # a frame: parts by their name
    canonical: Float32[np.ndarray, " 63"]  # sc: key points, 21 x 3
    eye_open: Float32[np.ndarray, "frames 2"]
    eye_ball: Float32[np.ndarray, "frames 6"]


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("a whole number")
    return value


def within(lowest: int, highest: int) -> Callable[[object], int]:
    def convert(value: object) -> int:
        if not lowest <= whole(value) <= highest:
            raise ValueError(f"{lowest} to {highest}")
        return whole(value)

    return convert


def number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a number")
    return float(value)


def text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a text")
    return value


def texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, list | tuple | set):
        raise ValueError("a list of texts")
    return tuple(text(entry) for entry in value)


def numbers_by_name(value: object) -> Mapping[str, float]:
    if not isinstance(value, dict):
        raise ValueError("a dict of numbers")
    return MappingProxyType({text(key): number(entry) for key, entry in value.items()})


def array(*shape: int) -> Callable[[object], np.ndarray]:
    """Converts to float32 of that shape; -1 fits each length. The result cannot be written to."""

    def convert(value: object) -> np.ndarray:
        try:
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
    rows = np.asarray(value)
    if rows.shape != (4, 265):
        raise ValueError(f"of shape (4, 265), it has {rows.shape}")
    return array(2, 265)(rows[:2])


def or_none(convert: Callable[[object], object]) -> Callable[[object], object]:
    return lambda value: None if value is None else convert(value)


def span(value: object) -> tuple[int, int]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError("two whole numbers")
    return whole(value[0]), whole(value[1])


def gaps(value: object) -> int | tuple[int, ...]:
    return tuple(whole(gap) for gap in value) if isinstance(value, list | tuple) else whole(value)


def emotion(value: object) -> object:
    """A label, a list of labels or of lists of labels, or rows of eight shares."""
    if isinstance(value, np.ndarray):
        return array(-1, 8)(value)
    if isinstance(value, list):
        return [emotion(entry) for entry in value]
    if whole(value) not in range(8):
        raise ValueError("0 to 7")
    return value


def driven(value: object) -> object:
    return numbers_by_name(value) if isinstance(value, dict) else texts(value)


def _rows(value: object, width: int) -> np.ndarray:
    """A list with one row a frame, of shape (width,) or (1, width)."""
    if not isinstance(value, list) or not value:
        raise ValueError(f"a list of rows of {width} numbers")
    return array(-1, width)([_flat(row) for row in value])


def _flat(value: object) -> np.ndarray:
    return np.reshape(np.asarray(value), -1)


def channel(value: object) -> ChannelInfo:
    names = ("x_s_info_lst", "sc", "eye_open_lst", "eye_ball_lst")
    if not isinstance(value, dict) or not value.keys() >= set(names):
        raise ValueError(f"a dict with {', '.join(names)}")
    frames = value["x_s_info_lst"]
    if not isinstance(frames, list) or not all(isinstance(frame, dict) for frame in frames):
        raise ValueError("a dict whose x_s_info_lst is a list of dicts")
    return ChannelInfo(
        source=tuple(MappingProxyType(_frame(frame)) for frame in frames),
        canonical=array(63)(_flat(value["sc"])),
        eye_open=_rows(value["eye_open_lst"], 2),
        eye_ball=_rows(value["eye_ball_lst"], 6),
    )


def _frame(frame: Mapping[object, object]) -> dict[str, np.ndarray]:
    """The known parts of one frame's motion, (1, k) each."""
    return {
        name: array(1, width)([_flat(frame[name])])
        for name, width in _PARTS.items()
        if name in frame
    }
