"""The scores know the best there is, and each kind of fault."""

import numpy as np
import pytest

from talkhead.engines.builtin.coefficients import INDEX, NAMES
from talkhead.training.metrics import Example, Scores, runs, score
from talkhead.types import Motion

FRAMES = 1500


def taught(seed: int = 0) -> Example:
    """A mouth that opens and is shut every 20 frames, a head that wanders, a blink now and then."""
    random = np.random.default_rng(seed)
    motion = np.zeros((FRAMES, len(NAMES)), np.float32)
    closure = np.zeros(FRAMES, np.float32)
    size = np.repeat(random.uniform(0.3, 0.6, FRAMES // 20), 20)
    phase = np.arange(FRAMES) % 20
    motion[:, INDEX["jawOpen"]] = size * np.sin(np.pi * phase / 20)
    closure[phase < 2] = 1
    motion[:, INDEX["mouthClose"]] = motion[:, INDEX["jawOpen"]] * closure
    for name in ("pitch", "yaw", "roll"):
        steps = random.standard_normal(FRAMES + 30)
        motion[:, INDEX[name]] = np.convolve(steps, np.ones(31) / 31, "valid")
    motion[100::250, INDEX["eyeBlinkLeft"]] = 1
    motion[:, INDEX["browInnerUp"]] = random.random(FRAMES)
    return Example(motion, motion, closure)


def scores_of(change: Motion) -> Scores:
    example = taught()
    return score([Example(change, example.taught, example.closure)])


def test_the_teacher_scores_full_marks_against_itself() -> None:
    best = score([taught(0), taught(1)])
    assert best.aperture_correlation == pytest.approx(1)
    assert best.closure_recall == best.medial_recall == 1
    assert best.false_closures == 0
    assert best.lag == pytest.approx(0, abs=0.1)
    assert best.head_ratio == best.brow_ratio == best.acceleration_ratio == 1
    assert best.blinks == best.taught_blinks == pytest.approx(6)


@pytest.mark.parametrize("frames", [-3, -1, 1, 2])
def test_a_late_mouth_lags_by_as_much(frames: int) -> None:
    late = scores_of(np.roll(taught().taught, frames, axis=0))
    assert late.lag == pytest.approx(40 * frames, abs=4)
    assert late.aperture_correlation < 1


def test_a_mouth_that_never_shuts_has_no_recall() -> None:
    motion = taught().taught.copy()
    motion[:, INDEX["mouthClose"]] = 0
    motion[:, INDEX["jawOpen"]] += 0.2
    open_ = scores_of(motion)
    assert open_.medial_recall == 0
    assert open_.false_closures == 0


def test_each_wrong_closure_counts_once() -> None:
    motion = taught().taught.copy()
    for start in (210, 470, 990):  # wide open there
        motion[start : start + 2, INDEX["mouthClose"]] = motion[start : start + 2, INDEX["jawOpen"]]
    assert scores_of(motion).false_closures == pytest.approx(3)


def test_a_staircase_in_the_head_is_seen() -> None:
    motion = taught().taught.copy()
    for name in ("pitch", "yaw", "roll"):
        column = motion[:, INDEX[name]]
        column[1::2] = 0.9 * column[::2] + 0.1 * column[1::2]
    assert scores_of(motion).stair_ratio > 10


def test_a_trembling_head_is_seen() -> None:
    motion = taught().taught.copy()
    motion[::2, INDEX["yaw"]] += 0.5
    assert scores_of(motion).acceleration_ratio > 2


def test_runs_are_the_stretches_of_true() -> None:
    where = np.array([1, 1, 0, 0, 1, 0, 1], bool)
    assert runs(where) == [(0, 2), (4, 5), (6, 7)]
    assert runs(np.zeros(3, bool)) == []
