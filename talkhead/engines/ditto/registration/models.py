"""What registration works with: two networks of Ditto, our face models, and optional files.

With the files the crop and the eyes are as published; without them our own models stand in.
"""

from dataclasses import dataclass

import onnxruntime as ort

from talkhead.engines.ditto.networks.signatures import (
    AppearanceExtractorLike,
    MotionExtractorLike,
)
from talkhead.faces.onnx_models import FaceModels


@dataclass(frozen=True)
class InsightFace:
    """Finds the face, as published; not for commercial use."""

    detector: ort.InferenceSession
    landmarks106: ort.InferenceSession


@dataclass(frozen=True)
class PublishedMesh:
    """Measures the eyes, as published."""

    blaze_face: ort.InferenceSession
    face_mesh: ort.InferenceSession


@dataclass(frozen=True)
class RegistrationModels:
    motion: MotionExtractorLike
    appearance: AppearanceExtractorLike
    own: FaceModels
    landmarks203: ort.InferenceSession | None = None  # places the crop
    mesh: PublishedMesh | None = None
    insight_face: InsightFace | None = None
    device: str = "cpu"  # where the two networks take their pictures
    identity: str = ""  # of all of them: what another set registered is not used
