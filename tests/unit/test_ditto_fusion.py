"""Windows joined on the end of the sequence alone are those joined on all of it."""

from collections.abc import Iterator

import numpy as np
import pytest

from talkhead.engines.ditto.motion.fusion import (
    PUBLISHED_ONLINE,
    WINDOW,
    Fusion,
    condition_frame,
    final,
    fused,
    offline_smoothed,
    tail_of,
)
from talkhead.engines.ditto.motion.smoothing import smoothed, smoothed_stream

WINDOWS = 7
FUSIONS = [
    Fusion(overlap, online, smoothing, restart_every, kept)
    for overlap in (1, 10, 40, 70, 75, 79)
    for online in (False, True)
    for smoothing, restart_every, kept in ((3, 0, None), (1, 2, (0, 202)), (13, 1, (7, 9)))
]


def predictions() -> np.ndarray:
    return np.random.default_rng(3).standard_normal((WINDOWS, WINDOW, 265)).astype(np.float32)


def averaged(rows: np.ndarray, frame: int, window: int) -> np.ndarray:
    half = window // 2
    near = rows[max(frame - half, 0) : frame + half + 1]
    mean: np.ndarray = near.mean(0, dtype=np.float64)
    return mean


def on_the_whole(fusion: Fusion, windows: np.ndarray) -> Iterator[np.ndarray]:
    """As ditto.md §4 says it, frame by frame: the sequence after each window."""
    blended = fusion.overlap
    if fusion.online:
        blended = min(blended, WINDOW - fusion.overlap)
    rows = np.zeros((0, 265), np.float32)
    for window in windows:
        before = len(rows)
        for j in range(blended if before else 0):
            weight = np.float32(j / blended)
            old, new = rows[before - blended + j], window[fusion.overlap - blended + j]
            rows[before - blended + j] = (1 - weight) * old + weight * new
        rows = np.concatenate([rows, window[fusion.overlap if before else 0 :]])
        frames = range(before - blended, before + 1) if before else range(WINDOW)
        copy = rows.copy()
        for frame in frames if fusion.smoothing > 1 else ():
            rows[frame, :202] = averaged(copy, frame, fusion.smoothing)[:202]
        yield rows.copy()


@pytest.mark.parametrize("fusion", FUSIONS, ids=str)
def test_the_tail_is_enough(fusion: Fusion) -> None:
    tail = np.zeros((0, 265), np.float32)
    source = np.full(265, 9, np.float32)
    emitted: list[np.ndarray] = []
    windows = predictions()
    for index, whole in enumerate(on_the_whole(fusion, windows)):
        rows = fused(fusion, tail, windows[index])
        np.testing.assert_allclose(rows, whole[-len(rows) :], atol=1e-6)
        emitted.append(final(fusion, rows, index))
        tail = tail_of(fusion, rows)
        assert len(tail) <= fusion.tail
        start = condition_frame(fusion, tail, source, index + 1)
        before = whole[len(whole) - fusion.overlap - 1].copy()
        if fusion.restart_every and (index + 1) % fusion.restart_every == 0:
            continued = np.zeros(265, bool)
            continued[slice(*fusion.kept or (0, 0))] = True
            before[~continued] = 9
        np.testing.assert_allclose(start, before, atol=1e-6)
    # What was called final was never changed again, and nothing was left out or sent twice.
    np.testing.assert_allclose(np.concatenate(emitted), whole[: -fusion.blended], atol=1e-6)


def test_sessions_share_a_call() -> None:
    windows = predictions()
    tails = windows[:3, :75]
    together = fused(PUBLISHED_ONLINE, tails, windows[3:6])
    for session in range(3):
        alone = fused(PUBLISHED_ONLINE, tails[session], windows[3 + session])
        np.testing.assert_array_equal(together[session], alone)


def test_nothing_that_is_handed_in_is_changed() -> None:
    tail, window = predictions()[0], predictions()[1]
    for array in (tail, window):
        array.flags.writeable = False
    rows = fused(Fusion(), tail, window)
    first = fused(Fusion(), tail[:0], window)
    condition_frame(Fusion(restart_every=1, kept=(0, 4)), tail, tail[0], 1)[:] = 0
    assert rows.flags.writeable
    assert first.flags.writeable


@pytest.mark.parametrize("cut", [1, 40, 79])
def test_the_second_smoothing_can_be_done_in_parts(cut: int) -> None:
    rows = predictions()[0]
    whole = offline_smoothed(Fusion(), rows)
    parts = [offline_smoothed(Fusion(), rows, 0, cut), offline_smoothed(Fusion(), rows, cut)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(whole[:, 202:], rows[:, 202:])


@pytest.mark.parametrize("window", [0, 1, 3, 13])
@pytest.mark.parametrize("length", [1, 5, 13, 60])
def test_a_stream_is_smoothed_like_the_whole(window: int, length: int) -> None:
    rows = predictions()[0, :length, :5]
    whole = smoothed(rows, window)
    expected = [averaged(rows, frame, max(window, 1)) for frame in range(length)]
    np.testing.assert_allclose(whole, expected, atol=1e-6)
    for piece in (1, 2, 7, 100):
        pieces = np.split(rows, range(piece, length, piece))
        np.testing.assert_array_equal(np.concatenate(list(smoothed_stream(pieces, window))), whole)


def test_a_stream_waits_for_half_a_window_and_no_longer() -> None:
    taken = 0

    def frames() -> Iterator[np.ndarray]:
        nonlocal taken
        for taken in range(1, 41):
            yield np.full((1, 2), taken, np.float32)

    out = 0
    for chunk in smoothed_stream(frames(), 13):
        out += len(chunk)
        assert out == taken - 6 or taken == 40
    assert out == 40


def test_an_empty_stream_stays_empty() -> None:
    assert not list(smoothed_stream([], 13))
