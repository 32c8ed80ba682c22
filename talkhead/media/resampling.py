"""Sound of any rate, in pieces of any size, to the two rates we use, exactly aligned.

The filters have linear phase and their delay is taken out: what happens at time t in the input
happens at t in both outputs. Each output sample is one sum in one order, so the sizes of the
pieces cannot change a bit of it.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from jaxtyping import Float32
from scipy import signal

from talkhead.errors import AudioUnreadable
from talkhead.timing import SAMPLE_RATE, SOUND_RATE
from talkhead.types import Sound, Waveform

MINIMUM_RATE, MAXIMUM_RATE = 4_000, 384_000  # samples per second
_RATIO = SOUND_RATE // SAMPLE_RATE
_ZERO_CROSSINGS = 32  # of the filter, on each side, at the lower rate
_ODD_STEP, _FEWER_CROSSINGS = 10_000, 8  # a rate like 44 101 Hz makes a filter of a million taps
_LARGEST_STEP = 50_000  # of a ratio: every rate up to 50 kHz, and those above that have a divisor
_KAISER_BETA = 7.86  # 80 dB in the stop band
_CUTOFF = 0.95  # of the lower Nyquist frequency


@dataclass(frozen=True, slots=True)
class SoundBlock:
    """The same stretch of time twice: as people hear it and as the engines do."""

    sound: Sound  # three samples for each one of `waveform`
    waveform: Waveform


class Resampler:
    """One stream of samples from one rate to another, its time origin unchanged."""

    def __init__(self, rate: int, target: int, channels: int) -> None:
        ratio = Fraction(target, rate)
        self._up, self._down = ratio.numerator, ratio.denominator
        self._filter = _low_pass(self._up, self._down)
        self._delay = len(self._filter) // 2  # in steps of 1 / (rate * up)
        self._pending = np.empty((0, channels), np.float32)
        self._start = 0  # position in the input of the first pending sample; a multiple of _down
        self._made = 0  # output samples

    def push(
        self, samples: Float32[np.ndarray, "samples channels"]
    ) -> Float32[np.ndarray, "samples channels"]:
        """The output samples that can be final now; they end a few ms before the input."""
        self._pending = np.concatenate([self._pending, samples])
        reach = (self._start + len(self._pending)) * self._up - self._delay
        return self._make(max(self._made, -(-reach // self._down)))

    def finish(self, total: int) -> Float32[np.ndarray, "samples channels"]:
        """The rest, up to `total` output samples in all: silence follows the input."""
        needed = ((total - 1) * self._down + self._delay) // self._up + 1 - self._start
        missing = max(0, needed - len(self._pending))
        self._pending = np.pad(self._pending, ((0, missing), (0, 0)))
        return self._make(total)

    def _make(self, until: int) -> Float32[np.ndarray, "samples channels"]:
        # Output n is sum over k of filter[n * down + delay - k * up] * input[k]. The start of the
        # pending input and the delay are multiples of `down`, so upfirdn's grid is the same one.
        shift = (self._delay - self._start * self._up) // self._down
        grid = slice(self._made + shift, until + shift)
        made = signal.upfirdn(self._filter, self._pending, self._up, self._down, axis=0)[grid]
        self._made = until
        self._forget(-((self._delay - until * self._down) // self._up))
        return made

    def _forget(self, first_needed: int) -> None:
        start = max(0, first_needed) // self._down * self._down
        self._pending = self._pending[start - self._start :]
        self._start = start


class SpeechResampler:
    """Live or decoded sound to blocks of both rates.

    More than two channels become one: their mean.
    """

    def __init__(self, rate: int, channels: int) -> None:
        """Raises what `check_rate` raises."""
        check_rate(rate)
        self.channels = channels if channels <= 2 else 1  # of the sound that comes out
        self._rate = rate
        self._input_channels = channels
        self._odd_bytes = b""
        self._received = 0  # samples
        self._hear = Resampler(rate, SOUND_RATE, self.channels)
        self._encode = Resampler(rate, SAMPLE_RATE, 1)
        self._sound = np.empty((0, self.channels), np.float32)
        self._waveform = np.empty((0, 1), np.float32)

    def push(self, samples: Float32[np.ndarray, "samples channels"]) -> SoundBlock:
        """What became final: it may be nothing, and lags the input by less than 20 ms.

        Raises:
            AudioUnreadable: a sample is not a number, or infinite.
        """
        if not np.isfinite(samples).all():
            raise AudioUnreadable("the audio holds values that are not finite numbers")
        self._received += len(samples)
        mono = samples.mean(axis=1, keepdims=True, dtype=np.float32)
        self._join(self._hear.push(samples if self.channels > 1 else mono), self._encode.push(mono))
        return self._take(min(len(self._waveform), len(self._sound) // _RATIO))

    def push_pcm16(self, data: bytes) -> SoundBlock:
        """The same for interleaved signed 16-bit little-endian samples, cut at any byte."""
        data = self._odd_bytes + data
        whole = len(data) // (2 * self._input_channels) * 2 * self._input_channels
        self._odd_bytes = data[whole:]
        samples = np.frombuffer(data[:whole], "<i2").reshape(-1, self._input_channels)
        return self.push(samples.astype(np.float32) / np.float32(32768))

    def finish(self) -> SoundBlock:
        """The rest. All blocks together last as long as the input, to the nearest 1/16000 s."""
        total = (2 * self._received * SAMPLE_RATE + self._rate) // (2 * self._rate)
        self._join(self._hear.finish(_RATIO * total), self._encode.finish(total))
        return self._take(len(self._waveform))

    def _join(self, sound: Sound, mono: Sound) -> None:
        self._sound = np.concatenate([self._sound, sound.clip(-1, 1)])
        self._waveform = np.concatenate([self._waveform, mono.clip(-1, 1)])

    def _take(self, samples: int) -> SoundBlock:
        block = SoundBlock(self._sound[: _RATIO * samples], self._waveform[:samples, 0])
        self._sound = self._sound[_RATIO * samples :]
        self._waveform = self._waveform[samples:]
        return block


def check_rate(rate: int) -> None:
    """Raises:
    AudioUnreadable: the rate is not from MINIMUM_RATE to MAXIMUM_RATE, or very odd.
    """
    if not MINIMUM_RATE <= rate <= MAXIMUM_RATE:
        span = f"{MINIMUM_RATE} to {MAXIMUM_RATE} is possible"
        raise AudioUnreadable(f"the audio has {rate} samples per second; {span}")
    if Fraction(SAMPLE_RATE, rate).denominator > _LARGEST_STEP:
        raise AudioUnreadable(f"the audio has {rate} samples per second; 48000 would be possible")


@lru_cache(maxsize=8)
def _low_pass(up: int, down: int) -> Float32[np.ndarray, " taps"]:
    """A windowed sinc at `up` times the input rate; its middle is a multiple of `down`."""
    if up == down:
        return np.ones(1, np.float32)
    slower = max(up, down)
    half = (_ZERO_CROSSINGS if slower < _ODD_STEP else _FEWER_CROSSINGS) * slower
    window = ("kaiser", _KAISER_BETA)
    taps = signal.firwin(2 * half + 1, _CUTOFF / slower, window=window) * up
    padding = -half % down
    return np.pad(taps, padding).astype(np.float32)
