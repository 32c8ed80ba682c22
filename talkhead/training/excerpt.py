"""A few test clips small enough to lie beside the tests: sound as FLAC, the teacher's tracks."""

from itertools import pairwise
from pathlib import Path

import numpy as np

from talkhead.timing import SAMPLE_RATE, SAMPLES_PER_FRAME
from talkhead.training import flac
from talkhead.training.evaluate import TaughtClip


def save(clips: list[TaughtClip], folder: Path) -> None:
    """Writes speech.flac and teacher.npz."""
    folder.mkdir(parents=True, exist_ok=True)
    flac.write(
        folder / "speech.flac", np.concatenate([clip.waveform for clip in clips]), SAMPLE_RATE
    )
    np.savez_compressed(
        folder / "teacher.npz",
        motion=np.concatenate([clip.taught for clip in clips]).astype(np.float16),
        closure=np.concatenate([clip.closure for clip in clips]).astype(np.float16),
        starts=np.cumsum([0, *(len(clip.taught) for clip in clips)]),
    )


def load(folder: Path) -> list[TaughtClip]:
    waveform, _ = flac.read(folder / "speech.flac")
    with np.load(folder / "teacher.npz", allow_pickle=False) as file:
        motion, closure = (file[name].astype(np.float32) for name in ("motion", "closure"))
        starts = file["starts"].tolist()
    return [
        TaughtClip(
            waveform[start * SAMPLES_PER_FRAME : stop * SAMPLES_PER_FRAME],
            motion[start:stop],
            closure[start:stop],
        )
        for start, stop in pairwise(starts)
    ]
