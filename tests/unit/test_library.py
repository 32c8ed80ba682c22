"""The library in one call: a whole file or none, and errors that name what is wrong."""

import errno
from pathlib import Path

import pytest

from talkhead import library
from talkhead.errors import AudioUnreadable, OptionError, PortraitUnreadable
from tests.fakes import FakeEngine, decode, grey_portrait, png_bytes, tone, wav_bytes


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A portrait and 2.01 seconds of speech, for the engine without networks."""
    monkeypatch.setattr(library, "ready_engine", lambda name, weights_dir: FakeEngine())
    portrait, speech = tmp_path / "portrait.png", tmp_path / "speech.wav"
    portrait.write_bytes(png_bytes(grey_portrait()))
    speech.write_bytes(wav_bytes(tone(2.01)))
    return portrait, speech


def test_a_file_of_every_frame_and_nothing_beside_it(
    tmp_path: Path, inputs: tuple[Path, Path]
) -> None:
    output = tmp_path / "new" / "folder" / "out.MP4"
    told: list[float] = []
    made = library.render(*inputs, output, on_progress=told.append)
    assert (made.path, made.frames, made.seconds) == (output, 51, 2.04)
    assert len(decode(output.read_bytes())[0]) == 51
    assert [path.name for path in output.parent.iterdir()] == ["out.MP4"]
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("folder", "is a folder"),
        ("folder/out", "does not end in .mp4"),
        ("out.webm", "does not end in .mp4"),
        ("portrait.png/out.mp4", "cannot be written"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_the_work(
    tmp_path: Path, inputs: tuple[Path, Path], output: str, says: str
) -> None:
    (tmp_path / "folder").mkdir()
    told: list[float] = []
    with pytest.raises(OptionError, match=says) as refused:
        library.render(*inputs, tmp_path / output, on_progress=told.append)
    assert refused.value.param == "output"
    assert told == []


def test_a_full_disk_is_said_in_words_and_leaves_nothing(
    tmp_path: Path, inputs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(library, "to_progressive", full)
    output = tmp_path / "out" / "out.mp4"
    with pytest.raises(OptionError, match="cannot be written: No space left on device"):
        library.render(*inputs, output)
    assert list(output.parent.iterdir()) == []


def test_inputs_that_are_not_there(tmp_path: Path, inputs: tuple[Path, Path]) -> None:
    portrait, speech = inputs
    with pytest.raises(PortraitUnreadable, match="No such file"):
        library.render(tmp_path / "no.png", speech, tmp_path / "out.mp4")
    with pytest.raises(AudioUnreadable, match="Is a directory"):
        library.render(portrait, tmp_path, tmp_path / "out.mp4")


def test_a_device_that_is_not_here(tmp_path: Path, inputs: tuple[Path, Path]) -> None:
    with pytest.raises(OptionError, match="device is 'gpu'"):
        library.render(*inputs, tmp_path / "out.mp4", device="gpu")
