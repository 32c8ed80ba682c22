"""The `ditto` networks under the weights of the parity cases, through files as published."""

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor

from talkhead.engines.ditto.files.checkpoints import LAYOUTS, load_network
from tests.parity_cases import parity


@lru_cache(maxsize=1)  # hundreds of megabytes each
@torch.inference_mode(False)  # kept for others, who may want more of it than the first does
def state(name: str) -> Mapping[str, Tensor]:
    """The weights under their published names."""
    filled = parity("ditto").state(name)
    return {key: torch.from_numpy(value) for key, value in filled.items()}


def published(name: str) -> dict[str, Any]:
    """What `torch.load` returns for the published file of that network, wrappers included."""
    layout = LAYOUTS[name]
    weights = {layout.prefix + key: value for key, value in state(name).items()}
    return {layout.entry: weights} if layout.entry else weights


def write_pth(name: str, path: Path) -> Path:
    torch.save(published(name), path)
    return path


def arguments(case: Mapping[str, np.ndarray], *names: str) -> list[Tensor]:
    """Inputs of a parity case, as tensors."""
    return [torch.from_numpy(case[f"in_{name}"]) for name in names]


@cache
@torch.inference_mode(False)
def network(name: str) -> Any:
    """Loaded and folded, as the engine does it. Shared: change nothing."""
    with TemporaryDirectory() as folder:
        return load_network(name, write_pth(name, Path(folder) / f"{name}.pth"))


@torch.inference_mode(False)
def unfolded(name: str) -> Any:
    """As it is built, layer by layer."""
    with torch.device("meta"):
        plain = LAYOUTS[name].build().eval()
    plain.load_state_dict(state(name), assign=True)
    return plain
