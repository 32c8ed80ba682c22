"""Downloaded weights are read as what they claim to be, and the command line says what it found."""

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from talkhead.__main__ import app
from talkhead.engines.ditto.files.published_files import FILES, PUBLISHED
from talkhead.errors import WeightsMissing
from talkhead.weights.record import digest, read_record
from talkhead.weights.verify import Finding, verify
from tests.ditto_weights import write_pth
from tests.hub import COMMIT, REPOSITORY, running_hub
from tests.parity_cases import parity

STITCH = "ditto_pytorch/models/stitch_network.pth"
CONFIG = "ditto_cfg/v0.4_hubert_cfg_trt_online.pkl"
TOYS = {  # by published name
    "ditto_onnx/hubert.onnx": "hubert",
    "ditto_onnx/blaze_face.onnx": "blaze_face",
    "ditto_onnx/face_mesh.onnx": "face_mesh",
    "ditto_onnx/insightface_det.onnx": "insightface_det",
    "ditto_onnx/landmark106.onnx": "landmark106",
    "ditto_onnx/landmark203.onnx": "landmark203",
    "ditto_pytorch/aux_models/det_10g.onnx": "insightface_det",
    "ditto_pytorch/aux_models/2d106det.onnx": "landmark106",
    "ditto_pytorch/aux_models/hubert_streaming_fix_kv.onnx": "hubert",
    "ditto_pytorch/aux_models/landmark203.onnx": "landmark203_ori",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Stand-ins of the small published files, in the published sub-folders."""
    for file in FILES:
        (tmp_path / file.name).parent.mkdir(parents=True, exist_ok=True)
    for name, toy in TOYS.items():
        shutil.copyfile(parity("ditto").toy(toy), tmp_path / name)
    write_pth("stitch_network", tmp_path / STITCH)
    (tmp_path / CONFIG).write_bytes(pickle.dumps({"default_kwargs": {"overlap_v2": 10}}, 2))
    return tmp_path


def found(folder: Path) -> dict[str, Finding]:
    return {finding.file.name: finding for finding in verify(PUBLISHED, folder)}


def test_each_file_is_read_as_what_it_is(folder: Path) -> None:
    blaze_face = "ditto_onnx/blaze_face.onnx"
    (folder / blaze_face).unlink()
    findings = found(folder)
    for name in {*TOYS, STITCH, CONFIG} - {blaze_face}:
        assert findings[name].state == "ok; no hash was recorded", name
    decoder = findings["ditto_pytorch/models/decoder.pth"]
    assert decoder.problem == "is missing, or an alternative of it, and needed"
    assert findings[blaze_face].state == "not here; optional"


def test_a_file_of_another_kind_is_named(folder: Path) -> None:
    """Each in its turn holds what the next should."""
    names = (*TOYS, STITCH, CONFIG)
    contents = [(folder / name).read_bytes() for name in names]
    for shift in (1, 3):
        for name, data in zip(names, contents[shift:] + contents[:shift], strict=True):
            (folder / name).write_bytes(data)
        findings = found(folder)
        for name in (STITCH, CONFIG, "ditto_onnx/hubert.onnx", "ditto_onnx/face_mesh.onnx"):
            assert str(folder / name) in findings[name].problem


def test_landmarks_are_named_or_third(folder: Path) -> None:
    """As the two published files have them; the file of the 106 points has one other output."""
    name = "ditto_pytorch/aux_models/landmark203.onnx"
    assert not found(folder)[name].problem
    shutil.copy(folder / "ditto_onnx/landmark106.onnx", folder / name)
    assert "1 inputs and 1 outputs; 1 and 3 would be right" in found(folder)[name].problem


@pytest.mark.parametrize("name", [STITCH, CONFIG, "ditto_onnx/hubert.onnx"])
def test_half_a_file_is_named(folder: Path, name: str) -> None:
    data = (folder / name).read_bytes()
    for half in (b"", data[: len(data) // 2]):
        (folder / name).write_bytes(half)
        assert str(folder / name) in found(folder)[name].problem


def test_files_side_by_side_are_read_as_well(folder: Path, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    for name in (STITCH, CONFIG, "ditto_onnx/landmark203.onnx"):
        shutil.copy(folder / name, flat)
    states = [finding.state for finding in verify(PUBLISHED, flat) if finding.path]
    assert states == ["ok; no hash was recorded"] * 3


def test_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="absent is not a folder"):
        verify(PUBLISHED, tmp_path / "absent")


def talkhead(*arguments: str, endpoint: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "COLUMNS": "300"}
    command = [sys.executable, "-m", "talkhead", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_pull_and_verify_from_the_command_line(folder: Path, tmp_path: Path) -> None:
    """Everything of the published repository that a stand-in can be; the rest holds its name."""
    files = {file.name: file.name.encode() for file in FILES}
    for name in (*TOYS, STITCH, CONFIG):
        files[name] = (folder / name).read_bytes()
    to = tmp_path / "to"
    given = ("pull", "ditto", "--repository", REPOSITORY, "--to", str(to))
    with running_hub(files) as hub:
        done = talkhead(
            "weights", *given, "--include-non-commercial", endpoint=hub.address, home=tmp_path
        )
    assert done.returncode == 0, done.stderr
    assert "Warning: files of InsightFace are for non-commercial research only" in done.stderr
    assert f"{REPOSITORY} at {COMMIT}: 13 files fetched" in done.stdout
    assert f"{STITCH} (MIT" in done.stdout
    for name, entry in read_record(to).entries.items():
        assert digest(to / name) == entry.sha256
    (to / "ditto_onnx/face_mesh.onnx").write_bytes(b"something else")
    result = CliRunner().invoke(app, ["weights", "verify", "ditto", str(to)])
    assert result.exit_code == 1
    errors = {line.split(":")[1].strip(): line for line in result.stderr.splitlines()}
    assert "14 bytes, " in errors["ditto_onnx/face_mesh.onnx"]
    assert "no readable checkpoint" in errors["ditto_pytorch/models/decoder.pth"]
    assert {STITCH, CONFIG, *TOYS}.isdisjoint(errors.keys() - {"ditto_onnx/face_mesh.onnx"})


def test_an_error_of_the_hub_is_one_line(tmp_path: Path) -> None:
    with running_hub({}) as hub:
        done = talkhead(
            "weights", "pull", "ditto", "--repository", "no/thing", endpoint=hub.address,
            home=tmp_path,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {hub.address}/no/thing does not exist, or only for some")
    assert done.stderr.endswith("(--repository)\n")
    assert done.stderr.count("\n") == 1


def test_an_engine_without_published_weights_is_named() -> None:
    result = CliRunner().invoke(app, ["weights", "verify", "builtin"])
    assert str(result.exception) == "'builtin' ships with its weights; those of ditto are published"


def test_engines_tell_the_licence_of_every_file() -> None:
    result = CliRunner().invoke(app, ["engines", "--verbose"], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.exception
    for part in ("face_landmark.onnx", "weights.safetensors", "MediaPipe (Google)", "Apache-2.0"):
        assert part in result.stdout
