"""What every synthesiser gives: a waveform and the phones in it."""

import wave
from dataclasses import dataclass, replace
from math import gcd
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from talkhead.timing import SAMPLE_RATE
from talkhead.training.phones import PHONE, Segment
from talkhead.types import Waveform


@dataclass(frozen=True)
class Utterance:
    waveform: Waveform
    segments: tuple[Segment, ...]  # in order, without gaps, from 0 s
    voice: str

    @property
    def seconds(self) -> float:
        return len(self.waveform) / SAMPLE_RATE

    def speeded(self, factor: float) -> "Utterance":
        """Played `factor` times as fast: pitch, formants and tempo all rise by it."""
        step = round(1000 / factor)
        part = gcd(step, 1000)
        waveform = resample_poly(self.waveform, step // part, 1000 // part).astype(np.float32)
        exact = 1000 / step
        moved = tuple(Segment(s.start / exact, s.end / exact, s.phone) for s in self.segments)
        return replace(self, waveform=waveform, segments=moved)

    def scaled(self, peak: float) -> "Utterance":
        """With its loudest sample at `peak` (1 = full scale)."""
        loudest = float(np.abs(self.waveform).max(initial=0)) + 1e-6
        return replace(self, waveform=self.waveform * np.float32(peak / loudest))


def silence(samples: int, random: np.random.Generator) -> Utterance:
    """A pause that is not quite digital zero: noise at -80 dB."""
    noise = (random.standard_normal(samples) * 1e-4).astype(np.float32)
    return Utterance(noise, (Segment(0.0, samples / SAMPLE_RATE, PHONE["SIL"]),), "pause")


def at_engine_rate(waveform: Waveform, rate: int) -> Waveform:
    """Resampled from `rate` hertz to SAMPLE_RATE."""
    part = gcd(rate, SAMPLE_RATE)
    return resample_poly(waveform, SAMPLE_RATE // part, rate // part).astype(np.float32)


def read_wav(path: Path) -> tuple[Waveform, int]:
    """The samples of a 16-bit mono file in [-1, 1], and its rate in hertz."""
    with wave.open(str(path)) as file:
        data = file.readframes(file.getnframes())
        return np.frombuffer(data, "<i2").astype(np.float32) / 32768, file.getframerate()


def read_speech(path: Path) -> Waveform:
    return at_engine_rate(*read_wav(path))
