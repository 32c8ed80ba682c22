"""Which file of a weights folder runs a network, and by which back end."""

from pathlib import Path
from typing import Any, Literal

import torch

from talkhead.engines.ditto.checkpoints import load_network
from talkhead.engines.ditto.onnx_networks import load_onnx_network
from talkhead.engines.ditto.published_files import PUBLISHED, trusted_file
from talkhead.errors import WeightsMissing

Backend = Literal["auto", "torch", "onnx"]
EDITIONS = {"auto": "", "torch": "pytorch", "onnx": "onnx"}


def open_network(
    name: str,
    folder: Path,
    backend: Backend = "auto",
    device: str | torch.device = "cpu",
    threads: int | None = None,
) -> Any:
    """The network of that name, with the calls of `networks/signatures.py`.

    The `.pth` file of the folder is preferred, and the back ends of two networks need not be the
    same. `threads` is onnxruntime's, by default torch's number.

    Raises:
        WeightsMissing: no file of that back end is in the folder.
        CheckpointMismatch: the file is not that network's, or not what was downloaded.
    """
    edition = EDITIONS[backend]
    path = trusted_file(folder, name, edition)
    if path is None:
        choice = " or ".join(file.name for file in PUBLISHED.alternatives(name, edition))
        raise WeightsMissing(f"{folder} has no {name}; put {choice} there")
    return open_file(name, path, device, threads)


def open_file(
    name: str, path: Path, device: str | torch.device = "cpu", threads: int | None = None
) -> Any:
    """The network from this very file, `.pth` or `.onnx`.

    Raises:
        WeightsMissing, CheckpointMismatch: it is not there, or not that network's.
    """
    if path.suffix == ".onnx":
        return load_onnx_network(name, path, device, threads)
    return load_network(name, path, device)
