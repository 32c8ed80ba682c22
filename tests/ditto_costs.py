"""What a computation costs, counted on tensors without values: operations, bytes, memory."""

import weakref
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

FAMILIES = {
    "convolution": "convolutions",
    "mm": "products",
    "addmm": "products",
    "bmm": "products",
    "_scaled_dot_product": "products",
    "grid_sampler_3d": "sampling",
    "linalg_vector_norm": "statistics",
    "var_mean": "statistics",
    "mean": "statistics",
}
FREE = ("view", "permute", "transpose", "expand", "slice", "select", "split", "unbind", "detach",
        "unsqueeze", "squeeze", "alias", "as_strided", "t", "empty", "chunk", "split_with_sizes",
        "_unsafe_view", "unfold", "lift_fresh", "arange", "empty_like", "new_empty")  # fmt: skip


@dataclass
class Costs:
    """Of one call. Every operation is taken to read its inputs once and to write its results."""

    flops: float = 0.0
    moved: Counter[str] = field(default_factory=Counter)  # bytes, by family of operation
    launches: int = 0
    peak: int = 0  # bytes of results that live at once

    @property
    def bytes(self) -> int:
        return sum(self.moved.values())


class _Counting(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self, costs: Costs) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._costs, self._live = costs, 0
        self._users: Counter[int] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        made = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
        name = func.overloadpacket.__name__
        if name not in FREE:
            given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
            family = FAMILIES.get(name, "one by one")
            self._costs.moved[family] += sum(map(_touched, given)) + sum(map(_touched, made))
            self._costs.launches += 1
        for tensor in made:
            self._watch(tensor)
        return result

    def _watch(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if not self._users[key]:
            self._live += storage.nbytes()
            self._costs.peak = max(self._costs.peak, self._live)
        self._users[key] += 1
        weakref.finalize(tensor, self._gone, key, storage.nbytes())

    def _gone(self, key: int, size: int) -> None:
        self._users[key] -= 1
        if not self._users[key]:
            self._live -= size


def _touched(tensor: Tensor) -> int:
    """Bytes; what is expanded is read once."""
    sizes = [n for n, stride in zip(tensor.shape, tensor.stride(), strict=True) if stride]
    return int(torch.Size(sizes).numel()) * tensor.element_size()


def costs_of(compute: Callable[[], object]) -> Costs:
    """Of a call that works on the device "meta"."""
    costs, flops = Costs(), FlopCounterMode(display=False)
    with torch.no_grad():  # inference mode would hide which operations are mere views
        with _Counting(costs):
            compute()
        with flops:
            compute()
    costs.flops = flops.get_total_flops()
    return costs
