"""One training example: sentences of one speaker with pauses, and the motion to learn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float16, Float32

from talkhead.engines.builtin.motion.conditions import EMOTIONS, STYLES, Condition
from talkhead.engines.builtin.motion.mel import log_mel
from talkhead.timing import SAMPLE_RATE, SAMPLES_PER_FRAME
from talkhead.training.phones import Segment
from talkhead.training.speech.utterance import Utterance, silence
from talkhead.training.teacher.teacher import phone_shares, teach
from talkhead.training.waveform_augmentation import augment, levelled
from talkhead.types import Waveform

ENOUGH = 13.0  # seconds after which no sentence is added
LONGEST = 400  # frames
SHORTEST = 100  # frames
PEAK = 0.5


@dataclass(frozen=True)
class Clip:
    waveform: Waveform  # clean
    mel: Float16[np.ndarray, "rows mels"]  # of the possibly augmented waveform
    motion: Float16[np.ndarray, "frames dim"]
    phones: Float16[np.ndarray, "frames phones"]  # shares, as of `phone_shares`
    tracks: Float16[np.ndarray, "frames 3"]  # closure, labiodental, speech
    condition: Float32[np.ndarray, " numbers"]  # emotion's index, intensity, styles
    voice: str


def plain_clip(said: Sequence[Utterance], random: np.random.Generator) -> Clip | None:
    """A test clip: neutral, as the synthesiser gave it; None if too short."""
    joined = _joined(said, random)
    return _clip(*joined, Condition(), random, None, said[0].voice) if joined else None


def varied_clip(
    said: Sequence[Utterance], random: np.random.Generator, others: Sequence[Waveform]
) -> Clip | None:
    """A training clip: any speed, emotion and style, mostly augmented; None if too short."""
    factor = random.uniform(0.84, 1.2) if random.random() < 0.7 else 1.0
    joined = _joined([utterance.speeded(factor) for utterance in said], random)
    if not joined:
        return None
    condition = random_condition(random)
    clean = random.random() < 0.25
    return _clip(*joined, condition, random, None if clean else others, said[0].voice)


def random_condition(random: np.random.Generator) -> Condition:
    emotion = str(random.choice(EMOTIONS)) if random.random() < 0.6 else "neutral"
    intensity = 0.0 if emotion == "neutral" else float(random.uniform(0, 1))
    return Condition(emotion, intensity, tuple(random.uniform(-1, 1, len(STYLES)).tolist()))


def _joined(
    said: Sequence[Utterance], random: np.random.Generator
) -> tuple[Waveform, list[Segment]] | None:
    parts = [_pause(random, (0.1, 1.5), (1.5, 4.0))]
    for utterance in said:
        parts += [utterance.scaled(PEAK), _pause(random, (0.1, 0.7), (0.7, 3.5))]
        if sum(part.seconds for part in parts) > ENOUGH:
            break
    waveform = np.concatenate([part.waveform for part in parts])
    frames = min(len(waveform) // SAMPLES_PER_FRAME, LONGEST)
    if frames < SHORTEST:
        return None
    return waveform[: frames * SAMPLES_PER_FRAME], _placed(parts)


def _pause(
    random: np.random.Generator, usual: tuple[float, float], long: tuple[float, float]
) -> Utterance:
    seconds = random.uniform(*(usual if random.random() < 0.8 else long))
    frames = int(seconds * SAMPLE_RATE) // SAMPLES_PER_FRAME
    return silence(frames * SAMPLES_PER_FRAME, random)


def _placed(parts: Sequence[Utterance]) -> list[Segment]:
    found: list[Segment] = []
    start = 0.0
    for part in parts:
        for segment in part.segments:
            end = min(segment.end, part.seconds)
            if segment.start < end:
                found.append(Segment(start + segment.start, start + end, segment.phone))
        start += part.seconds
    return found


def _clip(
    waveform: Waveform,
    phones: list[Segment],
    condition: Condition,
    random: np.random.Generator,
    others: Sequence[Waveform] | None,
    voice: str,
) -> Clip:
    lesson = teach(phones, waveform, condition, random)
    clean = levelled(waveform)
    heard = clean if others is None else augment(waveform, random, others)
    numbers = (EMOTIONS.index(condition.emotion), condition.intensity, *condition.styles)
    return Clip(
        waveform=clean,
        mel=log_mel(heard).astype(np.float16),
        motion=lesson.motion.astype(np.float16),
        phones=phone_shares(phones, len(lesson.motion)).astype(np.float16),
        tracks=np.stack([lesson.closure, lesson.labiodental, lesson.speech], 1).astype(np.float16),
        condition=np.array(numbers, np.float32),
        voice=voice,
    )
