"""The front end hears the same wherever a sound lies, and as much of it as there are hops."""

import numpy as np
import pytest

from talkhead.engines.builtin.motion.mel import HOP, MELS, SILENCE, filters, log_mel
from talkhead.types import Waveform


def noise(samples: int, seed: int = 0) -> Waveform:
    return np.random.default_rng(seed).normal(0, 0.1, samples).astype(np.float32)


@pytest.mark.parametrize("samples", [0, HOP - 1, HOP, 7 * HOP + 3])
def test_a_row_for_every_whole_hop(samples: int) -> None:
    assert log_mel(noise(samples)).shape == (samples // HOP, MELS)


def test_a_concatenation_sounds_like_its_parts_away_from_the_joint() -> None:
    first, second = noise(50 * HOP), noise(40 * HOP, seed=1)
    joined = log_mel(np.concatenate([first, second]))
    np.testing.assert_allclose(joined[:49], log_mel(first)[:49], atol=1e-5)
    np.testing.assert_allclose(joined[51:], log_mel(second)[1:], atol=1e-5)


def test_later_sound_changes_no_earlier_row() -> None:
    waveform = noise(60 * HOP)
    changed = waveform.copy()
    changed[40 * HOP :] = 0.5
    np.testing.assert_array_equal(log_mel(waveform)[:39], log_mel(changed)[:39])


def test_silence_has_the_value_that_training_pads_with() -> None:
    np.testing.assert_allclose(log_mel(np.zeros(10 * HOP, np.float32)), SILENCE, rtol=1e-6)


def test_a_tone_is_loudest_in_the_band_around_it() -> None:
    time = np.arange(16_000) / 16_000
    for frequency in (200.0, 1000.0, 4000.0):
        tone = np.sin(2 * np.pi * frequency * time).astype(np.float32)
        band = int(log_mel(tone)[50].argmax())
        weights = filters()[band]
        centre = np.arange(len(weights)) @ weights * 16_000 / 512
        assert abs(centre - frequency) < max(40.0, 0.06 * frequency)


def test_ten_times_the_amplitude_is_two_logs_of_ten_more() -> None:
    waveform = noise(30 * HOP)
    louder, quieter = log_mel(waveform), log_mel(waveform * np.float32(0.1))
    np.testing.assert_allclose((louder - quieter)[5:25].mean(), 2 * np.log(10), rtol=0.01)
