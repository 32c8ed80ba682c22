"""The mouth: phones blended by dominance (Cohen and Massaro 1993), and what is never blended."""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from talkhead.training.phones import BILABIALS, PHONE, ROUNDED, SIBILANTS, Segment
from talkhead.training.teacher.tracks import TEACHER_RATE, Track, smooth
from talkhead.training.teacher.visemes import ARTICULATORS, TARGETS, VISEMES

REACH = 0.45  # seconds a phone is felt on either side
PLATEAU = 0.30  # of a phone's length on either side of its middle has full dominance
LEAD = 0.03  # seconds the mouth is ahead of the sound
ROUNDED_LEAD = 0.06  # seconds more for rounded lips
RISE, ROUNDED_RISE, FALL = 17.0, 13.0, 19.0  # dominance decay per second before and after
REST = 0.02  # dominance of the closed mouth where nothing else reaches
JAW = slice(0, 1)
LIPS = slice(1, 7)


@dataclass(frozen=True)
class Articulation:
    """Tracks at TEACHER_RATE."""

    jaw: Track
    articulators: Float[np.ndarray, "steps articulators"]  # columns as in ARTICULATORS
    closure: Track  # 1 where the lips are sealed
    labiodental: Track  # 1 where the lower lip is under the upper teeth
    speech: Track  # 1 inside phones, 0 in silence


def articulate(
    phones: Sequence[Segment], loudness: Track, jaw_gain: float, lip_gain: float
) -> Articulation:
    """The mouth of a speaker with the given gains (1 = the usual); `loudness` in decibels."""
    time = np.arange(len(loudness)) / TEACHER_RATE
    blended = _blend(phones, time)
    speech = _spoken(phones, len(time))
    level = _relative(loudness, speech)
    sibilance = _held(phones, time, SIBILANTS, _sibilant)
    jaw = blended[:, ARTICULATORS["jaw"]] * (1 + 0.35 * np.tanh(level)) * jaw_gain
    teeth = np.minimum(jaw, jaw * (1 - sibilance) + sibilance * 0.10)  # they nearly meet in /s/
    articulators = np.stack([smooth(track, 1.5) for track in blended.T], axis=1)
    lips = [c for name, c in ARTICULATORS.items() if name not in ("jaw", "tongue")]
    articulators[:, lips] *= lip_gain * (1 + 0.15 * np.tanh(level))[:, None]
    return Articulation(
        jaw=smooth(teeth, 1.5),
        articulators=articulators,
        closure=_held(phones, time, BILABIALS, _bilabial),
        labiodental=_held(phones, time, {PHONE["FF"]}, _labiodental),
        speech=speech,
    )


def _blend(phones: Sequence[Segment], time: Track) -> Float[np.ndarray, "steps articulators"]:
    weights = np.full((len(time), 7), REST)
    total = weights * TARGETS[PHONE["SIL"]]
    for phone in phones:
        if phone.end <= phone.start:
            continue
        near = slice(*np.searchsorted(time, (phone.start - REACH, phone.end + REACH)))
        for part, lips in ((JAW, False), (LIPS, True)):
            weight = _dominance(phone, time[near], lips)[:, None]
            weights[near, part] += weight
            total[near, part] += weight * TARGETS[phone.phone, part]
    return total / weights


def _dominance(phone: Segment, time: Track, lips: bool) -> Track:
    viseme = list(VISEMES.values())[phone.phone]
    rounded = lips and phone.phone in ROUNDED
    length = phone.end - phone.start
    middle = (phone.start + phone.end) / 2 - LEAD - (ROUNDED_LEAD if rounded else 0)
    distance = np.maximum(0, np.abs(time - middle) - PLATEAU * length)
    decay = np.where(time < middle, ROUNDED_RISE if rounded else RISE, FALL)
    strength = viseme.lip_dominance if lips else viseme.jaw_dominance
    return strength * np.exp(-decay * distance) * min(1.0, 0.35 + length / 0.09)


def _held(
    phones: Sequence[Segment],
    time: Track,
    kinds: Set[int],
    envelope: Callable[[Segment, Track], Track],
) -> Track:
    """The strongest of the envelopes of all phones of these kinds."""
    track = np.zeros(len(time))
    for phone in phones:
        if phone.phone in kinds and phone.end > phone.start:
            near = slice(*np.searchsorted(time, (phone.start - REACH, phone.end + REACH)))
            track[near] = np.maximum(track[near], envelope(phone, time[near]))
    return track


def _trapezium(time: Track, on: float, off: float, rise: float, fall: float) -> Track:
    """0, rising over `rise` seconds to 1 at `on`, and falling from `off` over `fall` seconds."""
    return np.clip(np.minimum((time - (on - rise)) / rise, (off + fall - time) / fall), 0, 1)


def _bilabial(phone: Segment, time: Track) -> Track:
    share = 0.90 if phone.phone == PHONE["M"] else 0.72  # a stop opens before it ends
    off = max(phone.start + share * (phone.end - phone.start), phone.start + 0.035)
    return _trapezium(time, phone.start, off, 0.055, 0.05)


def _labiodental(phone: Segment, time: Track) -> Track:
    off = phone.start + 0.85 * (phone.end - phone.start)
    return _trapezium(time, phone.start - 0.01, off, 0.06, 0.06)


def _sibilant(phone: Segment, time: Track) -> Track:
    return _trapezium(time, phone.start, phone.end, 0.05, 0.03)


def _spoken(phones: Sequence[Segment], steps: int) -> Track:
    track = np.zeros(steps)
    for phone in phones:
        if phone.phone != PHONE["SIL"]:
            track[int(phone.start * TEACHER_RATE) : int(phone.end * TEACHER_RATE) + 1] = 1
    return track


def _relative(loudness: Track, speech: Track) -> Track:
    """How much louder than the median of the speech, in units of 12 dB."""
    speaking = speech > 0.5
    usual = np.median(loudness[speaking]) if speaking.sum() > 10 else -20.0
    return smooth(np.clip((loudness - usual) / 12, -2, 1.5), 6)
