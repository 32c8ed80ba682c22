"""What an engine is: an audio encoder, a motion generator and a renderer, and what it can do.

The three models are synchronous and batched: they take a list with one item a session and give a
list of the same length. They keep nothing between calls, so any process can serve any item; what
a window needs of its past travels with it.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from talkhead.engines.control import Control
from talkhead.errors import UnknownControl
from talkhead.types import AudioFeatures, Controls, ControlValue, Frames, Image, Motion, Waveform
from talkhead.weights.files import EngineWeights


@dataclass(frozen=True)
class Hearing:
    """How audio becomes feature rows where a row does not depend on the window that uses it.

    A chunk is the audio of `frames` video frames, `before` samples earlier and `after` later,
    silence where the input has none; it yields a row for each of its frames. Each row is made once.
    """

    frames: int
    before: int  # samples
    after: int  # samples
    beyond_end: bool  # chunks go on while they hear anything at all, and so outlast the video


@dataclass(frozen=True)
class Schedule:
    """How the time line is cut into motion windows, in video frames.

    Window 0 yields `first` frames (possibly none, to get ready), every later one `step`. To make
    frames [start, stop) a window uses the features of frames [start - context, stop + look_ahead).
    Without `hearing` they are made from just that audio, silence where the input has none; with
    it, rows before the first and after the last are not there.
    """

    first: int
    step: int
    look_ahead: int
    context: int
    hearing: Hearing | None = None


@dataclass(frozen=True)
class EngineInfo:
    name: str
    title: str
    code_licence: str
    weights_licence: str
    default_size: int  # frame height and width, pixels
    minimum_size: int
    maximum_size: int
    schedule_for: Callable[[Controls], Schedule]  # of a complete set of values
    feature_dim: int  # columns of a feature row
    motion_dim: int  # columns of a motion row
    reference_dim: int = 0  # columns of `Appearance.reference`; 0: motion knows no portrait
    controls: tuple[Control, ...] = ()
    plays_characters: bool = False  # makes motion for another face than the one shown, if asked
    needs_gpu: bool = False  # to be live: on a CPU a frame takes seconds

    def check_controls(self, given: Controls) -> dict[str, ControlValue]:
        """All controls with their values: those given, checked, and the defaults of the others.

        Raises:
            UnknownControl: this engine has no control of that name.
            ControlOutOfRange: a value is not possible, or not together with another.
        """
        known = {control.name: control for control in self.controls}
        for name in given:
            if name not in known:
                message = f"engine {self.name!r} has no control {name!r}; it has {', '.join(known)}"
                raise UnknownControl(message, f"options.controls.{name}")
        defaults = {name: control.default for name, control in known.items()}
        checked = defaults | {name: known[name].check(value) for name, value in given.items()}
        self.schedule_for(checked)  # raises what does not go together
        return checked


NOTHING: Motion = np.zeros((0, 0), np.float32)


@dataclass(frozen=True, slots=True)
class MotionWindow:
    """One item for a motion generator: all that the window depends on.

    `features` are rows as `Schedule` says, for a full window whatever `frames` is; `tail` is what
    the generator gave with the window before (no rows in window 0). `reference` is the portrait's
    row, `Appearance.reference`; of a source video the row of its first frame, then one for each
    feature row.
    """

    features: AudioFeatures
    tail: Motion
    frames: int  # rows wanted: fewer than the schedule says in the last window
    seed: int  # of the session
    index: int  # of the window: noise is drawn from (seed, index), on the CPU
    controls: Controls = field(default_factory=dict)  # complete: from EngineInfo.check_controls
    start: int = 0  # frame of the first row wanted
    total: int | None = None  # frames of the whole video, once the input has ended
    reference: Motion = field(default_factory=lambda: NOTHING)
    character: Motion = field(default_factory=lambda: NOTHING)  # of another face to play, if any


@dataclass(frozen=True, slots=True)
class MotionStep:
    """What a motion generator makes of a window."""

    motion: Motion  # `MotionWindow.frames` rows
    tail: Motion  # what the next window must be given; its meaning is the generator's own


@runtime_checkable  # like those below: tests check what is handed in
class Model(Protocol):
    def close(self) -> None:
        """End its threads; nothing is asked of it afterwards."""


@runtime_checkable
class AudioEncoder(Model, Protocol):
    def encode(self, waveforms: Sequence[Waveform]) -> list[AudioFeatures]:
        """One feature row for each SAMPLES_PER_FRAME samples of each waveform."""


@runtime_checkable
class MotionGenerator(Model, Protocol):
    def kind(self, window: MotionWindow) -> Hashable:
        """Windows of one kind gain by sharing a batch."""

    def generate(self, windows: Sequence[MotionWindow]) -> list[MotionStep]:
        """The motion of each window."""


@runtime_checkable
class Appearance(Protocol):
    """All a renderer needs to know of one portrait. Made once, rendered many times."""

    @property
    def checks(self) -> Mapping[str, float]:
        """What was measured of the face: `face_pixels`, `yaw_degrees`, ..."""

    @property
    def reference(self) -> Motion:
        """What motion must know of the portrait, `EngineInfo.reference_dim` columns; small."""

    def to_bytes(self) -> bytes:
        """A form that `Renderer.load` reads back, for storage: no pickle."""


@runtime_checkable
class Renderer(Model, Protocol):
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

    @property
    def weights(self) -> EngineWeights:
        """Its files of weights, with their licences, and where they are."""

    def audio_encoder(self, device: str) -> AudioEncoder: ...

    def motion_generator(self, device: str) -> MotionGenerator: ...

    def renderer(self, device: str) -> Renderer: ...
