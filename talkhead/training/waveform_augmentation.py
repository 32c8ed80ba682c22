"""Rooms, microphones, noise and codecs for clean synthetic speech."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.signal import butter, fftconvolve, iirpeak, lfilter, resample_poly, sosfilt

from talkhead.timing import SAMPLE_RATE
from talkhead.types import Waveform

NYQUIST = SAMPLE_RATE / 2
USUAL_LEVEL = -18.0  # decibels of full scale, of the loud parts

Effect = Callable[[Waveform, np.random.Generator], Waveform]


def augment(
    waveform: Waveform, random: np.random.Generator, others: Sequence[Waveform]
) -> Waveform:
    """The speech as another room and microphone would give it; `others` talk in the background."""
    for chance, effect in _CHANNEL:
        if random.random() < chance:
            waveform = effect(waveform, random)
    waveform = levelled(waveform, USUAL_LEVEL + random.uniform(-13, 6))
    if random.random() < 0.75:
        waveform = _noisy(waveform, random, others)
    if random.random() < 0.15:
        waveform = _companded(waveform, random)
    ceiling = 0.35 if random.random() < 0.05 else 1.0
    return np.clip(waveform, -ceiling, ceiling).astype(np.float32)


def levelled(waveform: Waveform, decibels: float = USUAL_LEVEL) -> Waveform:
    """Scaled so that the samples above 5 % of the peak have this RMS level."""
    size = np.abs(waveform)
    loud = waveform[size > 0.05 * size.max(initial=0) + 1e-6]
    rms = float(np.sqrt((loud**2).mean() + 1e-9)) if len(loud) else 1e-3
    return (waveform * (10 ** (decibels / 20) / max(rms, 1e-4))).astype(np.float32)


def _reverberant(waveform: Waveform, random: np.random.Generator) -> Waveform:
    """Exponentially decaying noise as the room's response, 60 dB in 80 to 600 ms."""
    length = int(random.uniform(0.08, 0.6) * SAMPLE_RATE)
    decay = random.standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    response = lfilter(*butter(1, random.uniform(2000, 7000) / NYQUIST), decay)
    response /= np.sqrt((response**2).sum()) + 1e-9
    echo: Waveform = fftconvolve(waveform, response)[: len(waveform)]
    return waveform + random.uniform(0.1, 0.7) * echo


def _equalised(waveform: Waveform, random: np.random.Generator) -> Waveform:
    """A spectral tilt and up to two resonances or notches."""
    filtered: Waveform = lfilter([1, -random.uniform(-0.6, 0.6)], [1], waveform)
    for _ in range(random.integers(0, 3)):
        centre = random.uniform(150, 6500) / NYQUIST
        quality = max(random.uniform(0.7, 3), 1.4 * centre)  # a low one is unstable up there
        peak = lfilter(*iirpeak(centre, quality), filtered)
        filtered = filtered + random.uniform(-0.7, 2.0) * peak
    return filtered


def _band_limited(waveform: Waveform, random: np.random.Generator) -> Waveform:
    band = [random.uniform(50, 350) / NYQUIST, random.uniform(3300, 7000) / NYQUIST]
    limited: Waveform = sosfilt(butter(3, band, "band", output="sos"), waveform)
    return limited


def _whispered(waveform: Waveform, random: np.random.Generator) -> Waveform:
    """Random phases: the harmonics go, the formants stay."""
    size, hop = 512, 128
    padded = np.pad(waveform, (0, size))
    windows = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    taper = np.hanning(size)
    phases = np.exp(2j * np.pi * random.random((len(windows), size // 2 + 1)))
    pieces = np.fft.irfft(np.abs(np.fft.rfft(windows * taper)) * phases) * taper
    out = np.zeros(len(padded) + size)
    for number, piece in enumerate(pieces):
        out[number * hop : number * hop + size] += piece
    return out[: len(waveform)] / 1.5


_CHANNEL: tuple[tuple[float, Effect], ...] = (
    (0.45, _reverberant),
    (0.60, _equalised),
    (0.25, _band_limited),
    (0.08, _whispered),
)


def _noisy(waveform: Waveform, random: np.random.Generator, others: Sequence[Waveform]) -> Waveform:
    """White or coloured noise or a babble of other speakers, 5 to 45 dB below; sometimes hum."""
    level = np.sqrt((waveform**2).mean() + 1e-9) * 10 ** (-random.uniform(5, 45) / 20)
    noise = _noise(len(waveform), random, others)
    noise *= level / np.sqrt((noise**2).mean() + 1e-9)
    if random.random() < 0.2:
        time = np.arange(len(waveform)) / SAMPLE_RATE
        noise += level * np.sin(2 * np.pi * random.choice([50, 60, 100, 120]) * time)
    return waveform + noise


def _noise(samples: int, random: np.random.Generator, others: Sequence[Waveform]) -> Waveform:
    kind = random.random()
    if kind < 0.35 or not others:
        return random.standard_normal(samples)
    if kind < 0.75:
        coloured: Waveform = lfilter(
            [1], [1, -random.uniform(0.7, 0.98)], random.standard_normal(samples)
        )
        return coloured
    babble = np.zeros(samples)
    for _ in range(random.integers(3, 7)):
        voice = others[int(random.integers(len(others)))]
        turned = np.roll(voice, random.integers(len(voice)))
        babble += np.resize(turned, samples) * random.uniform(0.4, 1)
    return babble


def _companded(waveform: Waveform, random: np.random.Generator) -> Waveform:
    """8-bit mu-law (ITU-T G.711's curve), half of the time at 8 kHz."""
    if random.random() < 0.5:
        waveform = resample_poly(resample_poly(waveform, 1, 2), 2, 1)[: len(waveform)]
    clipped = np.clip(waveform, -1, 1)
    code = np.round(np.sign(clipped) * np.log1p(255 * np.abs(clipped)) / np.log(256) * 127) / 127
    return np.sign(code) * (256 ** np.abs(code) - 1) / 255
