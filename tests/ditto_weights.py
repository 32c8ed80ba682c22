"""The `ditto` networks under the weights of the parity cases, through files as published."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import nn

from talkhead.engines.ditto.checkpoints import LAYOUTS, load_network
from tests.parity_cases import parity


def published(name: str) -> dict[str, Any]:
    """What `torch.load` returns for the published file of that network, wrappers included."""
    layout = LAYOUTS[name]
    state = {
        layout.prefix + key: torch.from_numpy(value)
        for key, value in parity("ditto").state(name).items()
    }
    return {layout.entry: state} if layout.entry else state


def write_pth(name: str, path: Path) -> Path:
    torch.save(published(name), path)
    return path


@cache
def network(name: str) -> nn.Module:
    """Loaded and folded, as the engine does it. Shared: change nothing."""
    with TemporaryDirectory() as folder:
        return load_network(name, write_pth(name, Path(folder) / f"{name}.pth"))
