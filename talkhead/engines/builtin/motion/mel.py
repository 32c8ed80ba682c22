"""The log-mel front end: what the audio encoder sees of a waveform, 100 rows a second."""

from functools import cache

import numpy as np
import torch
from jaxtyping import Float, Float32

from talkhead.timing import FRAME_RATE, SAMPLE_RATE
from talkhead.types import Waveform

MELS = 64
MEL_RATE = 100  # rows per second
ROWS_PER_FRAME = MEL_RATE // FRAME_RATE
HOP = SAMPLE_RATE // MEL_RATE  # 160 samples
WINDOW = 400  # samples, 25 ms, in the middle of which the row's 10 ms lie
TRANSFORM = 512
LOWEST, HIGHEST = 60.0, 7800.0  # hertz
FLOOR = 1e-5  # power below which all is silence; speech peaks around 1 to 100
SILENCE = float(np.log(FLOOR))  # the value of digital silence

assert MEL_RATE % FRAME_RATE == 0
assert SAMPLE_RATE % MEL_RATE == 0


def log_mel(waveform: Waveform) -> Float32[np.ndarray, "rows mels"]:
    """Natural logs of mel band powers, a row for every whole HOP; zeros lie beyond the ends."""
    rows = len(waveform) // HOP
    before = (WINDOW - HOP) // 2
    padded = np.pad(waveform, (before, WINDOW))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:rows]
    power = np.abs(np.fft.rfft(windows * _taper(), TRANSFORM)) ** 2
    # torch keeps to the caller's number of threads; NumPy's would go on spinning after the product
    bands = torch.from_numpy(power.astype(np.float32)) @ torch.from_numpy(filters().T)
    return np.log(bands.numpy() + np.float32(FLOOR))


def hertz_to_mel(frequency: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """The mel scale of O'Shaughnessy (1987), as HTK has it."""
    return 2595 * np.log10(1 + frequency / 700)


def mel_to_hertz(mel: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    return 700 * (10 ** (mel / 2595) - 1)


@cache
def filters() -> Float32[np.ndarray, "mels bins"]:
    """Triangles between LOWEST and HIGHEST, each summing to 1."""
    lowest, highest = hertz_to_mel(np.array([LOWEST, HIGHEST])).tolist()
    edges = mel_to_hertz(np.linspace(lowest, highest, MELS + 2))[:, None]
    bins = np.fft.rfftfreq(TRANSFORM, 1 / SAMPLE_RATE)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles / (triangles.sum(1, keepdims=True) + 1e-6)).astype(np.float32)


@cache
def _taper() -> Float32[np.ndarray, " samples"]:
    return np.hanning(WINDOW).astype(np.float32)
