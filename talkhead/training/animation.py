"""Whole recordings through the shipped stages, window by window, as the service does it."""

from collections.abc import Iterator, Sequence

import numpy as np

from talkhead.engines.builtin.coefficients import NAMES
from talkhead.engines.builtin.motion.schedule import SCHEDULE
from talkhead.engines.engine import NOTHING, AudioEncoder, MotionGenerator, MotionWindow
from talkhead.timing import SAMPLES_PER_FRAME, frames_in
from talkhead.types import Controls, Motion, Waveform


def spans(frames: int) -> Iterator[tuple[int, int]]:
    """[start, stop) of each window until `frames` are covered."""
    start, stop = 0, SCHEDULE.first
    while start < frames:
        yield start, stop
        start, stop = stop, stop + SCHEDULE.step


def heard(waveform: Waveform, start: int, stop: int) -> Waveform:
    """The audio of a window with context and look-ahead, silence where there is none."""
    first = (start - SCHEDULE.context) * SAMPLES_PER_FRAME
    last = (stop + SCHEDULE.look_ahead) * SAMPLES_PER_FRAME
    piece = waveform[max(first, 0) : last]
    before = max(-first, 0)
    return np.pad(piece, (before, last - first - before - len(piece)))


def animate(
    waveforms: Sequence[Waveform],
    encoder: AudioEncoder,
    generator: MotionGenerator,
    controls: Controls,
    seed: int = 0,
) -> list[Motion]:
    """Motion for each recording, all advancing together; recording i has the seed `seed` + i."""
    lengths = [frames_in(len(waveform)) for waveform in waveforms]
    motions = [np.zeros((0, len(NAMES)), np.float32) for _ in waveforms]
    tails = [NOTHING for _ in waveforms]
    for index, (start, stop) in enumerate(spans(max(lengths))):
        going = [item for item, length in enumerate(lengths) if length > start]
        features = encoder.encode([heard(waveforms[item], start, stop) for item in going])
        windows = [
            MotionWindow(
                features=rows,
                tail=tails[item],
                frames=stop - start,
                seed=seed + item,
                index=index,
                controls=controls,
            )
            for item, rows in zip(going, features, strict=True)
        ]
        for item, step in zip(going, generator.generate(windows), strict=True):
            motions[item] = np.concatenate([motions[item], step.motion])
            tails[item] = step.tail
    return [motion[:length] for motion, length in zip(motions, lengths, strict=True)]
