"""The windows follow the input, never the way it arrived."""

from collections.abc import Sequence

import numpy as np
import pytest

from talkhead.engines.engine import Schedule
from talkhead.pipeline.windows import AudioWindow, ChunkCutter, WindowCutter
from talkhead.timing import SAMPLES_PER_FRAME, frames_in
from talkhead.types import Waveform
from tests.fakes import tone

SCHEDULE = Schedule(first=4, step=10, look_ahead=4, context=6)


def cut(waveform: Waveform, sizes: Sequence[int]) -> list[AudioWindow]:
    cutter, windows, start = WindowCutter(SCHEDULE), [], 0
    for turn in range(len(waveform)):
        if start >= len(waveform):
            break
        size = sizes[turn % len(sizes)]
        windows += list(cutter.push(waveform[start : start + size]))
        start += size
    return windows + list(cutter.finish())


@pytest.mark.parametrize("sizes", [[160], [SAMPLES_PER_FRAME], [7_919], [1, 9_000, 30]])
@pytest.mark.parametrize("seconds", [0.04, 0.05, 0.33, 1.03, 2.0])
def test_windows_do_not_depend_on_pieces(sizes: list[int], seconds: float) -> None:
    waveform = tone(seconds)
    whole, pieces = cut(waveform, [len(waveform)]), cut(waveform, sizes)
    assert len(whole) == len(pieces)
    for a, b in zip(whole, pieces, strict=True):
        assert (a.index, a.start, a.frames) == (b.index, b.start, b.frames)
        np.testing.assert_array_equal(a.waveform, b.waveform)


@pytest.mark.parametrize("samples", [1, 640, 641, 2_560, 2_561, 16_000, 33_333])
def test_windows_tile_the_time_line(samples: int) -> None:
    windows = cut(tone(samples / 16_000), [500])
    assert [w.index for w in windows] == list(range(len(windows)))
    assert [w.start for w in windows] == [0, *np.cumsum([w.frames for w in windows])[:-1]]
    assert sum(w.frames for w in windows) == frames_in(samples)
    assert all(w.frames == (4 if w.index == 0 else 10) for w in windows[:-1])


def test_a_window_hears_its_context_its_frames_and_its_look_ahead() -> None:
    waveform = np.arange(30 * SAMPLES_PER_FRAME, dtype=np.float32)
    padded = np.pad(waveform, (6 * SAMPLES_PER_FRAME, 20 * SAMPLES_PER_FRAME))
    for window in cut(waveform, [1_000]):
        length = (6 + (4 if window.index == 0 else 10) + 4) * SAMPLES_PER_FRAME
        first = window.start * SAMPLES_PER_FRAME
        np.testing.assert_array_equal(window.waveform, padded[first : first + length])


def test_a_window_comes_as_soon_as_its_look_ahead_is_there() -> None:
    cutter = WindowCutter(SCHEDULE)
    assert not list(cutter.push(np.zeros(8 * SAMPLES_PER_FRAME - 1, np.float32)))
    (window,) = cutter.push(np.zeros(1, np.float32))
    assert (window.start, window.frames) == (0, 4)


@pytest.mark.parametrize("rows", [[3, 1, 40, 2], [46], [1] * 46])
def test_chunks_do_not_depend_on_the_windows(rows: list[int]) -> None:
    motion = np.arange(46, dtype=np.float32)[:, None]
    cutter, chunks = ChunkCutter((4, 10, 25)), []
    for part in np.split(motion, np.cumsum(rows)[:-1]):
        chunks += list(cutter.push(part))
    chunks += list(cutter.finish())
    assert [(c.start, len(c.motion)) for c in chunks] == [(0, 4), (4, 10), (14, 25), (39, 7)]
    np.testing.assert_array_equal(np.concatenate([c.motion for c in chunks]), motion)


def test_no_motion_no_chunk() -> None:
    assert list(ChunkCutter((4,)).finish()) == []
