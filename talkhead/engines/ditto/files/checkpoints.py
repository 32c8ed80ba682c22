"""The published `.pth` files of the networks: checked name by name, then folded for running.

Nothing but tensors is read out of them (`weights_only`), so a file cannot run code.
"""

import pickle
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from talkhead.engines.ditto.networks.appearance_extractor import AppearanceExtractor
from talkhead.engines.ditto.networks.decoder import Decoder
from talkhead.engines.ditto.networks.folding import fold
from talkhead.engines.ditto.networks.lmdm import Lmdm
from talkhead.engines.ditto.networks.motion_extractor import MotionExtractor
from talkhead.engines.ditto.networks.stitch_network import StitchNetwork
from talkhead.engines.ditto.networks.warp_network import WarpNetwork
from talkhead.errors import CheckpointMismatch, WeightsMissing

NAMED = 4  # keys in a complaint; more help nobody
UNREADABLE = (  # what torch.load says of bytes that are no checkpoint
    RuntimeError, pickle.UnpicklingError, EOFError, OSError,
    ValueError, TypeError, LookupError, AttributeError,
)  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """How a network lies in its file (ditto.md §1.2)."""

    build: Callable[[], nn.Module]
    entry: str = ""  # of the file's dict, where the weights are; empty: the dict itself
    prefix: str = ""  # stands somewhere in every name and belongs to none


LAYOUTS: Mapping[str, Layout] = {
    "appearance_extractor": Layout(AppearanceExtractor),
    "motion_extractor": Layout(MotionExtractor),
    "warp_network": Layout(WarpNetwork),
    "decoder": Layout(Decoder),
    "stitch_network": Layout(StitchNetwork, "retarget_shoulder", "module."),
    "lmdm": Layout(Lmdm, "model_state_dict"),
}


def load_network(name: str, path: Path, device: str | torch.device = "cpu") -> nn.Module:
    """The network of that name (a key of `LAYOUTS`), in float32, folded, ready to run.

    Raises:
        WeightsMissing: there is no such file.
        CheckpointMismatch: the file is not a checkpoint, or not exactly this network's.
    """
    layout = LAYOUTS[name]
    tensors = _tensors(path, layout)
    with torch.device("meta"):
        network = layout.build()
    _check(tensors, network.state_dict(), path)
    network.load_state_dict(tensors, assign=True)
    with torch.no_grad():
        folded = fold(network.eval())
    return folded.requires_grad_(False).to(device)


def _tensors(path: Path, layout: Layout) -> dict[str, Tensor]:
    content = _read(path)
    if layout.entry:
        content = content.get(layout.entry) if isinstance(content, dict) else None
    if not isinstance(content, dict) or not content:
        where = f"no weights under {layout.entry!r}" if layout.entry else "no weights"
        raise CheckpointMismatch(f"{path} has {where}; it should be the published file")
    strange = [str(key) for key, value in content.items() if not isinstance(value, Tensor)]
    if strange:
        raise CheckpointMismatch(f"{path}: {_listed(strange)} should be tensors and are not")
    tensors = {
        str(key).replace(layout.prefix, ""): value.float() if value.is_floating_point() else value
        for key, value in content.items()
    }
    if len(tensors) < len(content):
        raise CheckpointMismatch(f"{path} has names twice, with and without {layout.prefix!r}")
    return tensors


def _read(path: Path) -> object:
    if not path.is_file():
        raise WeightsMissing(f"{path} does not exist; put the published file there")
    try:
        with warnings.catch_warnings():  # of foreign pickles, before it fails of them
            warnings.simplefilter("ignore", UserWarning)
            return torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        reason = str(error).partition("\n")[0].partition(". ")[0]
        raise CheckpointMismatch(f"{path} is no readable checkpoint: {reason}") from error


def _check(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], path: Path) -> None:
    both = found.keys() & expected.keys()
    complaints = {
        "missing": sorted(expected.keys() - found.keys()),
        "not of this network": sorted(found.keys() - expected.keys()),
        "of another shape": sorted(n for n in both if found[n].shape != expected[n].shape),
        "of another type": sorted(n for n in both if found[n].dtype != expected[n].dtype),
    }
    parts = [f"{_listed(names)} {what}" for what, names in complaints.items() if names]
    if parts:
        raise CheckpointMismatch(f"{path}: {'; '.join(parts)}")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
