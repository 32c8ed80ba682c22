"""The teacher's mouth does what the phones say, and its face what the condition says."""

import numpy as np
import pytest

from talkhead.engines.builtin.coefficients import ARKIT, INDEX, NAMES
from talkhead.engines.builtin.motion.conditions import EMOTIONS, Condition
from talkhead.timing import SAMPLE_RATE
from talkhead.training.metrics import aperture
from talkhead.training.phones import PHONE, Segment
from talkhead.training.teacher.emotions import EMOTION_RULES
from talkhead.training.teacher.teacher import Lesson, phone_shares, teach
from talkhead.training.teacher.tracks import at_frames, peaks_at_frames, wander

WORD = [  # one second of silence, then "AA P AA" of 0.4 s, then silence
    Segment(0.0, 1.0, PHONE["SIL"]),
    Segment(1.0, 1.16, PHONE["AA"]),
    Segment(1.16, 1.24, PHONE["PB"]),
    Segment(1.24, 1.40, PHONE["AA"]),
    Segment(1.40, 2.0, PHONE["SIL"]),
]
MIDDLE = 30  # the frame in which the /p/ is


def lesson(
    phones: list[Segment] = WORD, condition: Condition = Condition(), seed: int = 0
) -> Lesson:
    random = np.random.default_rng(1)
    samples = round(phones[-1].end * SAMPLE_RATE)
    waveform = (0.1 * random.standard_normal(samples)).astype(np.float32)
    return teach(phones, waveform, condition, np.random.default_rng(seed))


def test_p_between_vowels_seals_the_lips_and_the_vowels_open_them() -> None:
    taught = lesson()
    opening = aperture(taught.motion)
    assert taught.closure[MIDDLE - 1 : MIDDLE + 1].max() == pytest.approx(1)
    assert opening[MIDDLE - 1 : MIDDLE + 1].min() < 0.05
    assert opening[MIDDLE - 3] > 0.15
    assert opening[MIDDLE + 3] > 0.15


def test_a_sealed_mouth_is_mouth_close_equal_to_jaw_open() -> None:
    taught = lesson()
    shut = taught.closure > 0.999
    assert shut.any()
    gap = taught.motion[shut, INDEX["jawOpen"]] - taught.motion[shut, INDEX["mouthClose"]]
    np.testing.assert_allclose(gap, 0, atol=1e-3)


def test_a_closure_shorter_than_a_frame_survives() -> None:
    for offset in np.linspace(0, 0.04, 9):
        phones = [
            Segment(0, 0.5, PHONE["AA"]),
            Segment(0.5 + offset, 0.535 + offset, PHONE["PB"]),
            Segment(0.535 + offset, 1, PHONE["AA"]),
        ]
        assert lesson(phones).closure.max() > 0.9


def test_f_tucks_the_lower_lip_and_w_rounds_the_lips() -> None:
    phones = [
        Segment(0.0, 0.4, PHONE["AA"]),
        Segment(0.4, 0.6, PHONE["FF"]),
        Segment(0.6, 1.0, PHONE["AA"]),
        Segment(1.0, 1.2, PHONE["WW"]),
        Segment(1.2, 1.6, PHONE["AA"]),
    ]
    motion = lesson(phones).motion
    assert 9 <= motion[:, INDEX["mouthRollLower"]].argmax() <= 14
    assert 22 <= motion[:, INDEX["mouthPucker"]].argmax() <= 29  # lips lead the sound


def test_a_silent_mouth_rests() -> None:
    motion = lesson([Segment(0, 4, PHONE["SIL"])]).motion
    assert motion[:, INDEX["jawOpen"]].max() < 0.05


def test_a_mumbler_opens_less_than_one_who_articulates() -> None:
    jaws = [
        lesson(condition=Condition(styles=(style, 0.0, 0.0, 0.0, 0.0)))
        .motion[:, INDEX["jawOpen"]]
        .max()
        for style in (-1.0, 0.0, 1.0)
    ]
    assert jaws == sorted(jaws)
    assert jaws[2] > 1.5 * jaws[0]


def test_equal_seeds_give_equal_motion_and_others_other_heads() -> None:
    first, again, other = lesson(seed=1), lesson(seed=1), lesson(seed=2)
    np.testing.assert_array_equal(first.motion, again.motion)
    np.testing.assert_array_equal(first.closure, other.closure)
    assert np.abs(first.motion - other.motion)[:, INDEX["yaw"]].max() > 0.1


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_an_emotion_shows_where_it_should_and_grows_with_intensity(emotion: str) -> None:
    rows = [
        lesson(condition=Condition(emotion, intensity), seed=3).motion.mean(0)
        for intensity in (0.0, 0.5, 1.0)
    ]
    wanted = EMOTION_RULES[emotion].row()
    quiet = [c for c in np.flatnonzero(wanted) if not NAMES[c].startswith(("mouth", "jaw"))]
    for column in quiet:
        values = np.array([row[column] for row in rows]) * np.sign(wanted[column])
        assert values[0] < values[1] < values[2]


def test_coefficients_stay_between_0_and_1() -> None:
    for emotion in EMOTIONS:
        motion = lesson(condition=Condition(emotion, 1.0, (1.0,) * 5)).motion[:, : len(ARKIT)]
        assert motion.min() >= 0
        assert motion.max() <= 1


def test_phone_shares_sum_to_one_and_follow_the_time() -> None:
    shares = phone_shares(WORD, 50)
    np.testing.assert_allclose(shares.sum(1), 1, atol=1e-6)
    assert shares[:24, PHONE["SIL"]].min() == 1
    assert shares[29, PHONE["PB"]] == 1  # 1.16 to 1.20 s


def test_down_sampling_keeps_means_and_peaks() -> None:
    track = np.zeros(100)
    track[41] = 1
    assert at_frames(track).sum() == pytest.approx(0.25)
    assert peaks_at_frames(track).max() == 1
    assert len(at_frames(track)) == len(peaks_at_frames(track)) == 25


def test_wandering_has_unit_spread_and_forgets_in_its_time() -> None:
    track = wander(200_000, 1.0, np.random.default_rng(0))
    assert track.std() == pytest.approx(1, abs=0.05)
    one_second = np.corrcoef(track[:-25], track[25:])[0, 1]
    assert one_second == pytest.approx(np.exp(-1), abs=0.05)
