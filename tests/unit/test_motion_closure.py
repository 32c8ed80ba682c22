"""Where a closure is sure the lips are sealed; where none is, nothing is touched."""

import numpy as np

from talkhead.engines.builtin.coefficients import INDEX, NAMES
from talkhead.engines.builtin.motion.closure import PARTED, sealed
from talkhead.types import Motion


def open_mouths(frames: int = 20) -> Motion:
    random = np.random.default_rng(0)
    motion = random.uniform(0, 1, (frames, len(NAMES))).astype(np.float32)
    motion[:, INDEX["jawOpen"]] = random.uniform(0.2, 0.8, frames)
    motion[:, INDEX["mouthClose"]] = 0
    return motion


def test_a_sure_closure_seals_the_lips() -> None:
    shut = sealed(open_mouths(), np.ones(20, np.float32))
    np.testing.assert_allclose(shut[:, INDEX["mouthClose"]], shut[:, INDEX["jawOpen"]], rtol=1e-6)
    assert not shut[:, PARTED].any()
    assert (shut[:, INDEX["mouthPressLeft"]] >= 0.25).all()


def test_no_closure_changes_nothing() -> None:
    motion = open_mouths()
    np.testing.assert_array_equal(sealed(motion, np.zeros(20, np.float32)), motion)


def test_the_surer_the_narrower() -> None:
    motion = np.repeat(open_mouths(1), 11, axis=0)
    shut = sealed(motion, np.linspace(0, 1, 11, dtype=np.float32))
    gap = shut[:, INDEX["jawOpen"]] - shut[:, INDEX["mouthClose"]]
    assert (np.diff(gap) <= 1e-6).all()


def test_sealing_sealed_lips_changes_nothing_more() -> None:
    sure = np.ones(20, np.float32)
    once = sealed(open_mouths(), sure)
    np.testing.assert_allclose(sealed(once, sure), once, atol=1e-6)


def test_only_the_mouth_and_the_given_frames_move() -> None:
    motion = open_mouths()
    sure = np.zeros(20, np.float32)
    sure[5:8] = 1
    changed = np.argwhere(sealed(motion, sure) != motion)
    assert set(changed[:, 0]) == {5, 6, 7}
    assert all(NAMES[column].startswith(("jaw", "mouth")) for column in set(changed[:, 1]))


def test_the_input_is_left_alone() -> None:
    motion = open_mouths()
    motion.flags.writeable = False
    sealed(motion, np.ones(20, np.float32))
