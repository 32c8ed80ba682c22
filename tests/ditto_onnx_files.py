"""ONNX files with the published names, exported from our own networks or from smaller ones."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from jaxtyping import config
from torch import Tensor, nn
from torch.onnx import register_custom_op_symbolic  # type: ignore[attr-defined]

from talkhead.engines.ditto.files.file_check import SIGNATURES
from talkhead.engines.ditto.files.onnx_networks import STEMS
from tests.ditto_weights import network, unfolded

OPSET = 17  # the published one
SHAPES: dict[str, list[tuple[int, ...]]] = {
    "appearance_extractor": [(1, 3, 256, 256)],
    "motion_extractor": [(1, 3, 256, 256)],
    "stitch_network": [(1, 21, 3)] * 2,
    "warp_network": [(1, 32, 16, 64, 64), (1, 21, 3), (1, 21, 3)],
    "decoder": [(1, 256, 64, 64)],
    "lmdm": [(1, 80, 265), (1, 265), (1, 80, 1103), (1,)],
}


def export(model: nn.Module, name: str, path: Path, inputs: Sequence[Tensor] = ()) -> Path:
    """The model under the inputs and outputs of that network."""
    given, made = SIGNATURES[STEMS.get(name, name)]
    inputs = inputs or [torch.zeros(shape) for shape in SHAPES[name]]
    if name == "lmdm":
        inputs = [*inputs[:3], torch.zeros(1, dtype=torch.int64)]
    register_custom_op_symbolic("aten::grid_sampler", _grid_sample, OPSET)
    register_custom_op_symbolic("aten::contiguous", _same, OPSET)
    with warnings.catch_warnings(), torch.no_grad(), _unchecked():
        warnings.simplefilter("ignore")  # the exporter's, about itself and what it traces
        torch.onnx.export(
            model.eval(),
            tuple(inputs),
            str(path),
            input_names=list(given),
            output_names=list(made),
            opset_version=OPSET,
            dynamo=False,
        )
    return path


@contextmanager
def _unchecked() -> Iterator[None]:
    """What traces a network hands in tensors where it has numbers: no check of types meanwhile."""
    config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        config.update("jaxtyping_disable", False)


def published_graph(name: str) -> nn.Module:
    """The network of the parity weights, cut to what the published graph holds."""
    if name == "warp_network":  # folded it has steps that opset 17 does not
        return WholeWarp(unfolded(name))
    return GuidedStep(network(name)) if name == "lmdm" else network(name)


class WholeWarp(nn.Module):
    def __init__(self, warp: Any) -> None:
        super().__init__()
        self.warp = warp

    def forward(self, feature_3d: Tensor, kp_source: Tensor, kp_driving: Tensor) -> Tensor:
        return self.warp(self.warp.source(feature_3d), kp_source, kp_driving)


class GuidedStep(nn.Module):
    """Guidance inside; the noise in the output is not the published one, and nobody reads it."""

    def __init__(self, lmdm: Any) -> None:
        super().__init__()
        self.lmdm = lmdm

    def forward(
        self, x: Tensor, cond_frame: Tensor, cond: Tensor, time: Tensor
    ) -> tuple[Tensor, Tensor]:
        clean = self.lmdm.guided(x, cond_frame, self.lmdm.encode_condition(cond), time)
        return x - clean, clean


def _grid_sample(graph: Any, volume: Any, places: Any, *_: Any) -> Any:
    """The exporter knows sampling of pictures only; the published file samples volumes so."""
    return graph.op(
        "GridSample", volume, places, mode_s="bilinear", padding_mode_s="zeros", align_corners_i=0
    )


def _same(graph: Any, tensor: Any, layout: Any) -> Any:
    """ONNX knows nothing of the order in memory."""
    return tensor
