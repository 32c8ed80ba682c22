"""The motion model's file: safetensors, half-precision weights, its configuration in the header."""

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from talkhead.engines.builtin.motion.config import MotionConfig
from talkhead.engines.builtin.motion.model import MotionModel
from talkhead.errors import CheckpointMismatch, WeightsMissing

SHIPPED = Path(__file__).with_name("weights.safetensors")


def save(model: MotionModel, path: Path) -> None:
    """Weights as 16-bit floats; the motion's scale stays 32-bit."""
    exact = {name for name, _ in model.named_buffers()}
    tensors = {
        name: (tensor if name in exact else tensor.half()).contiguous()
        for name, tensor in model.state_dict().items()
    }
    save_file(tensors, path, metadata={"config": json.dumps(asdict(model.config))})


def load(path: Path = SHIPPED, device: str = "cpu") -> MotionModel:
    """The model in that file, in 32-bit floats, ready to run.

    Raises:
        WeightsMissing: there is no such file.
        CheckpointMismatch: it does not hold exactly the tensors and sizes of this model.
    """
    if not path.exists():
        raise WeightsMissing(f"{path} does not exist; `talkhead train motion` makes it")
    try:
        with safe_open(path, framework="pt", device=device) as file:
            config = _config(file.metadata(), path)
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}
    except SafetensorError as error:
        raise CheckpointMismatch(f"{path} is not a safetensors file: {error}") from error
    with torch.device("meta"):
        model = MotionModel(config)
    _check(tensors, model.state_dict(), path)
    model.load_state_dict(tensors, assign=True)
    _lay_out(model)
    return model.eval().requires_grad_(False)


def _lay_out(model: MotionModel) -> None:
    """Stores linear weights input by input: for a dozen rows that is a third faster."""
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            layer.weight.data = layer.weight.data.t().contiguous().t()


def _config(metadata: dict[str, str] | None, path: Path) -> MotionConfig:
    try:
        return MotionConfig(**json.loads((metadata or {})["config"]))
    except (KeyError, TypeError, ValueError) as error:
        message = f"{path} has no configuration of this model in its header: {error}"
        raise CheckpointMismatch(message) from error


def _check(found: dict[str, Tensor], expected: dict[str, Tensor], path: Path) -> None:
    complaints = {
        "missing": sorted(expected.keys() - found.keys()),
        "unexpected": sorted(found.keys() - expected.keys()),
        "of another shape": sorted(
            name
            for name in found.keys() & expected.keys()
            if found[name].shape != expected[name].shape
        ),
    }
    parts = [f"{', '.join(names)} {what}" for what, names in complaints.items() if names]
    if parts:
        raise CheckpointMismatch(f"{path}: {'; '.join(parts)}")
