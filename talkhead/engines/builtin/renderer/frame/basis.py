"""Expression as a weighted sum of basis fields."""

import torch
from jaxtyping import Float
from torch import Tensor

from talkhead.engines.builtin.renderer.portrait.study import Arrays


class Basis:
    """The basis fields of one region, ready for one matrix product."""

    def __init__(self, arrays: Arrays, prefix: str, device: torch.device) -> None:
        bases = torch.from_numpy(arrays[f"{prefix}.bases"])
        self._names = torch.from_numpy(arrays[f"{prefix}.names"]).long().to(device)
        self._shape = bases.shape[1:]
        self._bases = bases.to(device, torch.float32).flatten(1)

    def at(
        self, expression: Float[Tensor, "frames names"]
    ) -> Float[Tensor, "frames layers 3 nodes"]:
        """The displacement in pixels for each frame's coefficients."""
        # one row at a time: the product's last bits must not depend on the batch
        rows = [row @ self._bases for row in expression[:, self._names]]
        return torch.stack(rows).reshape(-1, *self._shape)
