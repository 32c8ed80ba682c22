"""What an engine is: an audio encoder, a motion generator and a renderer, and what it can do.

The three models are synchronous and batched: they take a list with one item a session and give a
list of the same length. They keep nothing between calls, so any process can serve any item; what
a window needs of its past travels with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from talkhead.errors import ControlOutOfRange, UnknownControl
from talkhead.types import AudioFeatures, Controls, ControlValue, Frames, Image, Motion, Waveform


@dataclass(frozen=True)
class Control:
    """One thing a caller may set: a number in a range, or a word of a list."""

    name: str
    default: ControlValue
    effect: str  # one sentence, for people
    minimum: float = 0.0
    maximum: float = 1.0
    choices: tuple[str, ...] = ()  # a word control if not empty

    def check(self, value: ControlValue) -> ControlValue:
        """The value, converted.

        Raises:
            ControlOutOfRange: it is not one of the choices, not a number, or out of range.
        """
        param = f"options.controls.{self.name}"
        if self.choices:
            if value not in self.choices:
                words = ", ".join(self.choices)
                raise ControlOutOfRange(f"{self.name} is {value!r}; it can be {words}", param)
            return value
        try:
            number = float(value)
        except (TypeError, ValueError):
            message = f"{self.name} is {value!r}; it must be a number"
            raise ControlOutOfRange(message, param) from None
        if not self.minimum <= number <= self.maximum:  # also refuses NaN
            span = f"{self.minimum:g} to {self.maximum:g}"
            raise ControlOutOfRange(f"{self.name} is {number:g}; {span} is possible", param)
        return number


@dataclass(frozen=True)
class Schedule:
    """How the time line is cut into motion windows, in video frames.

    Window 0 yields `first` frames, every later one `step`. To make frames [start, stop) a window
    hears the audio of frames [start - context, stop + look_ahead), silence where the input has
    none, and sees the last `previous` frames of motion.
    """

    first: int
    step: int
    look_ahead: int
    context: int
    previous: int


@dataclass(frozen=True)
class EngineInfo:
    name: str
    title: str
    code_licence: str
    weights_licence: str
    default_size: int  # frame height and width, pixels
    minimum_size: int
    maximum_size: int
    schedule: Schedule
    motion_dim: int  # columns of a motion row
    controls: tuple[Control, ...] = ()

    def check_controls(self, given: Controls) -> dict[str, ControlValue]:
        """All controls with their values: those given, checked, and the defaults of the others.

        Raises:
            UnknownControl: this engine has no control of that name.
            ControlOutOfRange: a value is not possible.
        """
        known = {control.name: control for control in self.controls}
        for name in given:
            if name not in known:
                message = f"engine {self.name!r} has no control {name!r}; it has {', '.join(known)}"
                raise UnknownControl(message, f"options.controls.{name}")
        defaults = {name: control.default for name, control in known.items()}
        return defaults | {name: known[name].check(value) for name, value in given.items()}


@dataclass(frozen=True, slots=True)
class MotionWindow:
    """One item for a motion generator.

    `features` has context + first (or step) + look_ahead rows, whatever `frames` is; `previous`
    holds up to `Schedule.previous` rows of the motion before `start` (none in window 0).
    """

    features: AudioFeatures
    previous: Motion
    frames: int  # rows wanted: fewer than the schedule says in the last window
    seed: int  # of the session
    index: int  # of the window: noise is drawn from (seed, index), on the CPU
    controls: Controls = field(default_factory=dict)  # complete: from EngineInfo.check_controls


@runtime_checkable  # like those below: tests check what is handed in
class AudioEncoder(Protocol):
    def encode(self, waveforms: Sequence[Waveform]) -> list[AudioFeatures]:
        """One feature row for each SAMPLES_PER_FRAME samples of each waveform."""


@runtime_checkable
class MotionGenerator(Protocol):
    def generate(self, windows: Sequence[MotionWindow]) -> list[Motion]:
        """`window.frames` rows of motion for each window."""


@runtime_checkable
class Appearance(Protocol):
    """All a renderer needs to know of one portrait. Made once, rendered many times."""

    @property
    def checks(self) -> Mapping[str, float]:
        """What was measured of the face: `face_pixels`, `yaw_degrees`, ..."""

    def to_bytes(self) -> bytes:
        """A form that `Renderer.load` reads back, for storage: no pickle."""


@runtime_checkable
class Renderer(Protocol):
    def register(self, portrait: Image) -> Appearance:
        """Study a portrait.

        Raises:
            PortraitError: what is wrong with it, with the measured value.
        """

    def load(self, data: bytes) -> Appearance:
        """The inverse of `Appearance.to_bytes`."""

    def render(
        self, items: Sequence[tuple[Appearance, Motion, Controls]], size: int
    ) -> list[Frames]:
        """Frames of `size` x `size` pixels for each item; items may show different portraits."""


class Engine(Protocol):
    """Loads its models on demand; importing or constructing one loads nothing heavy."""

    @property
    def info(self) -> EngineInfo: ...

    def missing_weights(self) -> list[Path]:
        """Files that must be there before anything can be loaded; empty when ready."""

    def audio_encoder(self, device: str) -> AudioEncoder: ...

    def motion_generator(self, device: str) -> MotionGenerator: ...

    def renderer(self, device: str) -> Renderer: ...
