"""Mono waveforms in FLAC files, 16 bits a sample."""

from pathlib import Path

import av
import numpy as np

from talkhead.types import Waveform


def write(path: Path, waveform: Waveform, rate: int) -> None:
    """Samples in [-1, 1] at `rate` hertz; what is beyond is clipped."""
    samples = np.round(np.clip(waveform, -1, 1) * 32767).astype(np.int16)
    with av.open(str(path), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], "s16", "mono")
        frame.sample_rate = rate
        container.mux([*stream.encode(frame), *stream.encode(None)])


def read(path: Path) -> tuple[Waveform, int]:
    """The samples and the rate in hertz."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        pieces = [frame.to_ndarray()[0] for frame in container.decode(stream)]
        return np.concatenate(pieces).astype(np.float32) / 32767, stream.rate
