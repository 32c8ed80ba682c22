"""What the diffusion network is told of every frame besides its noise: 1103 numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from jaxtyping import Float, Float32

from talkhead.engines.ditto.motion.source import ping_pong
from talkhead.errors import ControlOutOfRange

EMOTIONS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise", "contempt")
CONDITION_DIM = 1024 + len(EMOTIONS) + 2 + 6 + 63
SHARPNESS = 8.0  # logit of a chosen emotion, the others have 0

# A label; a mix of labels; a sequence of mixes, one a frame, repeated; or weights, "sequence 8".
Emotion: TypeAlias = int | Sequence[int] | Sequence[Sequence[int]] | Float[np.ndarray, "..."]


@dataclass(frozen=True)
class FaceCondition:
    """What a face is conditioned on, its own or that of the published `ch_info` (ditto.md §3.3).

    The eye states are one a source frame, played forwards and backwards in turn; one row is used
    for all frames.
    """

    eye_open: Float32[np.ndarray, "eyes 2"]  # left, right
    eye_ball: Float32[np.ndarray, "eyes 6"]  # x of left and right, then y, then z
    canonical: Float32[np.ndarray, " 63"]  # key points at rest


def emotion_weights(emotion: Emotion) -> Float32[np.ndarray, "sequence 8"]:
    """One row for each frame of a repeated sequence (one row: for all frames).

    Labels are places in `EMOTIONS`; a mix has 1 to 7 of them.

    Raises:
        ControlOutOfRange: no such label, too many, none, or weights that are not (sequence, 8).
    """
    if isinstance(emotion, np.ndarray):
        if emotion.ndim != 2 or emotion.shape[1] != len(EMOTIONS) or not len(emotion):
            raise _wrong(f"weights of shape {emotion.shape}")
        return emotion.astype(np.float32)
    mixes: list[int | Sequence[int]] = [emotion] if isinstance(emotion, int) else list(emotion)
    labels = [mix for mix in mixes if isinstance(mix, int)]
    if len(labels) == len(mixes):
        return _mix(labels)[None]
    return np.stack([_mix([mix] if isinstance(mix, int) else mix) for mix in mixes])


def _mix(labels: Sequence[int]) -> Float32[np.ndarray, " 8"]:
    known = [label for label in labels if label in range(len(EMOTIONS))]
    if len(known) < len(labels) or not 0 < len(labels) < len(EMOTIONS):
        raise _wrong(f"the labels {list(labels)}")
    logits = np.zeros(len(EMOTIONS), np.float32)
    logits[known] = SHARPNESS
    weights = np.exp(logits - SHARPNESS)
    return weights / weights.sum()


def _wrong(what: str) -> ControlOutOfRange:
    return ControlOutOfRange(
        f"emotion got {what}; a mix has 1 to 7 labels of 0 to 7, weights have 8 columns",
        "options.controls.emotion",
    )


def condition_rows(
    features: Float32[np.ndarray, "frames 1024"],
    start: int,
    emotion: Float32[np.ndarray, "sequence 8"],
    reference: FaceCondition,
) -> Float32[np.ndarray, "frames 1103"]:
    """Rows of the video frames [start, start + frames); those before 0 have what frame 0 has."""
    places = np.maximum(np.arange(start, start + len(features), dtype=np.int64), 0)
    eyes = ping_pong(places, len(reference.eye_open))
    now = FaceCondition(reference.eye_open[eyes], reference.eye_ball[eyes], reference.canonical)
    return told_rows(features, start, emotion, now)


def told_rows(
    features: Float32[np.ndarray, "frames 1024"],
    start: int,
    emotion: Float32[np.ndarray, "sequence 8"],
    reference: FaceCondition,
) -> Float32[np.ndarray, "frames 1103"]:
    """The same with the eyes of just these frames: a row for each, or one for all."""
    frames = len(features)
    places = np.maximum(np.arange(start, start + frames, dtype=np.int64), 0)
    return np.concatenate(
        [
            features,
            emotion[places % len(emotion)],
            np.broadcast_to(reference.eye_open, (frames, 2)),
            np.broadcast_to(reference.eye_ball, (frames, 6)),
            np.broadcast_to(reference.canonical, (frames, 63)),
        ],
        1,
    )
