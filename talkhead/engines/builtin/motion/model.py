"""The whole motion model: audio network, conditions, denoiser, and the scale of the motion."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from talkhead.engines.builtin.coefficients import NAMES
from talkhead.engines.builtin.motion.audio_network import AudioNetwork, Heard
from talkhead.engines.builtin.motion.conditions import EMOTIONS, STYLES
from talkhead.engines.builtin.motion.config import MotionConfig
from talkhead.engines.builtin.motion.denoiser import Denoiser


class MotionModel(nn.Module):
    mean: Float[Tensor, " dim"]
    deviation: Float[Tensor, " dim"]

    def __init__(self, config: MotionConfig) -> None:
        super().__init__()
        self.config = config
        self.audio = AudioNetwork(config)
        self.denoiser = Denoiser(config)
        self.emotions = nn.Parameter(0.3 * torch.randn(len(EMOTIONS), config.width))
        self.styles = nn.Linear(len(STYLES), config.width)
        self.register_buffer("mean", torch.zeros(len(NAMES)))
        self.register_buffer("deviation", torch.ones(len(NAMES)))

    def condition(
        self,
        emotion: Int[Tensor, " batch"],
        intensity: Float[Tensor, " batch"],
        styles: Float[Tensor, "batch styles"],
    ) -> Float[Tensor, "batch width"]:
        """`emotion` indexes EMOTIONS."""
        return self.emotions[emotion] * intensity[:, None] + self.styles(styles)

    def normalise(self, motion: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
        return (motion - self.mean) / self.deviation

    def denormalise(self, motion: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
        return motion * self.deviation + self.mean


def feature_rows(heard: Heard) -> Float[Tensor, "batch frames dim"]:
    """What travels to the motion generator: audio features and the events' probabilities."""
    return torch.cat([heard.features, torch.sigmoid(heard.events).to(heard.features)], -1)
