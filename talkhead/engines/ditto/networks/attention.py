"""Attention with rotary positions, projections named as in the published checkpoints."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from talkhead.engines.ditto.networks.rotary import Turn, turned

HEADS = 8


class KeysValues(NamedTuple):
    """What attention reads, projected and cut into heads."""

    keys: Float[Tensor, "batch heads tokens channels"]
    values: Float[Tensor, "batch heads tokens channels"]

    def then(self, more: "KeysValues") -> "KeysValues":
        """These tokens and after them those."""
        keys = torch.cat([self.keys, more.keys], -2)
        return KeysValues(keys, torch.cat([self.values, more.values], -2))


class Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(
        self, x: Float[Tensor, "batch tokens width"], turn: Turn
    ) -> Float[Tensor, "batch tokens width"]:
        """Self-attention: queries and keys are turned, values are not."""
        width = x.shape[-1]
        both = self._project(turned(x, turn), slice(0, 2 * width))
        queries, keys = both.chunk(2, 1)
        values = self._project(x, slice(2 * width, None))
        return self._mixed(queries, KeysValues(keys, values))

    def read(
        self, x: Float[Tensor, "batch tokens width"], turn: Turn, memory: KeysValues
    ) -> Float[Tensor, "batch tokens width"]:
        """Attention to something else, prepared by `keys_values`."""
        return self._mixed(self._project(turned(x, turn), slice(0, x.shape[-1])), memory)

    def keys_values(
        self,
        memory: Float[Tensor, "batch tokens width"],
        turned_memory: Float[Tensor, "batch tokens width"],
    ) -> KeysValues:
        width = memory.shape[-1]
        keys = self._project(turned_memory, slice(width, 2 * width))
        return KeysValues(keys, self._project(memory, slice(2 * width, None)))

    def _project(
        self, x: Float[Tensor, "batch tokens width"], rows: slice
    ) -> Float[Tensor, "batch heads tokens channels"]:
        projected = F.linear(x, self.in_proj_weight[rows], self.in_proj_bias[rows])
        channels = x.shape[-1] // HEADS
        return projected.reshape(*x.shape[:-1], -1, channels).transpose(1, 2)

    def _mixed(
        self, queries: Float[Tensor, "batch heads tokens channels"], memory: KeysValues
    ) -> Float[Tensor, "batch tokens width"]:
        mixed = F.scaled_dot_product_attention(queries, memory.keys, memory.values)
        return self.out_proj(mixed.transpose(1, 2).flatten(2))
