"""Weights load whole or not at all, and the file says what they are."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from talkhead.engines.builtin.motion import checkpoint
from talkhead.engines.builtin.motion.config import MotionConfig
from talkhead.engines.builtin.motion.model import MotionModel
from talkhead.errors import CheckpointMismatch, WeightsMissing

CONFIG = MotionConfig(mel_width=8, middle_width=8, audio_width=8, width=16, layers=1, hidden=16)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "weights.safetensors"
    torch.manual_seed(0)
    checkpoint.save(MotionModel(CONFIG), path)
    return path


def rewrite(path: Path, **changes: torch.Tensor | None) -> None:
    tensors = load_file(path) | changes
    kept = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    save_file(kept, path, metadata=_metadata(path))


def _metadata(path: Path) -> dict[str, str]:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        return dict(file.metadata())


def test_what_is_saved_loads_back_to_half_precision(saved: Path) -> None:
    torch.manual_seed(0)
    original = MotionModel(CONFIG)
    loaded = checkpoint.load(saved)
    assert loaded.config == CONFIG
    for name, tensor in original.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], tensor, rtol=1e-3, atol=1e-6)


def test_saving_what_was_loaded_changes_no_byte(saved: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.safetensors"
    checkpoint.save(checkpoint.load(saved), again)
    assert again.read_bytes() == saved.read_bytes()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"nowhere\.safetensors"):
        checkpoint.load(tmp_path / "nowhere.safetensors")


def test_missing_unexpected_and_misshapen_tensors_are_named(saved: Path) -> None:
    rewrite(
        saved,
        **{"emotions": None, "surplus": torch.zeros(1), "styles.bias": torch.zeros(3)},
    )
    with pytest.raises(CheckpointMismatch) as caught:
        checkpoint.load(saved)
    for words in ("emotions missing", "surplus unexpected", "styles.bias of another shape"):
        assert words in caught.value.message


@pytest.mark.parametrize("metadata", [None, {"config": "{"}, {"config": '{"depth": 3}'}])
def test_a_header_without_the_configuration_is_refused(
    saved: Path, metadata: dict[str, str] | None
) -> None:
    save_file(load_file(saved), saved, metadata=metadata)
    with pytest.raises(CheckpointMismatch, match="configuration"):
        checkpoint.load(saved)


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"not weights at all")
    with pytest.raises(CheckpointMismatch, match="not a safetensors file"):
        checkpoint.load(path)
