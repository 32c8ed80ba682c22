"""The diffusion transformer: noisy motion, audio and earlier motion in, clean motion out.

Two frames a token, rotary positions, one modulation vector for all layers (AdaLN-single of
PixArt-alpha, Chen et al. 2023), audio joined to the motion frame by frame. A convolution over
frames makes the output, so that tokens leave no steps in it.
"""

import math
from typing import cast

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from talkhead.engines.builtin.coefficients import NAMES
from talkhead.engines.builtin.motion.config import FRAMES_PER_TOKEN, MotionConfig

ROTARY_BASE = 200.0  # frames; windows are shorter
TIME_CHANNELS = 64
MODULATIONS = 6  # shift, scale and gate of the attention and of the feed-forward layer


def rotary(tokens: int, channels: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines, (tokens, channels / 2) each."""
    frequency = ROTARY_BASE ** (-torch.arange(0, channels, 2) / channels)
    angle = torch.arange(tokens)[:, None] * FRAMES_PER_TOKEN * frequency
    return angle.cos(), angle.sin()


def turned(
    x: Float[Tensor, "batch heads tokens channels"], turn: tuple[Tensor, Tensor]
) -> Float[Tensor, "batch heads tokens channels"]:
    cosine, sine = (part.to(x) for part in turn)
    a, b = x.chunk(2, -1)
    return torch.cat([a * cosine - b * sine, a * sine + b * cosine], -1)


def time_embedding(time: Float[Tensor, " batch"]) -> Float[Tensor, "batch channels"]:
    half = TIME_CHANNELS // 2
    frequency = 1000 * torch.exp(-math.log(1000) * torch.arange(half, device=time.device) / half)
    angle = time[:, None] * frequency
    return torch.cat([angle.sin(), angle.cos()], -1)


class Block(nn.Module):
    def __init__(self, config: MotionConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.query_key_value = nn.Linear(width, 3 * width)
        self.attended = nn.Linear(width, width)
        self.widen = nn.Linear(width, config.hidden)
        self.narrow = nn.Linear(config.hidden, width)
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.offset = nn.Parameter(0.2 * width**-0.5 * torch.randn(MODULATIONS, width))
        nn.init.zeros_(self.attended.weight)
        nn.init.zeros_(self.narrow.weight)

    def forward(
        self,
        x: Float[Tensor, "batch tokens width"],
        modulation: Float[Tensor, "batch 6 width"],
        turn: tuple[Tensor, Tensor],
    ) -> Float[Tensor, "batch tokens width"]:
        parts = (modulation + self.offset)[:, :, None].unbind(1)
        scale, shift, gate, wide_scale, wide_shift, wide_gate = parts
        x = x + (1 + gate) * self._attend(self.norm(x) * (1 + scale) + shift, turn)
        wide = F.gelu(self.widen(self.norm(x) * (1 + wide_scale) + wide_shift))
        return x + (1 + wide_gate) * self.narrow(wide)

    def _attend(
        self, x: Float[Tensor, "batch tokens width"], turn: tuple[Tensor, Tensor]
    ) -> Float[Tensor, "batch tokens width"]:
        split = "batch tokens (three heads channels) -> three batch heads tokens channels"
        query, key, value = rearrange(self.query_key_value(x), split, three=3, heads=self.heads)
        query, key = turned(query, turn), turned(key, turn)
        # By hand: for a dozen tokens it is faster than the fused kernel on a CPU.
        weights = torch.softmax(query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5, -1)
        mixed = weights.to(value) @ value
        joined = rearrange(mixed, "batch heads tokens channels -> batch tokens (heads channels)")
        return self.attended(joined)


class Denoiser(nn.Module):
    """Predicts the clean motion (x0), normalised. `rows` = `previous` + `frames`."""

    def __init__(self, config: MotionConfig) -> None:
        super().__init__()
        self.config = config
        width, dim = config.width, len(NAMES)
        # Each frame: its noisy and its earlier motion, two flags, its audio.
        self.enter = nn.Linear(FRAMES_PER_TOKEN * (2 * dim + 2 + config.feature_width), width)
        self.time = nn.Sequential(
            nn.Linear(TIME_CHANNELS, width), nn.SiLU(), nn.Linear(width, width)
        )
        self.modulate = nn.Linear(width, MODULATIONS * width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, FRAMES_PER_TOKEN * config.frame_width)
        self.draw = nn.Conv1d(config.frame_width, dim, 5, padding=2)
        self.from_audio = nn.Linear(config.feature_width, dim)
        self.silent = nn.Parameter(torch.zeros(config.feature_width))  # "no audio", for guidance
        for layer in (self.modulate, self.draw, self.from_audio):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(cast(Tensor, layer.bias))

    def forward(
        self,
        noisy: Float[Tensor, "batch frames dim"],
        time: Float[Tensor, " batch"],
        previous: Float[Tensor, "batch previous dim"],
        present: Float[Tensor, "batch previous"],
        features: Float[Tensor, "batch rows audio"],
        condition: Float[Tensor, "batch width"],
    ) -> Float[Tensor, "batch frames dim"]:
        """`time` is 1 for pure noise and 0 for clean motion; `present` is 1 for the earlier
        frames that there are.
        """
        joined = torch.cat([_motion_rows(noisy, previous, present), features], -1)
        pairs = rearrange(joined, "b (tokens pair) c -> b tokens (pair c)", pair=FRAMES_PER_TOKEN)
        x = self.enter(pairs)
        modulation = self.modulate(F.silu(self.time(time_embedding(time)) + condition))
        modulation = rearrange(modulation, "b (six width) -> b six width", six=MODULATIONS)
        turn = rotary(x.shape[1], self.config.width // self.config.heads)
        for block in self.blocks:
            x = block(x, modulation, turn)
        drawn = self.draw(F.gelu(self._frames(x))).transpose(1, 2)
        return (drawn + self.from_audio(features))[:, previous.shape[1] :].float()

    def _frames(
        self, x: Float[Tensor, "batch tokens width"]
    ) -> Float[Tensor, "batch channels rows"]:
        split = "batch tokens (pair width) -> batch width (tokens pair)"
        return rearrange(self.leave(self.norm(x)), split, pair=FRAMES_PER_TOKEN)


def _motion_rows(
    noisy: Float[Tensor, "batch frames dim"],
    previous: Float[Tensor, "batch previous dim"],
    present: Float[Tensor, "batch previous"],
) -> Float[Tensor, "batch rows channels"]:
    """Noisy motion, earlier motion, is it there, is it a row of the past: for every row."""
    known = torch.cat([previous, present[..., None].new_ones(*present.shape, 1)], -1)
    known = known * present[..., None]
    past = torch.cat([torch.zeros_like(previous), known, torch.ones_like(known[..., :1])], -1)
    blank = torch.zeros(*noisy.shape[:2], noisy.shape[2] + 2).to(noisy)
    return torch.cat([past, torch.cat([noisy, blank], -1)], 1)
