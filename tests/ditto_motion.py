"""The motion of the `ditto` engine under the weights of the parity cases, with recorded noise."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from jaxtyping import Float32

from talkhead.engines.ditto.controls import CONTROLS, fusion_of
from talkhead.engines.ditto.generation.diffusion import GuidedDiffusion
from talkhead.engines.ditto.generation.motion_generator import (
    DittoMotionGenerator,
    MotionModels,
    Noise,
)
from talkhead.engines.ditto.generation.windows import schedule_of
from talkhead.engines.ditto.motion.condition import FaceCondition
from talkhead.engines.ditto.motion.layout import KeyPoints, joined
from talkhead.engines.ditto.motion.source import SourceMotion
from talkhead.engines.ditto.reference import FaceReference
from talkhead.engines.ditto.speech.chunking import LIVE, OFFLINE
from talkhead.engines.ditto.speech.hubert import Encode, onnx_encoder, silence_rows
from talkhead.engines.engine import NOTHING, MotionWindow
from talkhead.pipeline.hearing import AudioChunkCutter, FeatureCutter, FeatureWindow
from talkhead.types import Controls, ControlValue, Motion, Waveform
from tests.ditto_weights import network
from tests.parity_cases import ParityFolder

STEPS = 4  # of the cases
PARTS = ("pitch", "yaw", "roll", "t", "exp", "scale", "kp")

Case = dict[str, Any]


def controls(**given: ControlValue) -> dict[str, ControlValue]:
    defaults: dict[str, ControlValue] = {control.name: control.default for control in CONTROLS}
    return defaults | {"steps": float(STEPS)} | given


@dataclass(frozen=True)
class Recorded:
    """The noises of an end-to-end case, in the order of the published draws."""

    folder: ParityFolder
    tag: str

    def noise(self) -> Noise:
        return Noise(self.start, self.steps, lambda seed: Random(99))

    def steps(self, seed: int, steps: int) -> Float32[np.ndarray, "more 80 265"]:
        return np.concatenate([self._draw(index) for index in range(steps - 1)])

    def start(self, seed: int, index: int) -> Float32[np.ndarray, "80 265"]:
        return self._draw(STEPS - 1 + index)[0]

    def _draw(self, index: int) -> Float32[np.ndarray, "1 80 265"]:
        name = f"e2e.{self.tag}.randn{index}"
        drawn: np.ndarray = self.folder.fill().normal(name, (1, 80, 265), self.folder.seed)
        return drawn


class Watched(GuidedDiffusion):
    """Keeps what it was asked and what it answered, window by window."""

    def __init__(self) -> None:
        super().__init__(network("lmdm"), torch.device("cpu"))
        self.asked: list[Float32[np.ndarray, "batch 265"]] = []
        self.answered: list[Float32[np.ndarray, "batch 80 265"]] = []

    def sample(self, condition: Any, condition_frame: Any, start: Any, step_noises: Any) -> Any:
        self.asked.append(condition_frame)
        self.answered.append(super().sample(condition, condition_frame, start, step_noises))
        return self.answered[-1]


def toy_encoder(folder: ParityFolder) -> Encode:
    return onnx_encoder(ort.InferenceSession(folder.toy("hubert")))


def models(folder: ParityFolder, diffusion: Any = None, **more: Any) -> MotionModels:
    return replace(
        MotionModels(
            diffusion or GuidedDiffusion(network("lmdm"), torch.device("cpu")),
            stitch,
            silence_rows(5, toy_encoder(folder)),
        ),
        **more,
    )


@torch.inference_mode()
def stitch(source: KeyPoints, driving: KeyPoints) -> KeyPoints:
    moved = network("stitch_network")(torch.tensor(source), torch.tensor(driving))
    points: KeyPoints = moved.numpy()
    return points


def face(case: Case, prefix: str = "", info: str = "src") -> FaceReference:
    """The registered face that a case stores, or its `ch_info`."""
    frames = sum(key.startswith(f"{prefix}{info}/") and key.endswith("/kp") for key in case)
    infos = [{part: case[f"{prefix}{info}/{i}/{part}"] for part in PARTS} for i in range(frames)]
    canonical = np.concatenate([entry["kp"] for entry in infos])
    eyes = range(sum(key.startswith(f"{prefix}eye_open/") for key in case))
    eye_open, eye_ball = (
        np.concatenate([case[f"{prefix}{name}/{i}"] for i in eyes])
        for name in ("eye_open", "eye_ball")
    )
    motion = SourceMotion(np.concatenate([joined(entry) for entry in infos]), canonical)
    told = FaceCondition(eye_open, eye_ball, case.get(f"{prefix}sc", canonical[0]))
    return FaceReference(motion, told)


def windows(
    waveform: Waveform, encode: Encode, given: Controls, piece: int = 10**9
) -> Iterator[FeatureWindow]:
    """As the pipeline cuts them, from audio that arrives in pieces of so many samples."""
    schedule = schedule_of(fusion_of(given))
    assert schedule.hearing
    chunking = LIVE if schedule.hearing.beyond_end else OFFLINE
    chunks, cutter = AudioChunkCutter(schedule.hearing), FeatureCutter(schedule)
    cut = [
        chunk
        for start in range(0, len(waveform), piece)
        for chunk in chunks.push(waveform[start : start + piece])
    ]
    for chunk in [*cut, *chunks.finish()]:
        rows = chunking.present_rows(encode(chunk.waveform[None]))[0]
        yield from cutter.push(rows[: chunk.rows], chunk.total)
    yield from cutter.finish()


def moved(
    generator: DittoMotionGenerator,
    heard: Iterator[FeatureWindow],
    given: Controls,
    own: FaceReference,
    character: FaceReference | None = None,
    seed: int = 0,
) -> Motion:
    """The whole motion, each window continuing the one before from its tail alone."""
    tail, motion = NOTHING, []
    context = schedule_of(fusion_of(given)).context
    for window in heard:
        asked = MotionWindow(
            features=window.features,
            tail=tail,
            frames=window.frames,
            seed=seed,
            index=window.index,
            controls=given,
            start=window.start,
            total=window.total,
            reference=own.window(max(0, window.start - context), len(window.features)),
            character=character.to_rows() if character else NOTHING,
        )
        (step,) = generator.generate([asked])
        tail = step.tail
        motion.append(step.motion)
    return np.concatenate(motion)
