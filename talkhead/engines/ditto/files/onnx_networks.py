"""The networks from the published ONNX files, through onnxruntime.

They take and return tensors like our own networks (`networks/signatures.py`). The graphs are made
for one item a call, so a batch costs as much as its items one by one, and tensors pass through
the memory of the CPU: our own networks are the faster ones wherever there is a GPU.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from jaxtyping import Float, Int
from torch import Tensor

from talkhead.engines.ditto.files.file_check import SIGNATURES
from talkhead.engines.ditto.files.opset20 import at_opset_20
from talkhead.engines.ditto.networks.lmdm import GUIDANCE
from talkhead.engines.ditto.networks.motion_extractor import FaceMotion
from talkhead.errors import CheckpointMismatch, SoftwareMissing, WeightsMissing

PLUGIN = "GridSample3D"  # an operator of the authors' TensorRT plug-in
QUIET = 4  # what goes wrong is in the exception
CUDA = "CUDAExecutionProvider"
EVERY_FRAME = {"warp_network", "decoder"}  # on a CPU they take seconds a frame

_log = logging.getLogger("talkhead")


class Graph:
    """One file's graph: tensors of a batch in, tensors of a batch out, item by item."""

    def __init__(
        self, session: ort.InferenceSession, inputs: Sequence[str], outputs: Sequence[str]
    ) -> None:
        self._session = session
        self._inputs = inputs
        self._outputs = outputs

    def __call__(self, *batch: Tensor) -> list[Tensor]:
        """In the order of the published signature; results are where the first input is."""
        arrays = [np.ascontiguousarray(_numbers(tensor)) for tensor in batch]
        runs = [
            self._session.run(
                list(self._outputs),
                {name: array[i : i + 1] for name, array in zip(self._inputs, arrays, strict=True)},
            )
            for i in range(len(arrays[0]))
        ]
        joined = (np.concatenate(parts) for parts in zip(*runs, strict=True))
        return [torch.from_numpy(array).to(batch[0]) for array in joined]


def _numbers(tensor: Tensor) -> np.ndarray:
    exact = tensor.float() if tensor.is_floating_point() else tensor
    return exact.detach().cpu().numpy()


class OnnxMotionExtractor:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def __call__(self, image: Float[Tensor, "batch 3 height width"]) -> FaceMotion:
        return FaceMotion(*self._graph(image))


class OnnxPicture:
    """A network with one result: the appearance extractor, the stitch network, the decoder."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def __call__(self, *inputs: Tensor) -> Tensor:
        return self._graph(*inputs)[0]


class OnnxWarpNetwork:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def source(
        self, feature_3d: Float[Tensor, "batch channels depth height width"]
    ) -> tuple[Tensor, ...]:
        return (feature_3d,)  # the graph knows no halves

    def __call__(
        self,
        source: tuple[Tensor, ...],
        kp_source: Float[Tensor, "batch 21 3"],
        kp_driving: Float[Tensor, "batch 21 3"],
    ) -> Float[Tensor, "batch out_channels height width"]:
        return self._graph(source[0], kp_source, kp_driving)[0]


class OnnxLmdm:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def encode_condition(self, cond: Float[Tensor, "batch 80 1103"]) -> tuple[Tensor, ...]:
        return (cond,)  # as above

    def guided(
        self,
        x: Float[Tensor, "batch 80 265"],
        cond_frame: Float[Tensor, "batch 265"],
        condition: tuple[Tensor, ...],
        time: Int[Tensor, " batch"],
        scale: float = GUIDANCE,
    ) -> Float[Tensor, "batch 80 265"]:
        """Guidance is inside the graph, and its scale with it.

        Raises:
            ValueError: another scale than the graph's.
        """
        if scale != GUIDANCE:
            raise ValueError(f"guidance of {scale:g} needs the .pth file; ONNX has {GUIDANCE:g}")
        return self._graph(x, cond_frame, condition[0], time)[1]


ADAPTERS: Mapping[str, Callable[[Graph], Any]] = {
    "appearance_extractor": OnnxPicture,
    "motion_extractor": OnnxMotionExtractor,
    "warp_network": OnnxWarpNetwork,
    "decoder": OnnxPicture,
    "stitch_network": OnnxPicture,
    "lmdm": OnnxLmdm,
}
STEMS = {"warp_network": "warp_network_ori", "lmdm": "lmdm_v0.4_hubert"}  # else as the network


def load_onnx_network(name: str, path: Path, device: str | torch.device = "cpu") -> Any:
    """The network of that name (a key of `ADAPTERS`), with the calls of `signatures.py`.

    Raises:
        WeightsMissing, SoftwareMissing, CheckpointMismatch: see `open_session`.
    """
    inputs, outputs = SIGNATURES[STEMS.get(name, name)]
    session = open_session(name, path, device)
    return ADAPTERS[name](Graph(session, inputs, outputs))


def open_session(name: str, path: Path, device: str | torch.device = "cpu") -> ort.InferenceSession:
    """The published graph of that part ("decoder", "hubert", "face_mesh"), its names checked.

    On CUDA where onnxruntime has it, else on the CPU, with as many threads as torch. That is said
    once in the log for each part that was meant for CUDA.

    Raises:
        WeightsMissing: there is no such file.
        SoftwareMissing: the part draws every frame, is meant for CUDA and would run on the CPU.
        CheckpointMismatch: the file is no ONNX file, or has not this part's inputs and outputs.
    """
    if not path.is_file():
        raise WeightsMissing(f"{path} does not exist; put the published file there")
    target = torch.device(device)
    cuda = target.type == "cuda" and CUDA in ort.get_available_providers()
    options = ort.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = QUIET
    providers: list[Any] = ["CPUExecutionProvider"]
    if cuda:
        providers.insert(0, (CUDA, {"device_id": target.index or 0}))
    graph = at_opset_20(path) if cuda and name == "warp_network" else str(path)
    try:
        session = ort.InferenceSession(graph, options, providers=providers)
    except Exception as error:  # its exceptions have no common class of their own
        raise CheckpointMismatch(_why_not(path, str(error))) from error
    _check_names(session, name, path)
    if target.type == "cuda" and CUDA not in session.get_providers():  # it may fail to load, too
        _on_the_cpu(name, path)
    return session


def _on_the_cpu(name: str, path: Path) -> None:
    if name not in EVERY_FRAME:
        _warn_of_the_cpu(name)
        return
    message = f"with this onnxruntime {path} would run on the CPU, seconds a frame"
    remedy = f"put {name}.pth there, or install onnxruntime-gpu in place of onnxruntime"
    raise SoftwareMissing(f"{message}; {remedy}")


@cache
def _warn_of_the_cpu(name: str) -> None:
    why = "this onnxruntime cannot use CUDA; install onnxruntime-gpu in its place"
    _log.warning("%s runs on the CPU: %s", name, why)


def _why_not(path: Path, reason: str) -> str:
    if PLUGIN in reason:
        better = "use warp_network_ori.onnx or warp_network.pth"
        return f"{path} needs {PLUGIN}, an operator of a TensorRT plug-in; {better}"
    return f"{path} is no readable ONNX file: {reason.partition(chr(10))[0]}"


def _check_names(session: ort.InferenceSession, name: str, path: Path) -> None:
    stem = STEMS.get(name, name) if name in ADAPTERS else path.stem
    expected = SIGNATURES.get(stem)
    if expected is None:  # of the original face models the names are free
        return
    found = [i.name for i in session.get_inputs()], [o.name for o in session.get_outputs()]
    if set(found[0]) != set(expected[0]) or set(found[1]) != set(expected[1]):
        is_, should = (f"{', '.join(one[0])} to {', '.join(one[1])}" for one in (found, expected))
        raise CheckpointMismatch(f"{path} makes {is_}; {name} should make {should}")
