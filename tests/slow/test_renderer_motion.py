"""Smooth motion looks smooth: no jumps, no pulsing sharpness, nothing else moves.

`PYTHONPATH=. python tests/slow/test_renderer_motion.py` prints the figures.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from jaxtyping import Float32

import talkhead
from talkhead.engines.builtin.coefficients import INDEX, NAMES
from talkhead.engines.builtin.renderer.appearance import PortraitAppearance
from talkhead.engines.builtin.renderer.renderer import BuiltinRenderer

EXAMPLES = Path(talkhead.__file__).with_name("examples")
PORTRAITS = ("hopper", "collins")
PARTS = ("mouth", "eye", "cheek")
SWEEP = 81  # frames
GLIDE = 41  # frames over 2 pixels
LARGEST_STEP = 1.25  # over the median one
LARGEST_JERK = 4.0  # levels, 99.9th percentile of second differences in time
LARGEST_FLICKER = 16  # levels, the second difference of any one pixel
SHARPEST_LOSS = 0.97  # least gradient energy over the largest

Grey = Float32[np.ndarray, "frames height width"]


@dataclass(frozen=True)
class Sweep:
    """A slow turn of the head with the mouth a little open."""

    appearance: PortraitAppearance
    frames: Float32[np.ndarray, "frames height width 3"]

    def part(self, name: str) -> Float32[np.ndarray, "frames rows columns 3"]:
        rows, columns = box(self.appearance, name)
        return self.frames[:, rows, columns]


def box(appearance: PortraitAppearance, name: str) -> tuple[slice, slice]:
    mouth_x, mouth_y = (int(v) for v in appearance.arrays["mouth.axis"][:2])
    eye_x, eye_y = (int(v) for v in appearance.arrays["right_eye.axis"][:2])
    return {
        "mouth": (slice(mouth_y - 60, mouth_y + 90), slice(mouth_x - 85, mouth_x + 85)),
        "eye": (slice(eye_y - 30, eye_y + 30), slice(eye_x - 45, eye_x + 45)),
        "cheek": (slice(eye_y + 35, mouth_y - 40), slice(eye_x - 30, eye_x + 30)),
        "face": (slice(eye_y + 20, mouth_y - 30), slice(eye_x - 30, eye_x + 120)),
    }[name]


class Stage:
    """Both portraits, registered once, and what is drawn of them."""

    def __init__(self) -> None:
        self.renderer = BuiltinRenderer()
        self._appearances: dict[str, PortraitAppearance] = {}
        self._sweeps: dict[str, Sweep] = {}

    def appearance(self, name: str) -> PortraitAppearance:
        if name not in self._appearances:
            data = np.fromfile(EXAMPLES / f"{name}.png", np.uint8)
            image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)
            self._appearances[name] = self.renderer.register(image)
        return self._appearances[name]

    def sweep(self, name: str) -> Sweep:
        if name not in self._sweeps:
            columns = {
                "jawOpen": np.full(SWEEP, 0.15),
                "yaw": np.linspace(0, 4.2, SWEEP),
                "pitch": np.linspace(0, 2, SWEEP),
            }
            self._sweeps[name] = Sweep(self.appearance(name), self.drawn(name, columns))
        return self._sweeps[name]

    def drawn(
        self, name: str, columns: dict[str, np.ndarray]
    ) -> Float32[np.ndarray, "frames height width 3"]:
        motion = np.zeros((len(next(iter(columns.values()))), len(NAMES)), np.float32)
        for column, values in columns.items():
            motion[:, INDEX[column]] = values
        (frames,) = self.renderer.render(
            [(self.appearance(name), motion, {"neutral_expression": 1.0})], 512
        )
        return frames.astype(np.float32)


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage()


def unevenness(part: Float32[np.ndarray, "frames rows columns 3"]) -> float:
    """The largest step between frames over the median one."""
    steps = np.abs(np.diff(part, axis=0)).mean((1, 2, 3))
    return float(steps.max() / np.median(steps))


def jerk(part: Float32[np.ndarray, "frames rows columns 3"]) -> float:
    """Levels, 99.9th percentile of second differences."""
    return float(np.percentile(np.abs(np.diff(part, n=2, axis=0)), 99.9))


def flicker(part: Float32[np.ndarray, "frames rows columns 3"]) -> float:
    """Levels, the largest second difference of any pixel."""
    return float(np.abs(np.diff(part, n=2, axis=0)).max())


def sharpness(frames: Grey) -> Float32[np.ndarray, " frames"]:
    """Mean gradient of each frame."""
    across, down = (np.abs(np.diff(frames, axis=axis)).mean((1, 2)) for axis in (2, 1))
    return across + down


def glide(stage: Stage, portrait: str, column: str) -> Float32[np.ndarray, " frames"]:
    """Sharpness of the face while it glides by 2 pixels."""
    width = 0.40 * 512  # of the face, pixels
    shift = np.linspace(0, 2, GLIDE) / width * 100
    frames = stage.drawn(portrait, {column: shift}).mean(-1)
    rows, columns = box(stage.appearance(portrait), "face")
    return sharpness(frames[:, rows, columns])


@pytest.mark.parametrize("portrait", PORTRAITS)
@pytest.mark.parametrize("part", PARTS)
def test_steps_are_even(stage: Stage, portrait: str, part: str) -> None:
    assert unevenness(stage.sweep(portrait).part(part)) <= LARGEST_STEP


@pytest.mark.parametrize("portrait", PORTRAITS)
@pytest.mark.parametrize("part", PARTS)
def test_nothing_jerks(stage: Stage, portrait: str, part: str) -> None:
    assert jerk(stage.sweep(portrait).part(part)) <= LARGEST_JERK


@pytest.mark.parametrize("portrait", PORTRAITS)
@pytest.mark.parametrize("part", PARTS)
def test_no_pixel_flickers(stage: Stage, portrait: str, part: str) -> None:
    assert flicker(stage.sweep(portrait).part(part)) <= LARGEST_FLICKER


@pytest.mark.parametrize("portrait", PORTRAITS)
@pytest.mark.parametrize("column", ["tx", "ty"])
def test_sharpness_does_not_pulse(stage: Stage, portrait: str, column: str) -> None:
    energy = glide(stage, portrait, column)
    assert energy.min() >= SHARPEST_LOSS * energy.max()


@pytest.mark.parametrize("portrait", PORTRAITS)
def test_background_and_body_stand_still(stage: Stage, portrait: str) -> None:
    sweep = stage.sweep(portrait)
    person = (sweep.appearance.arrays["alpha"] > 0).astype(np.uint8)
    still = cv2.dilate(person, np.ones((41, 41), np.uint8)) == 0
    still[475:] = True
    assert np.abs(np.diff(sweep.frames, axis=0))[:, still].max() == 0


def figures() -> str:
    stage = Stage()
    lines = []
    for portrait in PORTRAITS:
        for part in PARTS:
            pixels = stage.sweep(portrait).part(part)
            lines.append(
                f"{portrait} {part}: largest over median step {unevenness(pixels):.3f},"
                f" second difference {jerk(pixels):.1f} (largest {flicker(pixels):.0f}) levels"
            )
        for column in ("tx", "ty"):
            energy = glide(stage, portrait, column)
            lines.append(f"{portrait} glide {column}: {energy.min() / energy.max():.3f}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(figures())
