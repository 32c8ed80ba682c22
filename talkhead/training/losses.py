"""What the motion model is trained to do: clean motion from noisy, and phones from sound."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from talkhead.engines.builtin.coefficients import ARKIT, INDEX, NAMES
from talkhead.engines.builtin.motion.audio_network import Heard
from talkhead.engines.builtin.motion.model import MotionModel
from talkhead.training.batches import Batch
from talkhead.training.phones import PHONE

EXACT = {"jawOpen": 4.0, "mouthClose": 4.0, "mouthPucker": 2.5, "mouthRollLower": 2.0}
PREFIXES = {"eyeLook": 0.35, "eye": 0.6, "brow": 0.6, "jaw": 1.6, "mouth": 1.6}
MOUTH = ("jaw", "mouth", "tongue")
POSE_WEIGHT, OTHER_WEIGHT = 0.7, 0.5
SILENCE_WEIGHT = 0.6  # of the phone class that is most frequent


@dataclass(frozen=True)
class MotionLoss:
    total: Tensor
    position: Tensor
    velocity: Tensor
    gap: Tensor


def column_weights(expression: float) -> Float[Tensor, " dim"]:
    """How much each column of a motion row counts; those beside the mouth `expression` times."""
    return torch.tensor(
        [_weight(name) * (1 if name.startswith(MOUTH) else expression) for name in NAMES]
    )


def _weight(name: str) -> float:
    if name in EXACT:
        return EXACT[name]
    if name not in ARKIT:
        return POSE_WEIGHT
    fitting = [weight for prefix, weight in PREFIXES.items() if name.startswith(prefix)]
    return fitting[0] if fitting else OTHER_WEIGHT


def listening_loss(heard: Heard, batch: Batch) -> Float[Tensor, ""]:
    """Cross-entropy with the phone shares, and of the three events; closure counts most."""
    weights = torch.ones(heard.phones.shape[-1])
    weights[PHONE["SIL"]] = SILENCE_WEIGHT
    guesses = F.log_softmax(heard.phones.float(), -1)
    phones = -(batch.phones * guesses * weights).sum(-1).mean()
    events = F.binary_cross_entropy_with_logits(
        heard.events.float(), batch.tracks.clamp(0, 1), reduction="none"
    ).mean((0, 1))
    return phones + (events * torch.tensor([1.5, 0.7, 0.5])).sum()


def motion_loss(
    model: MotionModel,
    predicted: Float[Tensor, "batch frames dim"],
    batch: Batch,
    last: Float[Tensor, "batch dim"],
    joined: Float[Tensor, " batch"],
    expression: float = 1.0,
) -> MotionLoss:
    """Squared errors of position, velocity, acceleration of the pose, and of the lips' gap.

    `predicted` and `last`, the frame before the window where `joined` is 1, are normalised. The
    velocity includes the step from `last`: what is seen of a window's edge is that step.
    """
    frames = predicted.shape[1]
    target = batch.motion[:, -frames:]
    weights = column_weights(expression)
    error = predicted - model.normalise(target)
    position = (weights * error.square()).mean()
    drift = last - model.normalise(batch.motion[:, -frames - 1])
    edge = (error[:, 0] - drift) * joined[:, None]
    change = torch.cat([edge[:, None], error.diff(dim=1)], 1)
    velocity = (weights * change.square()).mean()
    bend = error[..., len(ARKIT) :].diff(n=2, dim=1).square().mean()
    gap = _gap_loss(model.denormalise(predicted), target, batch.tracks[:, -frames:, 0])
    total = position + 0.6 * velocity + 0.5 * expression * bend + gap
    return MotionLoss(total, position, velocity, gap)


def _gap_loss(
    predicted: Float[Tensor, "batch frames dim"],
    target: Float[Tensor, "batch frames dim"],
    closure: Float[Tensor, "batch frames"],
) -> Float[Tensor, ""]:
    """Sealed lips are a difference of two columns, so it has a loss of its own."""
    jaw, close = INDEX["jawOpen"], INDEX["mouthClose"]
    error = (predicted[..., jaw] - predicted[..., close]) - (target[..., jaw] - target[..., close])
    return 20 * (error.square() * (1 + 4 * closure)).mean()
