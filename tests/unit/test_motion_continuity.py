"""Windows drawn apart join without a jump, and the mouth is left to the sound."""

import numpy as np
import pytest

from talkhead.engines.builtin.coefficients import INDEX, NAMES
from talkhead.engines.builtin.motion.continuity import RETURN, SLOW, continued
from talkhead.types import Motion

QUICK = [column for column in range(len(NAMES)) if column not in SLOW]


def level(frames: int, value: float) -> Motion:
    return np.full((frames, len(NAMES)), value, np.float32)


def test_the_head_starts_where_it_was_and_ends_where_the_window_leads() -> None:
    path = np.concatenate([level(10, 2.0), continued(level(20, 5.0), level(10, 2.0))])
    yaw = path[:, INDEX["yaw"]]
    assert np.abs(np.diff(yaw)).max() < 0.6  # without: 3
    assert yaw[10] == pytest.approx(2, abs=0.3)
    np.testing.assert_allclose(yaw[10 + RETURN + 4 :], 5, atol=1e-3)


def test_a_steady_turn_goes_on_steadily() -> None:
    line = np.repeat(np.arange(40, dtype=np.float32)[:, None], len(NAMES), axis=1)
    joined = continued(line[10:], line[:10])[:20]  # beyond lies look-ahead
    np.testing.assert_allclose(joined[:, SLOW], line[10:30, SLOW], atol=0.25)


@pytest.mark.parametrize("earlier", [0, 1, 4, 10])
def test_mouth_lids_and_gaze_are_not_touched(earlier: int) -> None:
    motion = np.random.default_rng(0).random((14, len(NAMES)), np.float32)
    joined = continued(motion, level(earlier, 0.5))
    np.testing.assert_array_equal(joined[:, QUICK], motion[:, QUICK])
    assert joined.shape == motion.shape


def test_without_a_past_a_still_head_stays_where_it_is() -> None:
    np.testing.assert_allclose(continued(level(8, 3.0), level(0, 0.0)), level(8, 3.0), rtol=1e-6)


def test_trembling_is_smoothed_and_drifting_is_not() -> None:
    time = np.arange(60) / 25
    for frequency, kept in ((0.5, 0.9), (10.0, 0.1)):
        wave = np.sin(2 * np.pi * frequency * time)[:, None].astype(np.float32)
        motion = np.repeat(wave, len(NAMES), axis=1)
        smooth = continued(motion, motion[:0])[5:-5, INDEX["pitch"]]
        ratio = smooth.std() / motion[5:-5, INDEX["pitch"]].std()
        assert (ratio > kept) if frequency < 1 else (ratio < kept)
