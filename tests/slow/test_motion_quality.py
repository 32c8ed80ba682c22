"""The shipped weights on real sentences, as the service runs them: six clips of a voice they know.

The clips are flite's voice slt (CMU) saying sentences that training never saw, with the teacher's
motion; `talkhead train excerpt` wrote them. The bar is the model card's, on a smaller set.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from talkhead.engines.builtin.coefficients import INDEX
from talkhead.engines.builtin.motion import checkpoint
from talkhead.engines.builtin.motion.audio_encoder import BuiltinAudioEncoder
from talkhead.engines.builtin.motion.conditions import EMOTIONS
from talkhead.engines.builtin.motion.motion_generator import BuiltinMotionGenerator
from talkhead.timing import SAMPLE_RATE
from talkhead.training import excerpt
from talkhead.training.animation import animate
from talkhead.training.evaluate import DEFAULTS, SEEN_VOICE, TaughtClip, evaluate
from talkhead.training.liveliness import feelings, liveliness
from talkhead.training.metrics import Scores, aperture
from talkhead.types import ControlValue, Motion

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("one_thread")]
# SEEN_VOICE, less what chance does to 73 closures: two standard deviations of the recall are .05.
SIX_CLIPS = replace(SEEN_VOICE, aperture_correlation=0.90, medial_recall=0.89)
Stages = tuple[BuiltinAudioEncoder, BuiltinMotionGenerator]
Animate = Callable[..., list[Motion]]
CLIPS = Path(__file__).parent.parent / "fixtures" / "motion"


@pytest.fixture(scope="module")
def stages() -> Stages:
    model = checkpoint.load()
    return BuiltinAudioEncoder(model), BuiltinMotionGenerator(model)


@pytest.fixture(scope="module")
def clips() -> list[TaughtClip]:
    return excerpt.load(CLIPS)


@pytest.fixture(scope="module")
def animated(stages: Stages, clips: list[TaughtClip]) -> Animate:
    def run(seed: int = 0, count: int = 3, **controls: ControlValue) -> list[Motion]:
        waveforms = [clip.waveform for clip in clips[:count]]
        return animate(waveforms, *stages, DEFAULTS | controls, seed)

    return run


@pytest.fixture(scope="module")
def neutral(animated: Animate) -> list[Motion]:
    return animated()


@pytest.fixture(scope="module")
def scores(clips: list[TaughtClip]) -> Scores:
    return evaluate(checkpoint.load(), clips)


def test_the_mouth_clears_the_bar_of_a_voice_it_knows(scores: Scores) -> None:
    assert scores.medial_closures > 50
    assert not SIX_CLIPS.complaints(scores)


def test_the_mouth_is_in_time(scores: Scores) -> None:
    assert abs(scores.lag) < 20  # milliseconds: half a frame


def test_the_head_moves_like_a_head(scores: Scores) -> None:
    assert 0.7 < scores.head_ratio < 1.3
    assert scores.acceleration_ratio < 1.3
    assert 0.8 < scores.stair_ratio < 1.2
    assert scores.seam_ratio < 1.3


def test_the_eyes_blink_as_eyes_do(animated: Animate, clips: list[TaughtClip]) -> None:
    rates = [liveliness(animated(seed, len(clips))).blinks for seed in (0, 100)]
    assert 10 < np.mean(rates) < 30  # per minute; over two minutes and a half, for blinks are rare


@pytest.mark.parametrize(
    ("control", "low", "high", "measure", "ratio"),
    [
        ("jaw_style", -1.0, 1.0, "jaw", 1.3),
        ("lip_style", -1.0, 1.0, "lips", 1.3),
        ("head_style", -1.0, 1.0, "head", 1.15),
        ("brow_style", -1.0, 1.0, "brows", 1.15),
        ("blink_style", -1.0, 1.0, "blinks", 1.3),
        ("head_scale", 0.5, 1.5, "head", 1.8),
        ("audio_guidance", 1.0, 2.0, "lips", 1.03),
    ],
)
def test_every_control_does_what_it_says(
    animated: Animate, control: str, low: float, high: float, measure: str, ratio: float
) -> None:
    least, most = (
        getattr(liveliness(animated(0, 6, **{control: value})), measure) for value in (low, high)
    )
    assert most > ratio * least


@pytest.mark.parametrize("emotion", [word for word in EMOTIONS if word != "neutral"])
def test_an_emotion_shows_and_no_other_more(
    animated: Animate, neutral: list[Motion], emotion: str
) -> None:
    shown = [
        feelings(animated(emotion=emotion, emotion_intensity=intensity), neutral)
        for intensity in (0.4, 1.0)
    ]
    assert shown[1][emotion] > 0.6
    assert shown[0][emotion] < shown[1][emotion]
    assert max(shown[1], key=lambda word: shown[1][word]) == emotion


def test_silence_keeps_the_mouth_shut_and_the_face_alive(stages: Stages) -> None:
    (motion,) = animate([np.zeros(20 * SAMPLE_RATE, np.float32)], *stages, DEFAULTS)
    assert motion[:, INDEX["jawOpen"]].mean() < 0.02
    assert motion[:, INDEX["yaw"]].std() > 0.1


def test_quiet_speech_moves_the_lips_like_loud_speech(
    stages: Stages, clips: list[TaughtClip]
) -> None:
    waveforms = [clip.waveform[: 8 * SAMPLE_RATE] for clip in clips[:3]]
    loud = np.concatenate(animate(waveforms, *stages, DEFAULTS))
    quieter = [waveform * np.float32(0.25) for waveform in waveforms]  # 12 decibels
    quiet = np.concatenate(animate(quieter, *stages, DEFAULTS))
    assert np.corrcoef(aperture(loud), aperture(quiet))[0, 1] > 0.93
