"""Test sets through the shipped inference, and the bars they must clear."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from talkhead.engines.builtin.motion.audio_encoder import BuiltinAudioEncoder
from talkhead.engines.builtin.motion.controls import CONTROLS
from talkhead.engines.builtin.motion.model import MotionModel
from talkhead.engines.builtin.motion.motion_generator import BuiltinMotionGenerator
from talkhead.timing import SAMPLES_PER_FRAME
from talkhead.training.animation import animate
from talkhead.training.metrics import Example, Scores, score
from talkhead.types import Controls, ControlValue, Motion, Waveform

DEFAULTS: dict[str, ControlValue] = {control.name: control.default for control in CONTROLS}


@dataclass(frozen=True)
class TaughtClip:
    waveform: Waveform
    taught: Motion
    closure: Float32[np.ndarray, " frames"]


@dataclass(frozen=True)
class Bar:
    """What a checkpoint must reach."""

    aperture_correlation: float
    medial_recall: float
    false_closures: float  # per minute, at most

    def complaints(self, scores: Scores) -> list[str]:
        """What falls short; empty when all is well."""
        return [
            text
            for bad, text in (
                (
                    scores.aperture_correlation < self.aperture_correlation,
                    f"aperture correlation {scores.aperture_correlation:.3f}, "
                    f"wanted {self.aperture_correlation}",
                ),
                (
                    scores.medial_recall < self.medial_recall,
                    f"medial recall {scores.medial_recall:.3f}, wanted {self.medial_recall}",
                ),
                (
                    scores.false_closures > self.false_closures,
                    f"{scores.false_closures:.1f} false closures a minute, "
                    f"at most {self.false_closures}",
                ),
            )
            if bad
        ]


UNSEEN_VOICE = Bar(aperture_correlation=0.83, medial_recall=0.72, false_closures=2.0)
SEEN_VOICE = Bar(aperture_correlation=0.92, medial_recall=0.94, false_closures=1.5)


def load_test(path: Path) -> list[TaughtClip]:
    with np.load(path, allow_pickle=False) as file:
        starts, waveform = file["starts"], file["waveform"].astype(np.float32)
        motion, tracks = file["motion"].astype(np.float32), file["tracks"].astype(np.float32)
    return [
        TaughtClip(
            waveform=waveform[start * SAMPLES_PER_FRAME : stop * SAMPLES_PER_FRAME],
            taught=motion[start:stop],
            closure=tracks[start:stop, 0],
        )
        for start, stop in pairwise(starts.tolist())
    ]


def evaluate(model: MotionModel, clips: list[TaughtClip], controls: Controls = DEFAULTS) -> Scores:
    encoder, generator = BuiltinAudioEncoder(model), BuiltinMotionGenerator(model)
    motions = animate([clip.waveform for clip in clips], encoder, generator, controls)
    return score(
        [
            Example(motion, clip.taught, clip.closure)
            for motion, clip in zip(motions, clips, strict=True)
        ]
    )
