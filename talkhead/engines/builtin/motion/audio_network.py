"""The audio encoder's network: log-mel at 100 Hz to features and phone guesses at 25 Hz."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from talkhead.engines.builtin.motion.config import EVENTS, MotionConfig
from talkhead.engines.builtin.motion.mel import MELS

PRIOR_ROWS = 25.0  # how many rows of speech the expected spectrum counts for
QUIETEST_PEAK = -6.5  # log power: a window whose loudest row is below it holds no speech
LOUD = 3.0  # rows this far (nepers) below the loudest still count as speech


class Heard(NamedTuple):
    features: Float[Tensor, "batch frames audio"]
    phones: Float[Tensor, "batch frames phones"]  # logits
    events: Float[Tensor, "batch frames events"]  # logits, as in EVENTS


def spectrum_of_speech(mel: Float[Tensor, "batch rows mels"]) -> Float[Tensor, "batch 1 mels"]:
    """Mean over the loud rows, drawn to an expected spectrum: what is subtracted is the voice's
    and the microphone's colour and level.
    """
    energy = mel.mean(-1, keepdim=True)
    loudest = energy.amax(1, keepdim=True).clamp_min(QUIETEST_PEAK)
    weight = torch.sigmoid(2 * (energy - loudest + LOUD))
    expected = torch.linspace(-1.5, -5.0, mel.shape[-1], device=mel.device)
    total = (weight * mel).sum(1, keepdim=True) + PRIOR_ROWS * expected
    return total / (weight.sum(1, keepdim=True) + PRIOR_ROWS)


def normalised(mel: Float[Tensor, "batch rows mels"]) -> Float[Tensor, "batch rows channels"]:
    """Bands without the speaker's spectrum, smoothed over harmonics, and the relative energy."""
    padded = F.pad(mel, (1, 1), mode="replicate")
    smooth = 0.25 * padded[..., :-2] + 0.5 * mel + 0.25 * padded[..., 2:]
    spectrum = spectrum_of_speech(smooth)
    energy = mel.mean(-1, keepdim=True) - spectrum.mean(-1, keepdim=True)
    return torch.cat([smooth - spectrum, energy], -1).clamp(-6, 4) / 2


class Residual(nn.Module):
    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.mix = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.out = nn.Conv1d(width, width, 1)
        self.gain = nn.Parameter(torch.full((1, width, 1), 0.3))

    def forward(self, x: Float[Tensor, "batch width rows"]) -> Float[Tensor, "batch width rows"]:
        return x + self.gain * self.out(F.gelu(self.mix(F.gelu(x))))


class AudioNetwork(nn.Module):
    def __init__(self, config: MotionConfig) -> None:
        super().__init__()
        mel, middle, audio = config.mel_width, config.middle_width, config.audio_width
        self.first = nn.Conv1d(MELS + 1, mel, 5, padding=2)
        self.halve = nn.Conv1d(mel, middle, 4, stride=2, padding=1)
        self.middle = nn.Sequential(*(Residual(middle, dilation) for dilation in (1, 2, 4)))
        self.halve_again = nn.Conv1d(middle, audio, 4, stride=2, padding=1)
        self.last = nn.Sequential(*(Residual(audio, dilation) for dilation in (1, 2, 1)))
        self.norm = nn.LayerNorm(audio)
        self.phones = nn.Linear(audio, config.phones)
        self.events = nn.Linear(audio, len(EVENTS))

    def forward(self, mel: Float[Tensor, "batch rows mels"]) -> Heard:
        x = self.first(normalised(mel).transpose(1, 2))
        x = self.middle(self.halve(F.gelu(x)))
        x = self.last(self.halve_again(F.gelu(x)))
        features = self.norm(x.transpose(1, 2))
        return Heard(features, self.phones(features), self.events(features))
