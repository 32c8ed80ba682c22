"""Stitching: what is switched off does nothing, and what is added is added where it belongs."""

import pickle
from dataclasses import replace
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from talkhead.engines.ditto.motion.blinks import BLINK, blink_rows, blink_track
from talkhead.engines.ditto.motion.expression import EYE_POINTS, LIP_POINTS, point_deltas
from talkhead.engines.ditto.motion.fading import fade_alphas
from talkhead.engines.ditto.motion.gaze import compensation, gaze_deltas
from talkhead.engines.ditto.motion.source import SourceMotion
from talkhead.engines.ditto.motion.stitch import anchors, stitched
from talkhead.engines.ditto.motion.stitch_settings import (
    DRIVEN,
    FOR_PICTURES,
    FOR_VIDEOS,
    FrameControls,
    StitchSettings,
)
from talkhead.errors import ControlOutOfRange

FRAMES = 24
LOOSE = replace(FOR_PICTURES, stitching=False)


def motion(frames: int, seed: int) -> np.ndarray:
    """Rows with one peak in each angle's logits, like the published network's."""
    random = np.random.default_rng(seed)
    rows = (0.05 * random.standard_normal((frames, 265))).astype(np.float32)
    peaks = 32 + 4 * random.standard_normal((frames, 3, 1))
    logits = -((np.arange(66) - peaks) ** 2) / 20
    rows[:, 1:199] = logits.reshape(frames, 198)
    return rows


def face(frames: int = 1, seed: int = 1) -> SourceMotion:
    points = 0.4 * np.random.default_rng(seed).standard_normal((frames, 63))
    return SourceMotion(motion(frames, seed), points.astype(np.float32))


def unused(source: np.ndarray, driving: np.ndarray) -> np.ndarray:
    raise AssertionError


def driven(
    settings: StitchSettings,
    rows: np.ndarray,
    controls: FrameControls = FrameControls(),
    blinks: np.ndarray | None = None,
    source: SourceMotion | None = None,
) -> np.ndarray:
    source = source or face()
    fixed = anchors(settings, source.at(0, 1), rows, controls, blinks)
    here = source.at(0, len(rows))
    return stitched(settings, fixed, here, rows, unused, controls, blinks).driving


@pytest.mark.parametrize("frames", [1, 7])
def test_relative_motion_that_does_not_change_leaves_the_source(frames: int) -> None:
    source = face(frames)
    rows = motion(1, 2).repeat(FRAMES, 0)
    still = source.at(0, FRAMES).key_points()
    for settings in (LOOSE, replace(FOR_VIDEOS, stitching=False)):
        expected = np.broadcast_to(still, (FRAMES, 21, 3))
        found = driven(replace(settings, drive_eye=False), rows, source=source)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_only_lips_and_eyes_follow_the_expression() -> None:
    rows = motion(1, 2).repeat(FRAMES, 0)
    rows[:, 202:] = motion(FRAMES, 3)[:, 202:]
    moved = np.abs(driven(LOOSE, rows) - face().key_points()).max((0, 2)) > 1e-4
    assert set(np.flatnonzero(moved)) == {*LIP_POINTS, *EYE_POINTS}
    resting = replace(LOOSE, drive_eye=False)
    moved = np.abs(driven(resting, rows) - face().key_points()).max((0, 2)) > 1e-4
    assert set(np.flatnonzero(moved)) == {*LIP_POINTS}


def test_what_is_given_for_a_frame_replaces_what_is_given_for_all() -> None:
    rows = motion(FRAMES, 2)
    delta = np.full((FRAMES, 3), np.nan, np.float32)
    delta[5:9] = (3, -2, 1)
    overall = FrameControls(delta_degrees=np.array([[7, np.nan, np.nan]], np.float32))
    found = driven(replace(LOOSE, overall=overall), rows, FrameControls(delta_degrees=delta))
    everywhere = driven(replace(LOOSE, overall=overall), rows)
    there = driven(LOOSE, rows, FrameControls(delta_degrees=delta[5:6]))
    inside = np.isin(np.arange(FRAMES), range(5, 9))
    np.testing.assert_array_equal(found[inside], there[inside])
    np.testing.assert_array_equal(found[~inside], everywhere[~inside])


def test_no_fade_is_a_weight_of_one() -> None:
    rows = motion(FRAMES, 2)
    for target in ("d0", "s"):
        settings = replace(LOOSE, fade_to=target, fade_parts=DRIVEN)
        weights = np.full(FRAMES, np.nan, np.float32)
        weights[::2] = 1
        found = driven(settings, rows, FrameControls(fade_alpha=weights))
        np.testing.assert_array_equal(found, driven(LOOSE, rows))


@pytest.mark.parametrize("tilt", [None, 0.0, 4.0])
def test_a_weight_of_zero_is_the_target(tilt: float | None) -> None:
    """Poses in logits and poses in degrees fade alike."""
    rows = motion(FRAMES, 2)
    parts = ("scale", *DRIVEN)
    delta = None if tilt is None else np.full((1, 3), tilt, np.float32)
    controls = FrameControls(delta_degrees=delta, fade_alpha=np.zeros(FRAMES, np.float32))
    begun = driven(replace(LOOSE, fade_to="d0", fade_parts=parts), rows, controls)
    first = driven(LOOSE, rows[:1], FrameControls(delta_degrees=delta))
    np.testing.assert_allclose(begun, first.repeat(FRAMES, 0), atol=1e-5)
    resting = replace(LOOSE, fade_to="s", fade_parts=parts, drive_eye=False)
    sources = driven(resting, rows, controls)
    still = face().key_points().repeat(FRAMES, 0)
    np.testing.assert_allclose(sources, still, atol=1e-5)


def test_a_silent_face_has_the_expression_of_the_source() -> None:
    rows = motion(FRAMES, 2)
    silent = driven(LOOSE, rows, FrameControls(vad_alpha=np.zeros(1, np.float32)))
    without = replace(LOOSE, driven=dict.fromkeys(("pitch", "yaw", "roll", "t"), 1.0))
    np.testing.assert_allclose(silent, driven(without, rows), atol=1e-6)


def test_a_pose_can_be_held_still() -> None:
    """A gain of 0 for an angle is an angle that is not driven."""
    rows = motion(FRAMES, 2)
    none = dict.fromkeys(DRIVEN, 0.0)
    np.testing.assert_array_equal(
        driven(replace(LOOSE, driven=none), rows), driven(replace(LOOSE, driven={}), rows)
    )


def test_what_the_first_frame_decides_can_travel() -> None:
    settings = replace(LOOSE, fade_to="d0", channel_scale=1.3)
    rows, controls = motion(FRAMES, 2), FrameControls(fade_alpha=fade_alphas(0, FRAMES, 20, 5, 4))
    fixed = anchors(settings, face(), rows, controls)
    here = stitched(settings, fixed, face(), rows, unused, controls)
    sent = pickle.loads(pickle.dumps((settings, fixed, controls)))
    there = stitched(sent[0], sent[1], face(), rows, unused, sent[2])
    np.testing.assert_array_equal(here.driving, there.driving)


# --- fades ---


def test_fades_are_the_same_in_parts_and_end_where_they_should() -> None:
    whole = fade_alphas(0, 50, 50, 10, 8)
    parts = [fade_alphas(start, 7, 50, 10, 8) for start in range(0, 49, 7)]
    np.testing.assert_array_equal(np.concatenate(parts), whole[:49])
    assert whole[0] == whole[-1] == 0
    assert np.isnan(whole[10:41]).all()
    assert whole[41] == 1
    filled = np.nan_to_num(whole, nan=1)
    assert (np.diff(filled[:11]) > 0).all()
    assert (np.diff(filled[41:]) < 0).all()


def test_a_live_stream_fades_in_only() -> None:
    np.testing.assert_array_equal(fade_alphas(0, 40, None, 10, 8), fade_alphas(0, 40, 1000, 10, 8))


# --- blinks ---


@pytest.mark.parametrize("gap", [0, 1, 33, [40, 20, 31]])
@pytest.mark.parametrize("frames", [1, 16, 200, 3000])
def test_blinks_are_whole_and_apart(frames: int, gap: int | list[int]) -> None:
    track = blink_track(frames, gap, Random(3))
    starts = np.flatnonzero(track == 1) - 1
    for start in starts:
        np.testing.assert_array_equal(track[start : start + BLINK], range(BLINK))
    least = {0: 60}.get(gap, gap) if isinstance(gap, int) else min(gap)
    assert all(b - a >= BLINK + least for a, b in pairwise(starts))
    assert (track > 0).sum() == len(starts) * (BLINK - 1)


def test_blinks_of_a_long_stream_repeat() -> None:
    track = blink_track(200, 33, Random(0))
    shapes = np.random.default_rng(0).random((BLINK, 63), np.float32)
    np.testing.assert_array_equal(
        blink_rows(track, shapes, 1000, 30), blink_rows(track, shapes, 200, 30)
    )


# --- gaze and single points ---


def test_opposite_gazes_mirror_each_other() -> None:
    x, y = np.random.default_rng(0).uniform(-1, 1, (2, 50)).astype(np.float32)
    deltas, mirrored = gaze_deltas(x, y), gaze_deltas(-x, y)
    np.testing.assert_array_equal(deltas[:, 33], -mirrored[:, 45])
    np.testing.assert_array_equal(deltas[:, [34, 46]], mirrored[:, [34, 46]])
    np.testing.assert_array_equal(deltas[:, 34], deltas[:, 46])
    assert set(np.flatnonzero(deltas.any(0))) == {33, 34, 45, 46}


def test_gaze_grows_up_to_the_limit_and_no_further() -> None:
    x = np.linspace(-2, 2, 81, dtype=np.float32)
    deltas = gaze_deltas(x, x)
    for column, sign in ((33, 1), (45, 1), (34, -1), (46, -1)):
        steps = np.diff(sign * deltas[:, column])
        assert (steps[20:60] > 0).all()
        np.testing.assert_array_equal(steps[:20], 0)
        np.testing.assert_array_equal(steps[60:], 0)


def test_a_head_that_does_not_turn_needs_no_compensation() -> None:
    pose = np.array([[3, -4, 5]], np.float32)
    assert not compensation(pose, pose[0]).any()
    assert compensation(pose, pose[0] - np.float32(1)).any()


def test_a_point_is_moved_alone() -> None:
    for point in range(21):
        deltas = point_deltas({point: (0.1, 0.2, 0.3)}).reshape(21, 3)
        assert set(np.flatnonzero(deltas.any(1))) == {point}
    rows = motion(FRAMES, 2)
    moved = FrameControls(delta_exp=point_deltas({0: (0.1, 0.0, 0.0), 20: (0.0, 0.0, 0.1)})[None])
    difference = np.abs(driven(LOOSE, rows, moved) - driven(LOOSE, rows)).max((0, 2))
    assert set(np.flatnonzero(difference > 1e-6)) == {0, 20}


@pytest.mark.parametrize("point", [-1, 21])
def test_there_are_21_points(point: int) -> None:
    with pytest.raises(ControlOutOfRange, match="0 to 20"):
        point_deltas({point: (0.0, 0.0, 0.0)})
