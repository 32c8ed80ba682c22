"""Work of fixed shapes as CUDA graphs: one launch replays what took thousands of small ones.

A batch is padded to one of a few sizes, so that few graphs are enough; the padding is whatever the
batch before left there, and its results are thrown away.
"""

from collections.abc import Callable
from threading import Lock
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

SIZES = (1, 2, 4, 8, 16)  # of batches
WARM_UPS = 2  # runs before the capture, in which libraries choose and allocate

Compute: TypeAlias = Callable[..., Float[Tensor, "batch ..."]]
# From work on tensors that stay where they are to a replay of it and where its result then lies.
Record: TypeAlias = Callable[
    [Callable[[], Tensor]], tuple[Callable[[], object], Float[Tensor, "batch ..."]]
]


def size_for(batch: int) -> int:
    """The smallest size that holds `batch` items; the largest for more than it holds."""
    return next((size for size in SIZES if batch <= size), SIZES[-1])


class Captured:
    """The same function, from graphs.

    `compute` takes tensors with a leading batch axis, whose items do not mix, and gives one such
    tensor. It must not look at a value, and its shapes must follow from those of its arguments.

    The graphs of all sizes are made at the first call, for items of its shapes. Items of other
    shapes are computed without: a graph takes a second to make, and who asks for them is rare.
    """

    def __init__(self, compute: Compute, record: Record) -> None:
        self._compute, self._record = compute, record
        self._item: tuple[torch.Size, ...] | None = None  # shapes, without the batch
        self._graphs: dict[int, _Graph] = {}  # by size
        self._lock = Lock()  # a graph has one set of tensors

    def __call__(self, *inputs: Float[Tensor, "batch ..."]) -> Float[Tensor, "batch ..."]:
        with self._lock:
            if self._item is None:
                self._make(inputs)
            if self._item != _item(inputs):
                return self._compute(*inputs)
            pieces = zip(*(torch.split(tensor, SIZES[-1]) for tensor in inputs), strict=True)
            return torch.cat([self._graphs[size_for(len(p[0]))].run(*p) for p in pieces])

    def _make(self, inputs: tuple[Float[Tensor, "batch ..."], ...]) -> None:
        for size in SIZES:
            given = tuple(tensor.new_zeros(size, *tensor.shape[1:]) for tensor in inputs)
            self._graphs[size] = _Graph(self._compute, given, self._record)
        self._item = _item(inputs)


def _item(inputs: tuple[Float[Tensor, "batch ..."], ...]) -> tuple[torch.Size, ...]:
    return tuple(tensor.shape[1:] for tensor in inputs)


class _Graph:
    def __init__(self, compute: Compute, given: tuple[Tensor, ...], record: Record) -> None:
        self._given = given
        self._replay, self._result = record(lambda: compute(*given))

    def run(self, *inputs: Float[Tensor, "batch ..."]) -> Float[Tensor, "batch ..."]:
        for held, tensor in zip(self._given, inputs, strict=True):
            held[: len(tensor)].copy_(tensor)
        self._replay()
        return self._result[: len(inputs[0])].clone()


def on_cuda(work: Callable[[], Tensor]) -> tuple[Callable[[], object], Tensor]:
    """Records on the current device.

    Other threads may use the device meanwhile: in the fused deployment the renderer does.
    """
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM_UPS):
            work()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=side, capture_error_mode="thread_local"):
        result = work()
    return graph.replay, result
