"""Loudness, pitch and accents of a waveform, 100 times a second."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.signal import find_peaks

from talkhead.timing import SAMPLE_RATE
from talkhead.training.teacher.tracks import TEACHER_RATE, Track, smooth
from talkhead.types import Waveform

HOP = SAMPLE_RATE // TEACHER_RATE
WINDOW = 640  # samples: two periods of a 50 Hz voice
SHORTEST, LONGEST = 40, 230  # pitch periods looked for, samples: 400 to 70 Hz
VOICED = 0.45  # autocorrelation at the period, of that at zero
AUDIBLE = 35  # decibels below the loudest
FEWEST = 20  # steps of speech or voice to judge accents by


@dataclass(frozen=True)
class Prosody:
    loudness: Track  # decibels
    pitch: Track  # log2 of F0 in hertz; NaN where unvoiced


@dataclass(frozen=True)
class Accents:
    steps: Int[np.ndarray, " accents"]  # when, in teacher steps
    strengths: Float[np.ndarray, " accents"]  # 0.3 to 1.6


def prosody(waveform: Waveform) -> Prosody:
    """Energy in decibels and autocorrelation pitch of 40 ms around each step."""
    steps = len(waveform) // HOP
    padded = np.pad(waveform, (WINDOW // 2, WINDOW))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:steps]
    loudness = 10 * np.log10((windows**2).mean(1) + 1e-9)
    power = np.abs(np.fft.rfft(windows * np.hanning(WINDOW), 2048)) ** 2
    correlation = np.fft.irfft(power)[:, :320]
    correlation = correlation / (correlation[:, :1] + 1e-9)
    best = correlation[:, SHORTEST:LONGEST].argmax(1) + SHORTEST
    strength = np.take_along_axis(correlation, best[:, None], 1)[:, 0]
    voiced = (strength > VOICED) & (loudness > loudness.max() - AUDIBLE)
    return Prosody(loudness, np.where(voiced, np.log2(SAMPLE_RATE / best), np.nan))


def accents(heard: Prosody, speech: Track) -> Accents:
    """Peaks of loudness and pitch together: where a speaker nods or raises the brows."""
    speaking = speech > 0.5
    if speaking.sum() < FEWEST:
        return Accents(np.zeros(0, int), np.zeros(0))
    prominence = _standardised(smooth(heard.loudness, 8), speaking) + 0.8 * _pitch(heard, speaking)
    contour = smooth(prominence * speaking, 5)
    steps, found = find_peaks(contour, height=0.7, distance=35, prominence=0.5)
    return Accents(steps, np.clip(found["peak_heights"] / 2, 0.3, 1.6))


def _pitch(heard: Prosody, speaking: Bool[np.ndarray, " steps"]) -> Track:
    voiced = np.flatnonzero(~np.isnan(heard.pitch))
    if len(voiced) < FEWEST:
        return np.zeros(len(heard.pitch))
    steps = np.arange(len(heard.pitch))
    return _standardised(smooth(np.interp(steps, voiced, heard.pitch[voiced]), 8), speaking)


def _standardised(track: Track, where: Bool[np.ndarray, " steps"]) -> Track:
    return (track - track[where].mean()) / (track[where].std() + 1e-3)
