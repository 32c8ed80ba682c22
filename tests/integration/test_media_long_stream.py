"""Ten minutes of fragments: the muxer stays as small as it was, and nothing drifts."""

import gc
import io
import tracemalloc
from fractions import Fraction
from pathlib import Path

import av

from talkhead.media.h264 import encode_chunk
from talkhead.media.muxer import FragmentMuxer
from talkhead.timing import SOUND_PER_FRAME, SOUND_RATE
from talkhead.types import Sound
from tests.media_fakes import clicking, flashing

MINUTES, CHUNK = 10, 25  # frames in a chunk: one second


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def _second(index: int) -> Sound:
    """A click at each tenth second's first frame."""
    return clicking(CHUNK, [0] if index % 10 == 0 else [])


def test_memory_is_constant_and_time_exact_over_ten_minutes(tmp_path: Path) -> None:
    chunk, muxer = encode_chunk(flashing(CHUNK, [0])), FragmentMuxer(1)
    path = tmp_path / "long.mp4"
    python_sizes, resident_sizes = [], []
    tracemalloc.start()
    with path.open("wb") as file:
        for second in range(60 * MINUTES):
            file.write(muxer.write(chunk, _second(second)).payload)
            if second % 60 == 59:
                gc.collect()
                python_sizes.append(tracemalloc.get_traced_memory()[0])
                resident_sizes.append(_resident_bytes())
        last = muxer.finish()
        assert last is not None
        file.write(last.payload)
    tracemalloc.stop()
    assert max(python_sizes[1:]) < python_sizes[0] + 100_000
    assert resident_sizes[-1] < resident_sizes[1] + 5_000_000
    _check_times(path.read_bytes())


def _check_times(video: bytes) -> None:
    with av.open(io.BytesIO(video), "r") as container:
        begins = [p.pts * p.time_base for p in container.demux(video=0) if p.pts is not None]
    assert begins == [Fraction(frame, 25) for frame in range(60 * MINUTES * CHUNK)]
    with av.open(io.BytesIO(video), "r") as container:
        count, clicks = 0, []
        for frame in container.decode(audio=0):
            loud = abs(frame.to_ndarray()[0]) > 0.3
            if loud.any():
                clicks.append((count + int(loud.argmax())) / SOUND_RATE)
            count += frame.samples
    assert 0 <= count - 60 * MINUTES * CHUNK * SOUND_PER_FRAME < 1024
    assert all(min(click % 10, 10 - click % 10) < 0.004 for click in clicks)
    assert len(clicks) >= 6 * MINUTES
