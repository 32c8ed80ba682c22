"""Published `.pth` files are loaded exactly, and whatever else is refused in words."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from talkhead.engines.ditto.files.checkpoints import LAYOUTS, load_network
from talkhead.errors import CheckpointMismatch, WeightsMissing
from tests.ditto_weights import published, state, write_pth

NAME = "stitch_network"
ENTRY = LAYOUTS[NAME].entry
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_pth(NAME, tmp_path / "stitch_network.pth")


def test_the_tensors_of_the_file_are_those_of_the_network(path: Path) -> None:
    loaded = load_network(NAME, path).state_dict()
    assert loaded.keys() == state(NAME).keys()
    assert all(torch.equal(loaded[key], value) for key, value in state(NAME).items())


def test_half_precision_files_load_as_float32(path: Path) -> None:
    halves = {"module." + key: value.half() for key, value in state(NAME).items()}
    torch.save({ENTRY: halves}, path)
    assert {value.dtype for value in load_network(NAME, path).parameters()} == {torch.float32}


def test_other_entries_of_the_file_do_not_matter(path: Path) -> None:
    torch.save(published(NAME) | {"retarget_eye": {"a": torch.zeros(1)}}, path)
    load_network(NAME, path)


def test_a_network_is_ready_to_run(path: Path) -> None:
    network = load_network(NAME, path)
    assert not network.training
    assert not any(value.requires_grad for value in network.parameters())


def test_no_file_is_missing_weights(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"decoder\.pth"):
        load_network("decoder", tmp_path / "decoder.pth")


CHANGES: dict[str, tuple[Change, str]] = {
    "a key is missing": (lambda w: w.pop("module.mlp.0.bias"), "mlp.0.bias missing"),
    "a key is too many": (
        lambda w: w.update({"module.mlp.8.bias": torch.zeros(2)}),
        "mlp.8.bias not of this network",
    ),
    "a shape differs": (
        lambda w: w.update({"module.mlp.0.bias": torch.zeros(127)}),
        "mlp.0.bias of another shape",
    ),
    "a type differs": (
        lambda w: w.update({"module.mlp.0.bias": torch.zeros(128, dtype=torch.int64)}),
        "mlp.0.bias of another type",
    ),
    "a value is no tensor": (
        lambda w: w.update({"module.mlp.0.bias": 3.0}),
        "mlp.0.bias should be tensors",
    ),
    "all keys are missing": (lambda w: w.clear(), "no weights"),
    "two keys are one": (
        lambda w: w.update({"mlp.0.bias": torch.zeros(128)}),
        "names twice",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_weights_of_something_else_are_refused(path: Path, change: str) -> None:
    content = published(NAME)
    alter, complaint = CHANGES[change]
    alter(content[ENTRY])
    torch.save(content, path)
    with pytest.raises(CheckpointMismatch) as refusal:
        load_network(NAME, path)
    assert str(path) in refusal.value.message
    assert complaint in refusal.value.message


@pytest.mark.parametrize("content", [{}, {ENTRY: None}, [1], torch.zeros(3), {"state_dict": {}}])
def test_files_without_the_entry_are_refused(path: Path, content: object) -> None:
    torch.save(content, path)
    with pytest.raises(CheckpointMismatch, match=ENTRY):
        load_network(NAME, path)


def test_a_network_is_not_taken_for_another(tmp_path: Path) -> None:
    path = write_pth("appearance_extractor", tmp_path / "decoder.pth")
    with pytest.raises(CheckpointMismatch, match=r"and \d+ more missing"):
        load_network("decoder", path)


@pytest.mark.parametrize("share", [0, 0.001, 0.01, 0.3, 0.6, 0.9, 0.99, 0.999])
@pytest.mark.parametrize("legacy", [False, True])
def test_cut_files_are_refused(path: Path, share: float, legacy: bool) -> None:
    torch.save(published(NAME), path, _use_new_zipfile_serialization=not legacy)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(CheckpointMismatch, match=r"stitch_network\.pth"):
        load_network(NAME, path)


@pytest.mark.parametrize("seed", range(20))
def test_files_of_anything_are_refused(path: Path, seed: int) -> None:
    dice = torch.Generator().manual_seed(seed)
    length = int(torch.randint(1, 5000, (), generator=dice))
    noise = torch.randint(256, (length,), dtype=torch.uint8, generator=dice)
    start = [b"", b"PK\x03\x04", b"\x80\x02", b"version https://git-lfs"][seed % 4]
    path.write_bytes(start + noise.numpy().tobytes())
    with pytest.raises(CheckpointMismatch, match=r"stitch_network\.pth"):
        load_network(NAME, path)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_of_others_are_refused_without_a_warning(path: Path, protocol: int) -> None:
    path.write_bytes(pickle.dumps({"default_kwargs": {}}, protocol))
    with pytest.raises(CheckpointMismatch, match=r"stitch_network\.pth is no readable checkpoint"):
        load_network(NAME, path)


class Command:
    def __init__(self, made: str) -> None:
        self.made = made

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.made,)


def test_a_file_runs_no_code(path: Path, tmp_path: Path) -> None:
    made = tmp_path / "made"
    for content in (Command(str(made)), {ENTRY: Command(str(made))}):
        torch.save(content, path)
        with pytest.raises(CheckpointMismatch):
            load_network(NAME, path)
        path.write_bytes(pickle.dumps(content, protocol=2))
        with pytest.raises(CheckpointMismatch):
            load_network(NAME, path)
    assert not made.exists()
