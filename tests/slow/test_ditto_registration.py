"""A portrait, and the frame after it, are registered as published."""

import numpy as np
import onnxruntime as ort
import pytest

from talkhead.engines.ditto.motion.layout import joined
from talkhead.engines.ditto.registration import locate
from talkhead.engines.ditto.registration.locate import followed, speaker
from talkhead.engines.ditto.registration.models import (
    InsightFace,
    PublishedMesh,
    RegistrationModels,
)
from talkhead.engines.ditto.registration.register import SourceFace, register, seen, studied
from talkhead.faces.onnx_models import FaceModels
from tests.ditto_weights import network
from tests.parity_cases import assert_close, parity


@pytest.fixture(scope="module")
def models() -> RegistrationModels:
    folder = parity("ditto")

    def toy(name: str) -> ort.InferenceSession:
        path = str(folder.toy(name))
        return ort.InferenceSession(path, providers=["CPUExecutionProvider"])

    return RegistrationModels(
        network("motion_extractor"),
        network("appearance_extractor"),
        FaceModels(),
        landmarks203=toy("landmark203"),
        mesh=PublishedMesh(toy("blaze_face"), toy("face_mesh")),
        insight_face=InsightFace(toy("insightface_det"), toy("landmark106")),
    )


def assert_registered(face: SourceFace, case: dict[str, np.ndarray], which: str) -> None:
    golden = {n.removeprefix(f"{which}/"): a for n, a in case.items() if n.startswith(f"{which}/")}
    info = {n.removeprefix("x_s_info/"): a for n, a in golden.items() if n.startswith("x_s_info/")}
    sight = face.sight
    assert_close(sight.points.points, golden["lmk203"], "lmk203")
    assert_close(sight.matrix, golden["M_c2o"], "M_c2o")
    assert_close(sight.eyes.openness[None], golden["eye_open"], "eye_open")
    assert_close(sight.eyes.movement[None], golden["eye_ball"], "eye_ball")
    assert_close(face.row[None], joined(info), "row")
    assert_close(face.canonical[None], info["kp"], "kp")
    assert_close(face.volume[None, ::4, ::2, ::4, ::4], golden["f_s"], "f_s")


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """The case has its own detections: a small face, and a large one, which counts."""
    arrays = parity("ditto").case("fn_register")
    monkeypatch.setattr(locate, "scrfd_faces", lambda *_: arrays["boxes"])
    return arrays


def test_a_portrait_is_registered_as_published(
    models: RegistrationModels, case: dict[str, np.ndarray]
) -> None:
    assert_registered(register(case["image"], models), case, "first")


def test_the_next_frame_is_followed_as_published(
    models: RegistrationModels, case: dict[str, np.ndarray]
) -> None:
    points = followed(case["image2"], speaker(case["image"], models), models)
    sight = seen(case["image2"], points, models)
    assert sight is not None
    assert_registered(studied(sight, models), case, "tracked")
