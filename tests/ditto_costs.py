"""What drawing a frame costs, counted on tensors without values, and how long a card takes for it.

`python -m tests.ditto_costs` prints the prediction of docs/ditto-speed.md.
"""

import weakref
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from talkhead.engines.ditto.rendering.drawing import Drawing
from tests.ditto_random import random_network

FREE = ("view", "permute", "transpose", "expand", "slice", "select", "split", "unbind", "detach",
        "unsqueeze", "squeeze", "alias", "as_strided", "t", "empty", "split_with_sizes",
        "_unsafe_view", "arange", "empty_like", "new_empty")  # fmt: skip
PARTS = {
    "dense_motion_network.hourglass": "hourglass",
    "dense_motion_network.mask": "mask",
    "G_middle_": "middle blocks",
    "up_0": "up_0",
    "up_1": "up_1",
}

# Of an H200: seen on such a card (products of 8192² in bf16, a copy on the device), and guesses.
MATRICES = 780e12
COPY = 4.3e12
SHARE = 0.7  # of the rate of matrices, by convolutions: a guess
LAUNCH_S = 7e-6  # from one operation to the next in Python: a guess


@dataclass(frozen=True)
class Operation:
    part: str
    flops: float
    bytes: int  # every input read once, every result written once

    @property
    def seconds(self) -> float:
        return max(self.flops / (MATRICES * SHARE), self.bytes / COPY)


@dataclass
class Costs:
    """Of one call."""

    operations: list[Operation] = field(default_factory=list)
    peak: int = 0  # bytes of results that live at once

    @property
    def flops(self) -> float:
        return sum(one.flops for one in self.operations)

    @property
    def seconds(self) -> float:
        """Of the device, if nobody keeps it waiting."""
        return sum(one.seconds for one in self.operations)


class _Counting(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self, costs: Costs) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.part = "else"
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
            moved, flops = sum(map(_touched, given + made)), 0.0
            if name == "convolution":
                flops = 2.0 * made[0].numel() * args[1][0].numel()
                if args[2] is not None:  # on CUDA torch adds it in a pass of its own
                    moved += 2 * _touched(made[0])
            self._costs.operations.append(Operation(self.part, flops, moved))
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


def drawing_costs(batch: int, dtype: torch.dtype = torch.float16) -> Costs:
    """Of a batch of frames of one portrait."""
    networks = [random_network(name).to(dtype) for name in ("warp_network", "decoder")]
    warp, decoder = (one.to("meta", memory_format=torch.channels_last) for one in networks)
    drawing = Drawing(warp, decoder, torch.device("meta"), dtype)
    costs = Costs()
    with torch.no_grad():  # inference mode would hide which operations are mere views
        source = warp.source(torch.empty(1, 32, 16, 64, 64, dtype=dtype, device="meta"))
        source = tuple(part.expand(batch, *part.shape[1:]) for part in source)
        points = torch.empty(batch, 21, 3, device="meta")
        with _Counting(costs) as counting:
            for network in (warp, decoder):
                _name_parts(network, counting)
            drawing.draw(source, points, points)
    return costs


def _name_parts(network: nn.Module, counting: _Counting) -> None:
    for name, module in network.named_modules():
        for start, part in PARTS.items():
            if name.startswith(start) and "." not in name.removeprefix(start):
                module.register_forward_pre_hook(_naming(counting, part))
                module.register_forward_hook(_naming(counting, "else"))


def _naming(counting: _Counting, part: str) -> Callable[..., None]:
    def name(*_: Any) -> None:
        counting.part = part

    return name


def main() -> None:
    console = Console()
    one, many = drawing_costs(1), drawing_costs(16)
    table = Table(*("part", "GFLOP", "MB", "ms, batch 1", "ms, batch 16"), title="of a frame")
    for part in (*dict.fromkeys(PARTS.values()), "else"):
        alone, shared = ([o for o in costs.operations if o.part == part] for costs in (one, many))
        table.add_row(
            part,
            f"{sum(o.flops for o in alone) / 1e9:.0f}",
            f"{sum(o.bytes for o in shared) / 16e6:.0f}",
            f"{1000 * sum(o.seconds for o in alone):.2f}",
            f"{1000 * sum(o.seconds for o in shared) / 16:.2f}",
        )
    table.add_row(
        "all",
        f"{one.flops / 1e9:.0f}",
        f"{sum(o.bytes for o in many.operations) / 16e6:.0f}",
        f"{1000 * one.seconds:.2f}",
        f"{1000 * many.seconds / 16:.2f}",
    )
    console.print(table)
    launches = len(one.operations)
    console.print(
        f"{launches} operations: at batch 1 {1000 * LAUNCH_S * launches:.1f} ms of launches"
    )
    console.print(f"memory of a frame in a batch of 16: {many.peak / 16e6:.0f} MB")


if __name__ == "__main__":
    main()
