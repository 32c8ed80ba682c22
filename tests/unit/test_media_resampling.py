from collections.abc import Sequence

import numpy as np
import pytest
from jaxtyping import Float32

from talkhead.errors import AudioUnreadable
from talkhead.media.resampling import MAXIMUM_RATE, SoundBlock, SpeechResampler

RATES = [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_056, 44_100, 48_000, 96_000, 192_000]


def _noise(samples: int, channels: int = 1) -> Float32[np.ndarray, "samples channels"]:
    return np.random.default_rng(1).uniform(-0.5, 0.5, (samples, channels)).astype(np.float32)


def _resample(
    samples: Float32[np.ndarray, "samples channels"], rate: int, sizes: Sequence[int]
) -> SoundBlock:
    """Pushed in pieces of `sizes`, the last repeated."""
    resampler = SpeechResampler(rate, samples.shape[1])
    blocks, start, turn = [], 0, 0
    while start < len(samples):
        size = sizes[min(turn, len(sizes) - 1)]
        blocks.append(resampler.push(samples[start : start + size]))
        start, turn = start + size, turn + 1
    blocks.append(resampler.finish())
    assert all(len(block.sound) == 3 * len(block.waveform) for block in blocks)
    sound = np.concatenate([block.sound for block in blocks])
    return SoundBlock(sound, np.concatenate([block.waveform for block in blocks]))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("sizes", [(160,), (1, 7, 1000), (100_000,)])
def test_the_pieces_do_not_matter(rate: int, sizes: Sequence[int]) -> None:
    samples = _noise(rate // 3, channels=2)
    whole, pieces = _resample(samples, rate, (len(samples),)), _resample(samples, rate, sizes)
    assert np.array_equal(whole.sound, pieces.sound)
    assert np.array_equal(whole.waveform, pieces.waveform)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("seconds", [0.0401, 0.5, 1.2345])
def test_the_length_is_exact(rate: int, seconds: float) -> None:
    count = int(seconds * rate)
    result = _resample(_noise(count), rate, (1000,))
    assert len(result.waveform) == int(count / rate * 16_000 + 0.5)
    assert result.sound.shape == (3 * len(result.waveform), 1)


@pytest.mark.parametrize("rate", RATES)
def test_a_click_stays_where_it_is(rate: int) -> None:
    """At the start, in the middle and at the end, in both rates, within half a millisecond."""
    for place in (0.0, 0.3, 0.599):
        samples = np.zeros((int(0.6 * rate), 1), np.float32)
        samples[int(place * rate)] = 0.9
        result = _resample(samples, rate, (333,))
        at = int(place * rate) / rate
        assert np.abs(result.sound[:, 0]).argmax() / 48_000 == pytest.approx(at, abs=0.0005)
        assert np.abs(result.waveform).argmax() / 16_000 == pytest.approx(at, abs=0.0005)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hertz", [0, 100, 1000, 3000])
def test_tones_keep_height_and_phase(rate: int, hertz: int) -> None:
    tone = np.cos(2 * np.pi * hertz * np.arange(rate // 2) / rate).astype(np.float32) / 2
    result = _resample(tone[:, None], rate, (999,))
    for made, target in ((result.sound[:, 0], 48_000), (result.waveform, 16_000)):
        expected = np.cos(2 * np.pi * hertz * np.arange(len(made)) / target) / 2
        middle = slice(target // 10, -target // 10)  # the edges ring: silence is outside
        assert np.abs(made - expected)[middle].max() < 1e-3


def test_odd_rates_do_not_drift() -> None:
    rate = 44_101
    samples = np.zeros((20 * rate, 1), np.float32)
    samples[19 * rate] = 0.9
    result = _resample(samples, rate, (rate,))
    assert np.abs(result.sound[:, 0]).argmax() == 19 * 48_000
    assert np.abs(result.waveform).argmax() == 19 * 16_000


def test_what_the_engine_cannot_hear_is_removed_not_folded() -> None:
    tone = np.sin(2 * np.pi * 12_000 * np.arange(48_000) / 48_000).astype(np.float32)
    result = _resample(tone[:, None], 48_000, (480,))
    assert np.abs(result.waveform[1600:-1600]).max() < 1e-3


def test_our_own_rates_pass_untouched() -> None:
    samples = _noise(4800)
    assert np.array_equal(_resample(samples, 48_000, (480,)).sound, samples)
    assert np.array_equal(_resample(samples, 16_000, (160,)).waveform, samples[:, 0])


def test_channels_stay_apart_and_average_for_the_engine() -> None:
    samples = _noise(4800, channels=2)
    result = _resample(samples, 16_000, (100,))
    assert np.allclose(result.waveform, samples.mean(axis=1), atol=1e-7)
    for channel in range(2):
        alone = _resample(samples[:, channel : channel + 1], 16_000, (100,))
        assert np.array_equal(result.sound[:, channel], alone.sound[:, 0])
    assert _resample(_noise(4800, channels=6), 16_000, (100,)).sound.shape[1] == 1


@pytest.mark.parametrize("sizes", [(3,), (1, 2, 1001), (9600,)])
def test_pcm_may_be_cut_at_any_byte(sizes: Sequence[int]) -> None:
    values = np.random.default_rng(2).integers(-32768, 32767, (2400, 2), np.int16)
    whole = _resample(values.astype(np.float32) / 32768, 24_000, (2400,))
    data, resampler, blocks, start, turn = (
        values.astype("<i2").tobytes(),
        SpeechResampler(24_000, 2),
        [],
        0,
        0,
    )
    while start < len(data):
        size = sizes[min(turn, len(sizes) - 1)]
        blocks.append(resampler.push_pcm16(data[start : start + size]))
        start, turn = start + size, turn + 1
    blocks.append(resampler.finish())
    assert np.array_equal(np.concatenate([block.sound for block in blocks]), whole.sound)


def test_little_is_held_back() -> None:
    for rate in RATES:
        made = SpeechResampler(rate, 1).push(_noise(rate)).waveform
        assert len(made) > 16_000 * 0.98


def test_the_output_stays_in_range() -> None:
    square = np.sign(_noise(8000)) * np.float32(1)
    result = _resample(square, 22_050, (500,))
    assert np.abs(result.sound).max() <= 1
    assert np.abs(result.waveform).max() <= 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_are_refused(value: float) -> None:
    with pytest.raises(AudioUnreadable, match="finite"):
        SpeechResampler(16_000, 1).push(np.full((10, 1), value, np.float32))


@pytest.mark.parametrize("rate", [0, 100, 3_999, 96_001, MAXIMUM_RATE + 1])
def test_impossible_rates_are_refused(rate: int) -> None:
    with pytest.raises(AudioUnreadable, match="samples per second"):
        SpeechResampler(rate, 1)
