"""What moves beside the mouth: blinks, gaze, brows and the head, at the video frame rate."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from talkhead.timing import FRAME_RATE
from talkhead.training.teacher.prosody import Accents
from talkhead.training.teacher.tracks import TEACHER_RATE, Track, smooth, wander

BLINKS_PER_MINUTE = 16.0
BLINK = np.array([0.35, 0.9, 1.0, 0.72, 0.42, 0.2, 0.06])  # lid closure, frame by frame
REFRACTORY = 15  # frames after a blink without another
HEAD_TIME = 1.1  # seconds: correlation time of the head's drift
FIXATE_STRAIGHT = 0.45  # share of fixations at the viewer


def blinks(speech: Track, rate: float, random: np.random.Generator) -> Track:
    """Lid closures at `rate` times the usual, more likely where speech begins or ends."""
    track = np.zeros(len(speech))
    edges = np.abs(np.diff(speech, prepend=speech[:1]))
    usual = 0.75 * rate * BLINKS_PER_MINUTE / 60 / FRAME_RATE
    last = -100
    for frame in range(len(speech)):
        boundary = edges[max(0, frame - 4) : frame + 4].max()
        chance = usual * (1 + 8 * min(1.0, 6 * boundary))
        if frame - last > REFRACTORY and random.random() < chance:
            lid = BLINK[: len(speech) - frame] * random.uniform(0.85, 1.0)
            track[frame : frame + len(lid)] = np.maximum(track[frame : frame + len(lid)], lid)
            last = frame
    return track


def gaze(frames: int, random: np.random.Generator) -> tuple[Track, Track]:
    """Fixations joined by saccades: to the picture's right, and up, in [-1, 1]."""
    right, up = np.zeros(frames), np.zeros(frames)
    frame = 0
    while frame < frames:
        length = int(random.gamma(2.0, 0.7) * FRAME_RATE) + 6
        spread = (0.03, 0.025) if random.random() < FIXATE_STRAIGHT else (0.13, 0.07)
        right[frame : frame + length], up[frame : frame + length] = random.normal(0, spread)
        frame += length
    return smooth(right, 0.6), smooth(up, 0.6)


@dataclass(frozen=True)
class Beats:
    """Movements that mark accents."""

    brows: Track
    nods: Track


def beats(accents: Accents, frames: int, brow_chance: float, random: np.random.Generator) -> Beats:
    time = np.arange(frames) / FRAME_RATE
    brows, nods = np.zeros(frames), np.zeros(frames)
    for step, strength in zip(accents.steps, accents.strengths, strict=True):
        since = time - step / TEACHER_RATE
        if random.random() < brow_chance:
            brows += strength * _bump(since + 0.04, 0.16)
        if random.random() < 0.6:
            down_then_up = _bump(since, 0.13) - 0.35 * _bump(since - 0.33, 0.16)
            nods += strength * random.uniform(0.7, 1.3) * down_then_up
    return Beats(np.minimum(brows, 1.3), nods)


def _bump(time: Track, width: float) -> Track:
    return np.exp(-0.5 * (time / width) ** 2)


def head(
    speech: Track, nods: Track, gain: float, random: np.random.Generator
) -> Float[np.ndarray, "frames 6"]:
    """Pose rows as in `coefficients.POSE`: drift, larger while speaking, and nods."""
    frames = len(speech)
    scale = smooth(0.35 + 0.65 * speech, 12) * gain

    def drift(spread: float) -> Track:
        slow = 0.75 * wander(frames, HEAD_TIME, random)
        quick = 0.30 * wander(frames, 0.35 * HEAD_TIME, random)
        return smooth(spread * (slow + quick), 2.2) * scale

    pitch = drift(2.0) + 3.2 * gain * nods
    yaw = drift(3.2)
    roll = drift(1.7) + 0.18 * yaw
    time = np.arange(frames) / FRAME_RATE
    breath = 0.15 * np.sin(2 * np.pi * 0.27 * time + random.uniform(0, 2 * np.pi))
    aside, rise, near = drift(0.9), drift(0.5), drift(0.8)
    return np.stack([pitch, yaw, roll, 0.35 * yaw + aside, rise - 0.3 * pitch + breath, near], 1)
