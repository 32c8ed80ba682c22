"""Which file of a weights folder runs a network."""

from pathlib import Path
from typing import Any

import torch

from talkhead.engines.ditto.files.checkpoints import load_network
from talkhead.engines.ditto.files.onnx_networks import load_onnx_network
from talkhead.engines.ditto.files.published_files import PUBLISHED, trusted_file
from talkhead.errors import WeightsMissing


def open_network(name: str, folder: Path, device: str | torch.device = "cpu") -> Any:
    """The network of that name, with the calls of `networks/signatures.py`.

    The `.pth` file of the folder is preferred to the ONNX file: torch runs the one, onnxruntime
    the other. Two networks need not be of the same kind.

    Raises:
        WeightsMissing: neither file is in the folder.
        CheckpointMismatch: the file is not that network's, or not what was downloaded.
        SoftwareMissing: it is the ONNX file, and onnxruntime cannot run it on that device.
    """
    path = trusted_file(folder, name)
    if path is None:
        choice = " or ".join(file.name for file in PUBLISHED.alternatives(name))
        raise WeightsMissing(f"{folder} has no {name}; put {choice} there")
    load = load_onnx_network if path.suffix == ".onnx" else load_network
    return load(name, path, device)
