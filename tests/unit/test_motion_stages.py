"""The two stages as the pipeline sees them, on random weights: laws that hold for any weights."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from talkhead.engines.builtin.coefficients import ARKIT, INDEX, NAMES
from talkhead.engines.builtin.motion.audio_encoder import BuiltinAudioEncoder
from talkhead.engines.builtin.motion.config import MotionConfig
from talkhead.engines.builtin.motion.controls import CONTROLS
from talkhead.engines.builtin.motion.model import MotionModel
from talkhead.engines.builtin.motion.motion_generator import BuiltinMotionGenerator
from talkhead.engines.builtin.motion.schedule import PREVIOUS, SCHEDULE
from talkhead.engines.engine import MotionWindow
from talkhead.timing import SAMPLES_PER_FRAME
from talkhead.training.animation import animate, heard, spans
from talkhead.types import Controls, ControlValue, Motion, Waveform

pytestmark = pytest.mark.usefixtures("one_thread")
DEFAULTS = {control.name: control.default for control in CONTROLS}
CONFIG = MotionConfig(mel_width=16, middle_width=16, audio_width=16, width=32, layers=2, hidden=48)


@pytest.fixture(scope="module")
def model() -> MotionModel:
    torch.manual_seed(0)
    model = MotionModel(CONFIG).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.add_(0.05 * torch.randn_like(parameter))  # the zero layers too
    model.deviation.fill_(0.2)
    model.mean.fill_(0.3)
    return model


@pytest.fixture(scope="module")
def encoder(model: MotionModel) -> BuiltinAudioEncoder:
    return BuiltinAudioEncoder(model)


@pytest.fixture(scope="module")
def generator(model: MotionModel) -> BuiltinMotionGenerator:
    return BuiltinMotionGenerator(model)


def speech(frames: float, seed: int = 0) -> Waveform:
    """Noise in syllables of four frames."""
    random = np.random.default_rng(seed)
    samples = np.arange(round(frames * SAMPLES_PER_FRAME))
    loudness = np.maximum(0, np.sin(samples / SAMPLES_PER_FRAME * np.pi / 4))
    return (0.2 * loudness * random.standard_normal(len(samples))).astype(np.float32)


def window(
    seed: int = 0,
    index: int = 1,
    frames: int = SCHEDULE.step,
    known: int = PREVIOUS,
    **controls: ControlValue,
) -> MotionWindow:
    random = np.random.default_rng(seed)
    rows = SCHEDULE.context + frames + SCHEDULE.look_ahead
    return MotionWindow(
        features=random.standard_normal((rows, CONFIG.feature_width), dtype=np.float32),
        tail=random.uniform(0, 0.5, (known, len(NAMES))).astype(np.float32),
        frames=frames,
        seed=seed,
        index=index,
        controls=DEFAULTS | controls,
    )


def moved(generator: BuiltinMotionGenerator, *windows: MotionWindow) -> list[Motion]:
    return [step.motion for step in generator.generate(windows)]


def equal(a: Sequence[Motion], b: Sequence[Motion], tolerance: float) -> None:
    assert len(a) == len(b)
    for one, other in zip(a, b, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)


def test_windows_tile_the_time_line() -> None:
    for frames in (1, 4, 5, 14, 15, 133):
        edges = list(spans(frames))
        assert edges[0][0] == 0
        assert all(before[1] == after[0] for before, after in pairwise(edges))
        assert edges[-1][0] < frames <= edges[-1][1]


def test_a_window_hears_its_context_and_look_ahead_and_silence_beyond() -> None:
    waveform = np.arange(1, 20 * SAMPLES_PER_FRAME + 1, dtype=np.float32)
    piece = heard(waveform, 4, 14)
    silent = (SCHEDULE.context - 4) * SAMPLES_PER_FRAME
    assert len(piece) == (SCHEDULE.context + 10 + SCHEDULE.look_ahead) * SAMPLES_PER_FRAME
    assert not piece[:silent].any()
    np.testing.assert_array_equal(piece[silent:], waveform[: 18 * SAMPLES_PER_FRAME])


@pytest.mark.parametrize("frames", [0, 1, 2.5, 48, 50])
def test_a_feature_row_for_every_frame(encoder: BuiltinAudioEncoder, frames: float) -> None:
    (rows,) = encoder.encode([speech(frames)])
    assert rows.shape == (int(np.ceil(frames)), CONFIG.feature_width)
    assert rows.dtype == np.float32


def test_encoding_together_is_encoding_alone(encoder: BuiltinAudioEncoder) -> None:
    waveforms = [speech(50), speech(48, 1), speech(50, 2), speech(3, 3), speech(50, 4)]
    alone = [encoder.encode([waveform])[0] for waveform in waveforms]
    equal(encoder.encode(waveforms), alone, 1e-5)


def test_generating_together_is_generating_alone(generator: BuiltinMotionGenerator) -> None:
    windows = [
        window(0),
        window(1, index=0, frames=4, known=0),
        window(2, emotion="happy", head_scale=1.5),
        window(3, motion_steps=4),
        window(4, audio_guidance=1.5, jaw_style=-1),
        window(5, frames=3, known=4),
        window(6, index=9),
    ]
    alone = [moved(generator, one)[0] for one in windows]
    equal(moved(generator, *windows), alone, 1e-5)
    assert [len(motion) for motion in alone] == [one.frames for one in windows]


def test_equal_windows_give_equal_bytes(generator: BuiltinMotionGenerator) -> None:
    (first,), (second,) = moved(generator, window(3)), moved(generator, window(3))
    assert first.tobytes() == second.tobytes()
    assert first.dtype == np.float32


def test_another_seed_moves_the_head_otherwise(
    generator: BuiltinMotionGenerator,
) -> None:
    base = window(3)
    other = MotionWindow(base.features, base.tail, base.frames, 4, base.index, base.controls)
    (first,), (second,) = moved(generator, base), moved(generator, other)
    assert np.abs(first - second)[:, INDEX["yaw"]].max() > 1e-3


def test_coefficients_stay_between_0_and_1(generator: BuiltinMotionGenerator) -> None:
    for motion in moved(generator, *(window(seed, audio_guidance=2.0) for seed in range(4))):
        assert motion[:, : len(ARKIT)].min() >= 0
        assert motion[:, : len(ARKIT)].max() <= 1


def test_a_still_head_is_still(generator: BuiltinMotionGenerator) -> None:
    (motion,) = moved(generator, window(head_scale=0.0))
    assert not motion[:, len(ARKIT) :].any()


def test_scaling_the_head_scales_the_head_and_nothing_else(
    generator: BuiltinMotionGenerator,
) -> None:
    base, twice = window(known=0, index=0), window(known=0, index=0, head_scale=2.0)
    (plain,), (scaled,) = moved(generator, base), moved(generator, twice)
    np.testing.assert_array_equal(scaled[:, : len(ARKIT)], plain[:, : len(ARKIT)])
    np.testing.assert_allclose(scaled[:, len(ARKIT) :], 2 * plain[:, len(ARKIT) :], rtol=1e-6)


def test_the_models_own_gain_is_like_the_callers(model: MotionModel) -> None:
    louder = copy.copy(model)
    louder.config = replace(model.config, head_gain=2.0)
    (asked,) = moved(BuiltinMotionGenerator(model), window(head_scale=2.0))
    (built_in,) = moved(BuiltinMotionGenerator(louder), window())
    np.testing.assert_array_equal(asked, built_in)


def test_intensity_of_neutral_means_nothing(generator: BuiltinMotionGenerator) -> None:
    windows = [window(emotion_intensity=0.0), window(emotion_intensity=1.0)]
    (none,), (full,) = (moved(generator, one) for one in windows)
    np.testing.assert_array_equal(none, full)


def test_later_audio_never_changes_earlier_motion(
    encoder: BuiltinAudioEncoder, generator: BuiltinMotionGenerator
) -> None:
    waveform = speech(44)
    changed = waveform.copy()
    changed[28 * SAMPLES_PER_FRAME :] = speech(16, seed=9)
    first, second = (
        animate([audio], encoder, generator, DEFAULTS)[0] for audio in (waveform, changed)
    )
    # Windows end at 4, 14, 24, 34: the one up to 24 hears up to frame 28.
    np.testing.assert_array_equal(first[:24], second[:24])
    assert np.abs(first[24:] - second[24:]).max() > 1e-6


def test_a_longer_recording_begins_like_a_shorter_one(
    encoder: BuiltinAudioEncoder, generator: BuiltinMotionGenerator
) -> None:
    waveform = speech(60)
    short = waveform[: 40 * SAMPLES_PER_FRAME]
    (whole,), (part,) = (animate([w], encoder, generator, DEFAULTS) for w in (waveform, short))
    np.testing.assert_array_equal(whole[:34], part[:34])


def test_recordings_do_not_see_each_other(
    encoder: BuiltinAudioEncoder, generator: BuiltinMotionGenerator
) -> None:
    together = animate([speech(30), speech(45, 1)], encoder, generator, DEFAULTS, seed=5)
    alone = [
        animate([speech(30)], encoder, generator, DEFAULTS, seed=5)[0],
        animate([speech(45, 1)], encoder, generator, DEFAULTS, seed=6)[0],
    ]
    equal(together, alone, 1e-4)  # five windows on, each within 1e-5


def test_inputs_may_be_read_only(
    encoder: BuiltinAudioEncoder, generator: BuiltinMotionGenerator
) -> None:
    waveform = speech(50)
    waveform.flags.writeable = False
    encoder.encode([waveform])
    item = window()
    item.features.flags.writeable = item.tail.flags.writeable = False
    moved(generator, item)


@pytest.mark.parametrize("controls", [DEFAULTS])
def test_the_defaults_are_possible_values(controls: Controls) -> None:
    for control in CONTROLS:
        assert control.check(control.default) == control.default
