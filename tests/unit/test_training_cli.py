"""The commands of `talkhead train` that need neither data nor time."""

from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from talkhead.timing import SAMPLE_RATE
from talkhead.training import excerpt, flac
from talkhead.training.cli import app
from talkhead.training.debian import NEEDED
from talkhead.training.evaluate import TaughtClip


def test_packages_can_be_pasted_behind_apt_get_install() -> None:
    result = CliRunner().invoke(app, ["packages"])
    assert result.exit_code == 0
    assert result.stdout.split() == list(NEEDED)


def test_flac_gives_back_what_16_bits_can_hold(tmp_path: Path) -> None:
    waveform = np.random.default_rng(0).uniform(-1, 1, 5000).astype(np.float32)
    flac.write(tmp_path / "a.flac", waveform, 32_000)
    found, rate = flac.read(tmp_path / "a.flac")
    assert rate == 32_000
    np.testing.assert_allclose(found, waveform, atol=1 / 32767)


def test_an_excerpt_loads_back_as_it_was(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    clips = [
        TaughtClip(
            waveform=random.uniform(-0.5, 0.5, frames * 640).astype(np.float32),
            taught=random.random((frames, 58)).astype(np.float16).astype(np.float32),
            closure=random.integers(0, 2, frames).astype(np.float32),
        )
        for frames in (30, 45)
    ]
    excerpt.save(clips, tmp_path)
    for before, after in zip(clips, excerpt.load(tmp_path), strict=True):
        np.testing.assert_allclose(after.waveform, before.waveform, atol=1 / 32767)
        np.testing.assert_array_equal(after.taught, before.taught)
        np.testing.assert_array_equal(after.closure, before.closure)


def test_the_example_speech_is_ready_to_play() -> None:
    path = Path(__file__).parents[2] / "talkhead" / "examples" / "speech.flac"
    waveform, rate = flac.read(path)
    assert path.stat().st_size < 500_000
    assert rate >= SAMPLE_RATE
    assert 7 < len(waveform) / rate < 12
    assert 0.5 < np.abs(waveform).max() <= 1
