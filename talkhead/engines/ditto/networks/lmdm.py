"""LMDM, the motion diffusion model: noisy motion and what is heard in, clean motion out.

What depends on the window alone is worked out by `encode_condition`, once; a step of the sampler
is `guided`, of fixed shapes and without a look at any value, so that it can be captured.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from talkhead.engines.ditto.networks.folding import Foldable
from talkhead.engines.ditto.networks.lmdm_layers import WIDTH, DecoderStack, EncoderLayer
from talkhead.engines.ditto.networks.rotary import Rotary

FRAMES = 80  # of a window
MOTION = 265  # values of a frame's motion, ditto.md §5
CONDITION = 1103  # values of a frame's condition, ditto.md §3.3
TIME_WIDTH = 4 * WIDTH
GUIDANCE = 2.0


class EncodedCondition(NamedTuple):
    """Of B windows, in 2B items: as heard, and then as if nothing were heard."""

    memory: Float[Tensor, "layers 2 items heads 80 channels"]
    pooled: Float[Tensor, "items width"]


class Sinusoid(nn.Module):
    """Of a step's number, in float32: 999 is more than half precision can tell from its peers."""

    def forward(self, time: Int[Tensor, " batch"]) -> Float[Tensor, "batch width"]:
        half = WIDTH // 2
        rate = -math.log(10_000) / (half - 1)
        angle = time[:, None] * torch.exp(torch.arange(half, device=time.device) * rate)
        return torch.cat([angle.sin(), angle.cos()], -1)


class Lmdm(Foldable):
    """ditto.md §3.1. Times are steps of the published schedule: whole numbers from 0 to 999."""

    def __init__(self) -> None:
        super().__init__()
        self.null_cond_embed = nn.Parameter(torch.empty(1, FRAMES, WIDTH))
        self.null_cond_hidden = nn.Parameter(torch.empty(1, WIDTH))
        self.rotary = Rotary(WIDTH)
        self.time_mlp = nn.Sequential(Sinusoid(), nn.Linear(WIDTH, TIME_WIDTH), nn.Mish())
        self.to_time_cond = nn.Sequential(nn.Linear(TIME_WIDTH, WIDTH))
        self.to_time_tokens = nn.Sequential(
            nn.Linear(TIME_WIDTH, 2 * WIDTH), nn.Unflatten(1, (2, WIDTH))
        )
        self.norm_cond = nn.LayerNorm(WIDTH)
        self.input_projection = nn.Linear(2 * MOTION, WIDTH)
        self.cond_encoder = nn.ModuleList(EncoderLayer(self.rotary) for _ in range(2))
        self.cond_projection = nn.Linear(CONDITION, WIDTH)
        self.non_attn_cond_projection = nn.Sequential(
            nn.LayerNorm(WIDTH), nn.Linear(WIDTH, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH)
        )
        self.seqTransDecoder = DecoderStack(self.rotary)
        self.final_layer = nn.Linear(WIDTH, MOTION)

    def forward(
        self,
        x: Float[Tensor, "batch 80 265"],
        cond_frame: Float[Tensor, "batch 265"],
        cond: Float[Tensor, "batch 80 1103"],
        time: Int[Tensor, " batch"],
        unconditional: Bool[Tensor, " batch"],
    ) -> Float[Tensor, "batch 80 265"]:
        """One pass: the clean motion (x_start), of an unconditional item as if it heard nothing.

        `x` is the noisy motion at `time`, `cond_frame` the motion before the window.
        """
        tokens, pooled = self._heard(cond)
        empty = unconditional[:, None]
        tokens = torch.where(empty[..., None], self.null_cond_embed, tokens)
        pooled = torch.where(empty, self.null_cond_hidden, pooled)
        return self._clean(x, cond_frame, self._remembered(tokens, pooled), time)

    def encode_condition(self, cond: Float[Tensor, "batch 80 1103"]) -> EncodedCondition:
        """All that `guided` needs of a window's condition, at any step."""
        tokens, pooled = self._heard(cond)
        nothing = self.null_cond_embed.expand_as(tokens), self.null_cond_hidden.expand_as(pooled)
        return self._remembered(torch.cat([tokens, nothing[0]]), torch.cat([pooled, nothing[1]]))

    def guided(
        self,
        x: Float[Tensor, "batch 80 265"],
        cond_frame: Float[Tensor, "batch 265"],
        condition: EncodedCondition,
        time: Int[Tensor, " batch"],
        scale: float = GUIDANCE,
    ) -> Float[Tensor, "batch 80 265"]:
        """The clean motion, away from the unconditional one by `scale` times what was heard.

        Both passes are one batch.
        """
        heard, unheard = self._clean(x, cond_frame, condition, time).chunk(2)
        return unheard + scale * (heard - unheard)

    def fold(self) -> nn.Module:
        for layer in self.cond_encoder:
            del layer.rotary
        return self

    def _heard(
        self, cond: Float[Tensor, "batch 80 1103"]
    ) -> tuple[Float[Tensor, "batch 80 width"], Float[Tensor, "batch width"]]:
        tokens, turn = self.cond_projection(cond), self.rotary()
        for layer in self.cond_encoder:
            tokens = layer(tokens, turn)
        return tokens, self.non_attn_cond_projection(tokens.mean(1))

    def _remembered(
        self, tokens: Float[Tensor, "items 80 width"], pooled: Float[Tensor, "items width"]
    ) -> EncodedCondition:
        memory = self.seqTransDecoder.keys_values(self.norm_cond(tokens), self.rotary())
        return EncodedCondition(memory, pooled)

    def _clean(
        self,
        x: Float[Tensor, "batch 80 265"],
        cond_frame: Float[Tensor, "batch 265"],
        condition: EncodedCondition,
        time: Int[Tensor, " batch"],
    ) -> Float[Tensor, "items 80 265"]:
        """For every item of the condition, of which there are as many for each of the batch."""
        # The frame before the window is the same for all its frames: projected once, not 80 times.
        noisy, known = self.input_projection.weight.tensor_split([MOTION], 1)
        before = F.linear(cond_frame, known, self.input_projection.bias)
        frames = F.linear(x, noisy) + before[:, None]
        embedded = self.time_mlp[1:](self.time_mlp[0](time).to(x.dtype))
        t, tokens = self.to_time_cond(embedded), self.norm_cond(self.to_time_tokens(embedded))
        times = len(condition.pooled) // len(x)
        decoded = self.seqTransDecoder(
            frames.repeat(times, 1, 1),
            condition.memory,
            tokens.repeat(times, 1, 1),
            t.repeat(times, 1) + condition.pooled,
            self.rotary(),
        )
        return self.final_layer(decoded)
