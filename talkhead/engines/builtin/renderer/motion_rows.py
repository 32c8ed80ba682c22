"""From rows of motion to what the layers take: expression coefficients and the head's turn."""

import torch
from jaxtyping import Float
from torch import Tensor

from talkhead.engines.builtin.coefficients import ARKIT
from talkhead.engines.builtin.coefficients import INDEX as COLUMN
from talkhead.engines.builtin.renderer.frame.head_turn import HeadTurn, head_turn
from talkhead.engines.builtin.renderer.portrait.canvas import SIZE
from talkhead.faces.framing import FACE_SHARE

FACE_WIDTH = FACE_SHARE * SIZE  # pixels
# The depth of the relief is bounded in slope, so a turn to the side moves the cheeks by too little:
# measured on rendered frames, a yaw of 1 degree looks like 0.67, a pitch of 1 like 1.09
YAW_GAIN, PITCH_GAIN = 1.45, 0.95
LARGEST_SHIFT, LARGEST_APPROACH = 6.0, 20.0  # percent of the face's width, each way
CAMERA_DISTANCE = 4.0  # face widths: what moving towards the camera enlarges
LARGEST_TURN = (19.0, 12.0, 15.0)  # degrees of yaw, pitch and roll, after their gains: more tears


def expression_of(
    motion: Float[Tensor, "frames 58"], neutral: float
) -> Float[Tensor, "frames names"]:
    """Coefficients in the order of `shape_set.NAMES`, each in [0, 1]."""
    coefficients = motion[:, : len(ARKIT)].clamp(0, 1)
    return torch.cat([coefficients, torch.full_like(coefficients[:, :1], neutral)], 1)


def turn_of(motion: Float[Tensor, "frames 58"], pivot: Float[Tensor, " 3"]) -> HeadTurn:
    yaw, pitch, roll, right, up, towards = (
        motion[:, COLUMN[name]] for name in ("yaw", "pitch", "roll", "tx", "ty", "tz")
    )
    largest = motion.new_tensor(LARGEST_TURN)
    degrees = torch.stack([yaw * YAW_GAIN, pitch * PITCH_GAIN, roll], 1).clamp(-largest, largest)
    shift = torch.stack([right, -up], 1).clamp(-LARGEST_SHIFT, LARGEST_SHIFT) * (FACE_WIDTH / 100)
    scale = 1 + towards.clamp(-LARGEST_APPROACH, LARGEST_APPROACH) / (100 * CAMERA_DISTANCE)
    return head_turn(torch.deg2rad(degrees), shift, scale, pivot)
