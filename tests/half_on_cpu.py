"""Half precision on a CPU as a GPU's matrix units compute it: products of rounded numbers are added
up in float32, and each result is rounded. Otherwise a CPU takes minutes for them, or has none."""

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

HALVES = (torch.float16, torch.bfloat16)


class MatrixUnits(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        given = kwargs or {}
        if func is not torch.ops.aten.convolution.default or args[0].dtype not in HALVES:
            return func(*args, **given)
        exact = [part.float() if isinstance(part, Tensor) else part for part in args]
        return func(*exact, **given).to(args[0].dtype)
