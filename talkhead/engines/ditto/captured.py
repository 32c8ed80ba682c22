"""Work of fixed shapes as CUDA graphs: one launch replays what took thousands of small ones.

A batch is padded to one of a few sizes, so that few graphs are enough; the padding is whatever the
batch before left there, and its results are thrown away.
"""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

SIZES = (1, 2, 4, 8, 16)  # of batches
MOST_GRAPHS = 16  # kept: each size in the few numbers of steps that are in use
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
    """

    def __init__(self, compute: Compute, record: Record) -> None:
        self._compute, self._record = compute, record
        self._graphs: OrderedDict[tuple[torch.Size, ...], _Graph] = OrderedDict()
        self._lock = Lock()  # a graph has one set of tensors

    def __call__(self, *inputs: Float[Tensor, "batch ..."]) -> Float[Tensor, "batch ..."]:
        pieces = zip(*(torch.split(tensor, SIZES[-1]) for tensor in inputs), strict=True)
        with self._lock:
            return torch.cat([self._run(*piece) for piece in pieces])

    def _run(self, *inputs: Float[Tensor, "batch ..."]) -> Float[Tensor, "batch ..."]:
        batch = len(inputs[0])
        size = size_for(batch)
        key = tuple(torch.Size((size, *tensor.shape[1:])) for tensor in inputs)
        if key not in self._graphs:
            given = tuple(x.new_zeros(shape) for x, shape in zip(inputs, key, strict=True))
            self._graphs[key] = _Graph(self._compute, given, self._record)
        self._graphs.move_to_end(key)
        result = self._graphs[key].run(*inputs)
        while len(self._graphs) > MOST_GRAPHS:
            self._graphs.popitem(last=False)
        return result


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
