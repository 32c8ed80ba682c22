"""Timed phones and their waveform in, motion rows and the labels of the auxiliary task out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from talkhead.engines.builtin.coefficients import ARKIT, INDEX, NAMES
from talkhead.engines.builtin.motion.conditions import STYLES, Condition
from talkhead.training.phones import PHONES, Segment
from talkhead.training.teacher import gestures
from talkhead.training.teacher.articulation import Articulation, articulate
from talkhead.training.teacher.emotions import EMOTION_RULES, columns
from talkhead.training.teacher.prosody import Accents, accents, prosody
from talkhead.training.teacher.tracks import (
    STEPS_PER_FRAME,
    TEACHER_RATE,
    Track,
    at_frames,
    peaks_at_frames,
    smooth,
    wander,
)
from talkhead.training.teacher.visemes import ARTICULATORS
from talkhead.types import Motion, Waveform

# Emotion gives way to articulation here.
YIELDING = ("mouthSmile", "mouthFrown", "mouthUpperUp", "mouthStretch", "jawOpen")


@dataclass(frozen=True)
class Lesson:
    """All tracks have one row a video frame."""

    motion: Motion
    closure: Float32[np.ndarray, " frames"]  # 1 where the lips are sealed
    labiodental: Float32[np.ndarray, " frames"]
    speech: Float32[np.ndarray, " frames"]


def teach(
    phones: Sequence[Segment],
    waveform: Waveform,
    condition: Condition,
    random: np.random.Generator,
) -> Lesson:
    """The motion of a speaker who says this, in this condition."""
    heard = prosody(waveform)
    style = dict(zip(STYLES, condition.styles, strict=True))
    emotion = EMOTION_RULES[condition.emotion]
    mouth_gain = emotion.gain("mouth", condition.intensity)
    jaw_gain, lip_gain = (1 + 0.40 * style["jaw"], 1 + 0.35 * style["lips"])
    spoken = articulate(phones, heard.loudness, jaw_gain * mouth_gain, lip_gain * mouth_gain)
    mouth = _Mouth(spoken)
    face = _Face(mouth.frames)
    mouth.draw(face, press=0.7 + 0.3 * style["lips"])
    speech = at_frames(smooth(spoken.speech, 12))
    _gesture(face, speech, accents(heard, spoken.speech), condition, random)
    face.rows += _feeling(mouth, condition, random)
    face.rows[:, : len(ARKIT)] = np.clip(face.rows[:, : len(ARKIT)], 0, 1)
    tracks = (mouth.closure, mouth.labiodental, speech)
    return Lesson(face.rows.astype(np.float32), *(track.astype(np.float32) for track in tracks))


class _Face:
    """Motion rows being filled, by coefficient name."""

    def __init__(self, frames: int) -> None:
        self.rows = np.zeros((frames, len(NAMES)))

    def add(self, name: str, track: Track) -> None:
        for column in columns(name):
            self.rows[:, column] += track


class _Mouth:
    """The articulation at the video frame rate."""

    def __init__(self, spoken: Articulation) -> None:
        self.jaw = at_frames(spoken.jaw)
        self.closure = peaks_at_frames(spoken.closure)
        self.labiodental = peaks_at_frames(spoken.labiodental)
        self.frames = len(self.jaw)
        self._articulators = {
            name: at_frames(spoken.articulators[:, column]) for name, column in ARTICULATORS.items()
        }

    def __getitem__(self, name: str) -> Track:
        return self._articulators[name]

    def draw(self, face: _Face, press: float) -> None:
        """Coefficients; sealed lips are `mouthClose` equal to `jawOpen`."""
        shut, tucked = self.closure, self.labiodental
        apart = 1 - shut
        jaw = self.jaw * (1 - 0.45 * shut) * (1 - 0.55 * tucked)
        face.add("jawOpen", jaw)
        face.add("mouthClose", jaw * shut)
        face.add("mouthPucker", self["pucker"] * (1 - 0.5 * shut))
        face.add("mouthFunnel", self["funnel"] * apart * (1 - tucked))
        face.add("mouthStretch", 0.45 * self["wide"] * apart)
        face.add("mouthSmile", 0.30 * self["wide"] * (1 - 0.4 * shut))
        face.add("mouthDimple", 0.15 * self["wide"])
        face.add("mouthLowerDown", self["lower_down"] * apart * (1 - tucked))
        face.add("mouthUpperUp", self["upper_up"] * apart)
        face.add("mouthPress", 0.30 * shut * press)
        face.add("mouthRollLower", 0.14 * shut + 0.62 * tucked)
        face.add("mouthRollUpper", 0.10 * shut)
        face.add("mouthShrugUpper", 0.10 * tucked)
        face.add("tongueOut", 0.35 * self["tongue"] * apart)
        face.add("cheekPuff", 0.06 * shut)


def _gesture(
    face: _Face, speech: Track, marks: Accents, condition: Condition, random: np.random.Generator
) -> None:
    """Adds eyes, brows and head."""
    style = dict(zip(STYLES, condition.styles, strict=True))
    rules, intensity = EMOTION_RULES[condition.emotion], condition.intensity
    blink_rate = 2 ** (0.9 * style["blinks"]) * rules.gain("blinks", intensity)
    face.add("eyeBlink", gestures.blinks(speech, blink_rate, random))
    _look(face, random)
    chance = float(np.clip(0.45 + 0.35 * style["brows"], 0.05, 1))
    beats = gestures.beats(marks, len(speech), chance, random)
    brow_gain = (1 + 0.6 * style["brows"]) * rules.gain("brows", intensity)
    _raise_brows(face, 0.30 * brow_gain * beats.brows + 0.025 * wander(len(speech), 1.5, random))
    head_gain = (1 + 0.6 * style["head"]) * rules.gain("head", intensity)
    face.rows[:, len(ARKIT) :] += gestures.head(speech, beats.nods, head_gain, random)


def _look(face: _Face, random: np.random.Generator) -> None:
    right, up = gestures.gaze(len(face.rows), random)
    for name, track in (("Left", right), ("Right", -right)):
        other = "Right" if name == "Left" else "Left"
        face.add(f"eyeLookOut{name}", np.maximum(track, 0))
        face.add(f"eyeLookIn{other}", np.maximum(track, 0))
    face.add("eyeLookUp", np.maximum(up, 0))
    face.add("eyeLookDown", np.maximum(-up, 0))


def _raise_brows(face: _Face, brows: Track) -> None:
    raised = np.maximum(brows, 0)
    face.add("browInnerUp", raised)
    face.add("browOuterUp", 0.7 * raised)
    face.add("eyeWide", 0.25 * raised)
    face.add("browDown", 0.8 * np.maximum(-brows, 0))


def _feeling(
    mouth: _Mouth, condition: Condition, random: np.random.Generator
) -> Float[np.ndarray, "frames dim"]:
    """The emotion's offsets, swaying a little, less where the articulation needs the mouth."""
    rules = EMOTION_RULES[condition.emotion]
    offsets = np.tile(rules.row() * condition.intensity, (mouth.frames, 1))
    busy = np.maximum(mouth.closure, np.clip(mouth["pucker"], 0, 1))
    yielding = [column for name in YIELDING for column in columns(name)]
    offsets[:, yielding] *= (1 - 0.45 * busy)[:, None]
    offsets[:, INDEX["jawOpen"]] *= (1 - mouth.closure) * (1 - mouth.labiodental)
    sway: Float[np.ndarray, "frames dim"] = 1 + 0.12 * wander(mouth.frames, 2.0, random)[:, None]
    return offsets * sway


def phone_shares(phones: Sequence[Segment], frames: int) -> Float32[np.ndarray, "frames phones"]:
    """How much of each video frame every phone class covers; rows sum to 1."""
    steps = np.zeros((frames * STEPS_PER_FRAME, len(PHONES)), np.float32)
    for phone in phones:
        first = round(phone.start * TEACHER_RATE)
        steps[first : max(round(phone.end * TEACHER_RATE), first + 1), phone.phone] = 1
    steps[steps.sum(1) == 0, 0] = 1
    steps /= steps.sum(1, keepdims=True)
    return steps.reshape(frames, STEPS_PER_FRAME, len(PHONES)).mean(1)
