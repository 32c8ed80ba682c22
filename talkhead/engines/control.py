"""What a caller may set: numbers, words, mixes of words, and offsets of points."""

import math
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from talkhead.errors import ControlOutOfRange
from talkhead.types import Controls, ControlValue


@dataclass(frozen=True)
class Control:
    """A number in a range, or a word of a list."""

    name: str
    default: ControlValue
    effect: str  # one sentence, for people
    minimum: float = 0.0
    maximum: float = 1.0
    choices: tuple[str, ...] = ()  # a word control if not empty

    @property
    def kind(self) -> str:
        return "word" if self.choices else "number"

    @property
    def values(self) -> str:
        """What is possible, for people."""
        return ", ".join(self.choices) or f"{self.minimum:g} to {self.maximum:g}"

    def check(self, value: Any) -> ControlValue:
        """The value, converted.

        Raises:
            ControlOutOfRange: it is not one of the choices, not a number, or out of range.
        """
        return self._word(value) if self.choices else self._number(value)

    def _word(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise self._wrong(f"is {_short(value)}; it can be {', '.join(self.choices)}")
        return value

    def _number(self, value: Any, verb: str = "is") -> float:
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if math.isnan(number):
            raise self._wrong(f"{verb} {_short(value)}; it must be a number")
        if not self.minimum <= number <= self.maximum:
            span = f"{self.minimum:g} to {self.maximum:g}"
            raise self._wrong(f"{verb} {number:g}; {span} is possible")
        return number

    def _wrong(self, how: str) -> ControlOutOfRange:
        return ControlOutOfRange(f"{self.name} {how}", f"options.controls.{self.name}")


@dataclass(frozen=True)
class MixControl(Control):
    """A word, a mix of words with weights, or a list of these: one a frame, repeating."""

    longest: ClassVar[int] = 1500  # entries of a list: a minute of video
    lightest: ClassVar[float] = 0.001  # weight of a mix in all

    @property
    def kind(self) -> str:
        return "mix"

    @property
    def values(self) -> str:
        one, other = self.choices[:2]
        mix = f'{{"{one}": 0.7, "{other}": 0.3}}'
        return f"{', '.join(self.choices)}; a mix like {mix}; or a list of these, one a frame"

    def check(self, value: Any) -> ControlValue:
        """The value, with the weights of each mix as floats.

        Raises:
            ControlOutOfRange: an unknown word, a weight that is negative or no number, weights
                that are all 0, an empty list or one that is too long.
        """
        if not isinstance(value, list):
            return self._entry(value)
        if not 0 < len(value) <= self.longest:
            raise self._wrong(f"has {len(value)} entries; 1 to {self.longest} are possible")
        return [self._entry(entry) for entry in value]

    def _entry(self, value: Any) -> str | dict[str, float]:
        if not isinstance(value, Mapping):
            return self._word(value)
        weights = {
            self._word(word): self._number(weight, f"has for {word} the weight")
            for word, weight in value.items()
        }
        if sum(weights.values()) < self.lightest:
            raise self._wrong(f"is a mix of no weight; {self.lightest:g} in all is the least")
        return weights


@dataclass(frozen=True)
class OffsetsControl(Control):
    """Offsets (x, y, z) of numbered points: `{"14": [0, 0.01, 0]}`."""

    points: int = 0  # how many there are

    @property
    def kind(self) -> str:
        return "offsets"

    @property
    def values(self) -> str:
        last = self.points - 1
        span = f"{self.minimum:g} to {self.maximum:g}"
        return f'like {{"{last}": [0, 0.01, 0]}}: points 0 to {last}, each of x, y, z {span}'

    def check(self, value: Any) -> ControlValue:
        """The value, with every offset as three floats.

        Raises:
            ControlOutOfRange: no object, a point that is not there, or an offset out of range.
        """
        if not isinstance(value, Mapping):
            raise self._wrong(f"is {_short(value)}; it must be {self.values}")
        return {self._point(point): self._offset(offset) for point, offset in value.items()}

    def _point(self, point: Any) -> str:
        name = str(point)
        if name not in map(str, range(self.points)):
            raise self._wrong(f"has a point {_short(point)}; there are 0 to {self.points - 1}")
        return name

    def _offset(self, offset: Any) -> list[float]:
        if not isinstance(offset, list | tuple) or len(offset) != 3:
            raise self._wrong(f"has an offset {_short(offset)}; it must be [x, y, z]")
        return [self._number(part, "has an offset of") for part in offset]


def _short(value: Any) -> str:
    """As it was given, but no more than a line of it."""
    return reprlib.repr(value)


def number(controls: Controls, name: str) -> float:
    """A number control's value, of a set that `EngineInfo.check_controls` gave."""
    value = controls[name]
    assert isinstance(value, float | int)
    return float(value)


def word(controls: Controls, name: str) -> str:
    """A word control's value, of a set that `EngineInfo.check_controls` gave."""
    value = controls[name]
    assert isinstance(value, str)
    return value
