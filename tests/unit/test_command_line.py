"""The command line: errors in one line that speak its language, and a clean end on request."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from talkhead import library
from talkhead.__main__ import app, argument_of, main, parse_control
from talkhead.engines.engine import Appearance, Renderer
from talkhead.errors import OptionError
from talkhead.types import Controls, Frames, Motion
from tests.fakes import (
    BrightnessRenderer,
    FakeEngine,
    grey_portrait,
    png_bytes,
    tone,
    wav_bytes,
)


class AskedToEnd(BrightnessRenderer):
    """While it draws, this process is told to end."""

    def __init__(self, how: signal.Signals) -> None:
        self._how = how

    def render(
        self, items: Sequence[tuple[Appearance, Motion, Controls]], size: int
    ) -> list[Frames]:
        os.kill(os.getpid(), self._how)
        return super().render(items, size)


class EndingEngine(FakeEngine):
    how = signal.SIGINT

    def renderer(self, device: str) -> Renderer:
        return AskedToEnd(self.how)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_who_ends_it_finds_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    monkeypatch.setattr(library, "ready_engine", lambda name, weights_dir: EndingEngine())
    monkeypatch.setattr(EndingEngine, "how", how)
    handler = signal.getsignal(signal.SIGTERM)
    portrait, speech = tmp_path / "portrait.png", tmp_path / "speech.wav"
    portrait.write_bytes(png_bytes(grey_portrait()))
    speech.write_bytes(wav_bytes(tone(8)))
    output = tmp_path / "out" / "out.mp4"
    result = CliRunner().invoke(app, ["render", str(portrait), str(speech), "-o", str(output)])
    assert (result.exit_code, result.stderr) == (130, "Interrupted.\n")
    assert list(output.parent.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is handler


def test_an_error_is_one_line_with_the_name_as_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also of a file whose name looks like Rich's markup."""
    (tmp_path / "speech.wav").write_bytes(wav_bytes(tone(1)))
    given = ["render", "my [red] face.png", str(tmp_path / "speech.wav"), "-o", "out.mp4"]
    monkeypatch.setattr(sys, "argv", ["talkhead", *given])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert said == "Error: my [red] face.png: No such file or directory (portrait)\n"


def test_parameters_have_the_names_of_the_command_line() -> None:
    names = {
        "portrait": "portrait",
        "audio": "speech",
        "output": "--output",
        "options.size": "--size",
        "options.controls.head_scale": "--controls head_scale",
        "--controls": "--controls",
    }
    assert {name: argument_of(name) for name in names} == names


def test_controls_are_numbers_or_words() -> None:
    assert parse_control("head_scale=0.5") == ("head_scale", 0.5)
    assert parse_control("emotion=happy") == ("emotion", "happy")
    with pytest.raises(OptionError, match="not KEY=VALUE"):
        parse_control("head_scale")


@pytest.mark.parametrize("more", [[], ["--verbose"]])
def test_engines_are_listed_with_their_controls(more: list[str]) -> None:
    result = CliRunner().invoke(app, ["engines", *more])
    assert result.exit_code == 0
    assert result.stdout.startswith("builtin")
    assert "head_scale" in result.stdout
    assert ("Multiplies" in result.stdout) == bool(more)
