"""What the diffusion network is told: emotions in all their forms, and whose eyes when."""

from typing import Any

import numpy as np
import pytest

from talkhead.engines.ditto.motion.condition import (
    CONDITION_DIM,
    EMOTIONS,
    FaceCondition,
    condition_rows,
    emotion_weights,
)
from talkhead.engines.ditto.motion.source import ping_pong
from talkhead.errors import ControlOutOfRange


def reference(frames: int) -> FaceCondition:
    random = np.random.default_rng(0)
    arrays = (random.random(shape, np.float32) for shape in ((frames, 2), (frames, 6), (63,)))
    return FaceCondition(*arrays)


@pytest.mark.parametrize("mix", [[0], [3, 4], [0, 1, 2, 3, 4, 5, 6]])
def test_a_mix_is_even_and_nearly_all(mix: list[int]) -> None:
    weights = emotion_weights(mix)[0]
    assert weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(weights[mix], 1 / len(mix), rtol=3e-3)


def test_a_label_is_a_mix_of_one() -> None:
    for label in range(len(EMOTIONS)):
        np.testing.assert_array_equal(emotion_weights(label), emotion_weights([label]))
        np.testing.assert_array_equal(emotion_weights(label), emotion_weights([[label]]))


@pytest.mark.parametrize(
    "emotion", [8, -1, [], [3, 9], [[]], list(range(8)), np.zeros((0, 8)), np.zeros(8)]
)
def test_what_is_no_emotion_is_refused(emotion: Any) -> None:
    with pytest.raises(ControlOutOfRange, match="1 to 7 labels"):
        emotion_weights(emotion)


@pytest.mark.parametrize("start", [-70, -3, 0, 11])
def test_any_run_of_frames_is_a_part_of_the_whole(start: int) -> None:
    """Whatever its first frame is; and what comes before the first frame is like it."""
    features = np.random.default_rng(1).standard_normal((40, 1024)).astype(np.float32)
    emotion, face = emotion_weights([[3], [4, 5], [0]]), reference(5)
    whole = condition_rows(features, start, emotion, face)
    assert whole.shape == (40, CONDITION_DIM)
    for frame in range(40):
        alone = condition_rows(features[frame : frame + 1], start + frame, emotion, face)
        np.testing.assert_array_equal(whole[frame : frame + 1], alone)
    early = [frame for frame in range(40) if start + frame <= 0]
    assert len(np.unique(whole[early, 1024:], axis=0)) == (1 if early else 0)


def test_forwards_and_backwards_moves_by_one_frame_at_most() -> None:
    for size in range(1, 9):
        places = ping_pong(np.arange(5 * size), size)
        assert set(places) == set(range(size))
        assert np.abs(np.diff(places)).max(initial=0) <= 1
