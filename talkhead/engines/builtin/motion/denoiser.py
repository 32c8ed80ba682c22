"""The diffusion transformer: noisy motion, audio and earlier motion in, clean motion out.

Two frames a token, rotary positions, one modulation vector for all layers (AdaLN-single of
PixArt-alpha, Chen et al. 2023), audio joined to the motion frame by frame. A convolution over
frames makes the output, so that tokens leave no steps in it.
"""

import math
from typing import NamedTuple, TypeAlias, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from talkhead.engines.builtin.coefficients import NAMES
from talkhead.engines.builtin.motion.config import FRAMES_PER_TOKEN, MotionConfig

ROTARY_BASE = 200.0  # frames; windows are shorter
TIME_CHANNELS = 64
MODULATIONS = 6  # shift, scale and gate of the attention and of the feed-forward layer


Turn: TypeAlias = tuple[Float[Tensor, "tokens channels"], Float[Tensor, "tokens channels"]]


def rotary(tokens: int, like: Float[Tensor, "..."], channels: int) -> Turn:
    """Cosines and signed sines of every token's position, for `turned`."""
    frequency = ROTARY_BASE ** (-torch.arange(0, channels, 2) / channels)
    angle = torch.arange(tokens)[:, None] * FRAMES_PER_TOKEN * frequency
    cosine, sine = angle.cos(), angle.sin()
    return torch.cat([cosine, cosine], -1).to(like), torch.cat([-sine, sine], -1).to(like)


def turned(x: Float[Tensor, "*batch tokens channels"], turn: Turn) -> Tensor:
    """Rotary position embedding (Su et al. 2021), halves of the channels as pairs."""
    cosine, sine = turn
    return x * cosine + x.roll(x.shape[-1] // 2, -1) * sine


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
        turn: Turn,
    ) -> Float[Tensor, "batch tokens width"]:
        parts = (modulation + self.offset)[:, :, None].unbind(1)
        scale, shift, gate, wide_scale, wide_shift, wide_gate = parts
        x = x + (1 + gate) * self._attend(self.norm(x) * (1 + scale) + shift, turn)
        wide = F.gelu(self.widen(self.norm(x) * (1 + wide_scale) + wide_shift))
        return x + (1 + wide_gate) * self.narrow(wide)

    def _attend(
        self, x: Float[Tensor, "batch tokens width"], turn: Turn
    ) -> Float[Tensor, "batch tokens width"]:
        split = self.query_key_value(x).unflatten(-1, (3, self.heads, -1))
        three = split.permute(2, 0, 3, 1, 4)  # three batch heads tokens channels
        (query, key), value = turned(three[:2], turn), three[2]
        # By hand: for a dozen tokens it is faster than the fused kernel on a CPU.
        weights = torch.softmax(query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5, -1)
        mixed = weights.to(value) @ value
        return self.attended(mixed.transpose(1, 2).flatten(2))


class Given(NamedTuple):
    """What does not change while a window is sampled."""

    tokens: Float[Tensor, "batch tokens width"]  # earlier motion and audio
    drawn: Float[Tensor, "batch frames dim"]  # what the audio alone says
    frames: int


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
        """All at once, for training; a sampler calls the three parts."""
        given = self.given(previous, present, features)
        return self.denoise(noisy, self.modulation(time, condition), given)

    def given(
        self,
        previous: Float[Tensor, "batch previous dim"],
        present: Float[Tensor, "batch previous"],
        features: Float[Tensor, "batch rows audio"],
    ) -> Given:
        """`present` is 1 for the earlier frames that there are."""
        past = present[..., None]
        known = torch.cat([previous * past, past, torch.ones_like(past)], -1)
        frames = features.shape[1] - previous.shape[1]
        rows = F.pad(known, (previous.shape[2], 0, 0, frames))  # before it the noisy motion: none
        tokens = self.enter(_paired(torch.cat([rows.to(features), features], -1)))
        return Given(tokens, self.from_audio(features)[:, -frames:], frames)

    def modulation(
        self, time: Float[Tensor, " batch"], condition: Float[Tensor, "batch width"]
    ) -> Float[Tensor, "batch 6 width"]:
        """`time` is 1 for pure noise and 0 for clean motion."""
        mixed = F.silu(self.time(time_embedding(time)) + condition)
        return self.modulate(mixed).unflatten(-1, (MODULATIONS, -1))

    def denoise(
        self,
        noisy: Float[Tensor, "batch frames dim"],
        modulation: Float[Tensor, "batch 6 width"],
        given: Given,
    ) -> Float[Tensor, "batch frames dim"]:
        dim, tokens = noisy.shape[2], given.tokens.shape[1]
        by_frame = self.enter.weight.reshape(self.config.width, FRAMES_PER_TOKEN, -1)
        weight = by_frame[..., :dim].flatten(1)  # the columns that see the noisy motion
        x = F.pad(
            F.linear(_paired(noisy), weight),
            (0, 0, tokens - given.frames // FRAMES_PER_TOKEN, 0),
        )
        x = x + given.tokens
        turn = rotary(tokens, x, self.config.width // self.config.heads)
        for block in self.blocks:
            x = block(x, modulation, turn)
        frames = self.leave(self.norm(x)).unflatten(-1, (FRAMES_PER_TOKEN, -1)).flatten(1, 2)
        drawn = self.draw(F.gelu(frames).transpose(1, 2)).transpose(1, 2)
        return (drawn[:, -given.frames :] + given.drawn).float()


def _paired(rows: Float[Tensor, "batch rows channels"]) -> Float[Tensor, "batch tokens pairs"]:
    return rows.reshape(len(rows), -1, FRAMES_PER_TOKEN * rows.shape[2])
