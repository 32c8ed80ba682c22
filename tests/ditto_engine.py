"""The `ditto` engine with stand-ins for its large networks, small enough for the quick tests.

Everything between the networks is the engine's own: windows, conditions, sampling, fusion,
stitching, registration, batches, pasting. The stand-ins compute something that can be checked.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from talkhead.engines.ditto.engine import DittoEngine
from talkhead.engines.ditto.generation.motion_generator import DittoMotionGenerator, MotionModels
from talkhead.engines.ditto.motion.layout import KeyPoints
from talkhead.engines.ditto.networks.motion_extractor import FaceMotion
from talkhead.engines.ditto.registration.models import RegistrationModels
from talkhead.engines.ditto.rendering.drawing import Drawing, FaceDrawer
from talkhead.engines.ditto.rendering.renderer import DittoRenderer
from talkhead.engines.ditto.speech.audio_encoder import DittoAudioEncoder
from talkhead.engines.ditto.speech.chunking import OFFLINE
from talkhead.engines.ditto.speech.hubert import silence_rows
from talkhead.faces.onnx_models import FaceModels
from tests.fakes import Threadless

CPU = torch.device("cpu")
STRENGTH = np.linspace(0, 1, 8, dtype=np.float32) ** 2  # of each emotion
LOUD = np.random.default_rng(5).standard_normal(265).astype(np.float32)


def hears_loudness(
    chunks: Float32[np.ndarray, "chunks samples"],
) -> Float32[np.ndarray, "chunks features 1024"]:
    """Feature 0 of every 20 ms is its loudness; the others are 0."""
    features = np.zeros((len(chunks), 20, 1024), np.float32)
    frames = chunks[:, :6400].reshape(len(chunks), 20, 320)
    features[..., 0] = np.abs(frames).mean(2)
    return features


class LoudnessIsMotion(Threadless):
    """Motion grows with loudness and feeling, drifts with the noise and continues what was."""

    def sample(
        self,
        condition: Float32[np.ndarray, "batch 80 1103"],
        condition_frame: Float32[np.ndarray, "batch 265"],
        start: Float32[np.ndarray, "batch 80 265"],
        step_noises: Float32[np.ndarray, "batch more 80 265"],
    ) -> Float32[np.ndarray, "batch 80 265"]:
        feeling = 1 + condition[..., 1024:1032] @ STRENGTH[:, None]
        told = condition[..., :1] * feeling
        moved = 0.3 * told * LOUD + 0.02 * start + 0.01 * step_noises.mean(1)
        sampled: np.ndarray = (moved + 0.5 * condition_frame[:, None]).astype(np.float32)
        return sampled


def joins(source: KeyPoints, driving: KeyPoints) -> KeyPoints:
    return driving + np.float32(0.1) * (source - driving)


def sees_brightness(image: Tensor) -> FaceMotion:
    """A face whose key points are on a grid, and whose scale tells how bright it is."""
    many = len(image)
    bright = image.mean((1, 2, 3))
    points = torch.linspace(-0.4, 0.4, 63).expand(many, 63)
    logits = torch.zeros(many, 66)
    return FaceMotion(
        logits, logits, logits, torch.zeros(many, 3), 0.01 * points, 1 + bright[:, None], points
    )


def keeps_colours(image: Tensor) -> Tensor:
    """The crop itself, small, in the first three planes of the volume."""
    small = torch.nn.functional.interpolate(image, size=(64, 64), mode="area")
    volume = torch.zeros(len(image), 32, 16, 64, 64)
    volume[:, :3, 0] = small
    return volume


class ShiftsByPoints:
    """Features are the colours, brighter the further the key points were driven."""

    def source(self, feature_3d: Tensor) -> tuple[Tensor, ...]:
        return (feature_3d[:, :, 0],)

    def __call__(self, source: tuple[Tensor, ...], kp_source: Tensor, kp_driving: Tensor) -> Tensor:
        driven = (kp_driving - kp_source).abs().mean((1, 2))
        return source[0].repeat(1, 8, 1, 1) * (1 + driven)[:, None, None, None]


def enlarges(feature: Tensor) -> Tensor:
    big = torch.nn.functional.interpolate(feature[:, :3], size=(512, 512), mode="bilinear")
    return big.clamp(0, 1)


class SmallDitto(DittoEngine):
    """`DittoEngine` with its stand-ins."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))

    def audio_encoder(self, device: str) -> Any:
        return DittoAudioEncoder(hears_loudness)

    def motion_generator(self, device: str) -> Any:
        silence = silence_rows(OFFLINE.present, hears_loudness)
        return DittoMotionGenerator(MotionModels(LoudnessIsMotion(), joins, silence))

    def renderer(self, device: str) -> Any:
        drawing = Drawing(ShiftsByPoints(), enlarges, CPU, torch.float32)
        own = FaceModels()
        return DittoRenderer(
            FaceDrawer(drawing), RegistrationModels(sees_brightness, keeps_colours, own)
        )
