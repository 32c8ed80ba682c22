"""Rows are made once, from chunks that follow the input alone; windows tile the time line."""

from collections.abc import Sequence

import numpy as np
import pytest

from talkhead.engines.engine import Hearing, Schedule
from talkhead.pipeline.hearing import AudioChunk, AudioChunkCutter, FeatureCutter, FeatureWindow
from talkhead.timing import SAMPLES_PER_FRAME, frames_in
from talkhead.types import Waveform

WITHIN = Hearing(frames=5, before=2000, after=1280, beyond_end=False)
BEYOND = Hearing(frames=5, before=1920, after=1360, beyond_end=True)
WAITING = Schedule(first=0, step=10, look_ahead=10, context=60, hearing=BEYOND)
PROMPT = Schedule(first=4, step=7, look_ahead=3, context=6, hearing=WITHIN)
LENGTHS = [1, 640, 641, 1_280, 3_200, 4_000, 16_000, 52_345, 60_800]


def ramp(samples: int) -> Waveform:
    return np.arange(1, samples + 1, dtype=np.float32)


def chunks(hearing: Hearing, waveform: Waveform, sizes: Sequence[int]) -> list[AudioChunk]:
    cutter, cut, start, turn = AudioChunkCutter(hearing), [], 0, 0
    while start < len(waveform):
        size = sizes[turn % len(sizes)]
        cut += list(cutter.push(waveform[start : start + size]))
        start, turn = start + size, turn + 1
    return cut + list(cutter.finish())


def windows(schedule: Schedule, samples: int, sizes: Sequence[int]) -> list[FeatureWindow]:
    """Each row tells its frame."""
    assert schedule.hearing
    cutter, cut = FeatureCutter(schedule), []
    for chunk in chunks(schedule.hearing, ramp(samples), sizes):
        rows = np.arange(chunk.start, chunk.start + chunk.rows, dtype=np.float32)[:, None]
        cut += list(cutter.push(rows, chunk.total))
    return cut + list(cutter.finish())


@pytest.mark.parametrize("hearing", [WITHIN, BEYOND])
@pytest.mark.parametrize("samples", LENGTHS)
def test_chunks_hear_what_surrounds_them_however_it_arrived(hearing: Hearing, samples: int) -> None:
    waveform = ramp(samples)
    padded = np.pad(waveform, (hearing.before, 20_000))
    length = hearing.before + 5 * SAMPLES_PER_FRAME + hearing.after
    whole, pieces = chunks(hearing, waveform, [samples]), chunks(hearing, waveform, [1_111, 7, 90])
    assert len(whole) == len(pieces)
    for index, (a, b) in enumerate(zip(whole, pieces, strict=True)):
        first = index * 5 * SAMPLES_PER_FRAME
        np.testing.assert_array_equal(a.waveform, padded[first : first + length])
        np.testing.assert_array_equal(a.waveform, b.waveform)
        assert (a.start, a.rows, a.total) == (b.start, b.rows, b.total)
        ended = first - hearing.before + length > samples
        assert a.total == (frames_in(samples) if ended else None)


@pytest.mark.parametrize("samples", LENGTHS)
def test_rows_cover_the_video_and_no_more_unless_asked(samples: int) -> None:
    assert sum(c.rows for c in chunks(WITHIN, ramp(samples), [999])) == frames_in(samples)
    beyond = sum(c.rows for c in chunks(BEYOND, ramp(samples), [999]))
    assert beyond == 5 * -(-(samples + 1920) // 3200)


@pytest.mark.parametrize("schedule", [WAITING, PROMPT])
@pytest.mark.parametrize("samples", LENGTHS)
def test_windows_tile_the_time_line(schedule: Schedule, samples: int) -> None:
    cut = windows(schedule, samples, [640])
    assert [w.index for w in cut] == list(range(len(cut)))
    assert [w.start for w in cut] == [0, *np.cumsum([w.frames for w in cut])[:-1]]
    assert sum(w.frames for w in cut) == frames_in(samples)
    assert all(w.frames == (schedule.step if w.index else schedule.first) for w in cut[:-1])


@pytest.mark.parametrize("schedule", [WAITING, PROMPT])
@pytest.mark.parametrize("samples", LENGTHS)
def test_a_window_knows_its_rows_and_only_near_the_end_how_long_the_video_is(
    schedule: Schedule, samples: int
) -> None:
    for window in windows(schedule, samples, [3_000]):
        step = schedule.step if window.index else schedule.first
        stop = window.start + step + schedule.look_ahead
        first = max(0, window.start - schedule.context)
        known = np.arange(first, first + len(window.features))
        np.testing.assert_array_equal(window.features[:, 0], known)
        assert len(window.features) == stop - first or window.total is not None
        assert len(window.features) <= stop - first
        assert window.total in (None, frames_in(samples))


@pytest.mark.parametrize("schedule", [WAITING, PROMPT])
def test_windows_do_not_depend_on_pieces(schedule: Schedule) -> None:
    whole, pieces = windows(schedule, 33_333, [33_333]), windows(schedule, 33_333, [160])
    assert len(whole) == len(pieces)
    for a, b in zip(whole, pieces, strict=True):
        np.testing.assert_array_equal(a.features, b.features)
        assert (a.index, a.start, a.frames, a.total) == (b.index, b.start, b.frames, b.total)


def test_a_window_comes_as_soon_as_its_last_row_is_there() -> None:
    cutter = FeatureCutter(WAITING)
    row = np.zeros((1, 1), np.float32)
    assert not list(cutter.push(row.repeat(9, 0), None))
    (ready,) = cutter.push(row, None)
    assert (ready.frames, len(ready.features)) == (0, 10)
    assert not list(cutter.push(row.repeat(9, 0), None))
    (first,) = cutter.push(row, None)
    assert (first.start, first.frames, len(first.features)) == (0, 10, 20)


def test_memory_does_not_grow_with_the_input() -> None:
    cutter, rows = FeatureCutter(WAITING), np.zeros((5, 1), np.float32)
    longest = 0
    for _ in range(2_000):
        for window in cutter.push(rows, None):
            longest = max(longest, len(window.features))
    assert longest == 80
    assert cutter._held is not None
    assert len(cutter._held) < 80
