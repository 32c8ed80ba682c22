"""Portraits that can be animated pass however they were stored; the others say what is wrong."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

import talkhead
from talkhead.errors import FaceCutOff, FaceTooSmall, FaceTurnedAway, NoFaceFound, SeveralFaces
from talkhead.faces.mesh import FaceMesh
from talkhead.faces.onnx_models import FaceModels
from talkhead.faces.portrait_check import PortraitLimits, check_portrait, yaw_of
from talkhead.types import Image

EXAMPLES = Path(talkhead.__file__).with_name("examples")


@pytest.fixture(scope="module")
def models() -> FaceModels:
    return FaceModels()


@pytest.fixture(scope="module", params=["collins", "hopper"])
def portrait(request: pytest.FixtureRequest) -> Image:
    return read(request.param)


def read(name: str) -> Image:
    data = np.fromfile(EXAMPLES / f"{name}.png", np.uint8)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)


def scaled(image: Image, factor: float) -> Image:
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA))


def padded(image: Image, pixels: int) -> Image:
    return np.pad(image, ((pixels, pixels), (pixels, pixels), (0, 0)))


def rotated(image: Image, degrees: float) -> Image:
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return np.asarray(cv2.warpAffine(image, matrix, (width, height)))


def compressed(image: Image, quality: int) -> Image:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))


def grey(image: Image) -> Image:
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


@pytest.mark.parametrize(
    "variant",
    [
        pytest.param(lambda image: image, id="as it is"),
        pytest.param(lambda image: scaled(image, 0.75), id="smaller"),
        pytest.param(lambda image: scaled(image, 3), id="larger"),
        pytest.param(lambda image: padded(image, 250), id="padded"),
        pytest.param(lambda image: padded(image, 900), id="padded much"),
        pytest.param(lambda image: rotated(image, 10), id="leaning left"),
        pytest.param(lambda image: rotated(image, -10), id="leaning right"),
        pytest.param(lambda image: rotated(image, 30), id="leaning far"),
        pytest.param(lambda image: compressed(image, 25), id="JPEG"),
        pytest.param(grey, id="grey"),
        pytest.param(lambda image: image[:, ::-1].copy(), id="mirrored"),
    ],
)
def test_a_portrait_passes_however_it_was_stored(
    portrait: Image, variant: Callable[[Image], Image], models: FaceModels
) -> None:
    finding = check_portrait(variant(portrait), models)
    assert finding.faces == 1
    assert abs(finding.yaw) < 10
    assert finding.inside > 0.99


def test_measures_scale_with_the_picture(portrait: Image, models: FaceModels) -> None:
    one, two = check_portrait(portrait, models), check_portrait(scaled(portrait, 2), models)
    assert two.eye_span == pytest.approx(2 * one.eye_span, rel=0.03)
    assert two.face == pytest.approx(2 * one.face, rel=0.03)


@pytest.mark.parametrize(
    "image",
    [
        np.full((400, 300, 3), 128, np.uint8),
        np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8),
        np.zeros((1, 1, 3), np.uint8),
    ],
)
def test_a_picture_without_a_face(image: Image, models: FaceModels) -> None:
    with pytest.raises(NoFaceFound):
        check_portrait(image, models)


def test_two_faces_of_one_size(portrait: Image, models: FaceModels) -> None:
    with pytest.raises(SeveralFaces, match="2 faces"):
        check_portrait(np.hstack([portrait, portrait]), models)


def test_a_small_second_face_does_not_matter(models: FaceModels) -> None:
    portrait = read("hopper")
    small = scaled(portrait, 0.6)
    beside = np.zeros((portrait.shape[0], small.shape[1], 3), np.uint8)
    beside[: small.shape[0]] = small
    finding = check_portrait(np.hstack([portrait, beside]), models)
    assert finding.faces == 2
    assert finding.face == pytest.approx(check_portrait(portrait, models).face, rel=0.03)


def test_a_small_face_is_refused_with_its_size(portrait: Image, models: FaceModels) -> None:
    size = check_portrait(portrait, models).face
    with pytest.raises(FaceTooSmall, match=r"the face is 5\d pixels large; 64 are needed"):
        check_portrait(scaled(portrait, 55 / size), models)


def test_the_eye_span_limit_is_its_own(portrait: Image, models: FaceModels) -> None:
    with pytest.raises(FaceTooSmall, match="outer eye corners"):
        check_portrait(portrait, models, PortraitLimits(eye_span=1000))


@pytest.mark.parametrize("side", ["left", "right"])
def test_half_a_face(portrait: Image, models: FaceModels, side: str) -> None:
    nose = round(check_portrait(portrait, models).mesh.points[1, 0])
    half = portrait[:, nose:] if side == "right" else portrait[:, :nose]
    with pytest.raises(FaceCutOff, match=r"\d+%"):
        check_portrait(half, models)


def test_a_face_without_its_chin_and_mouth(portrait: Image, models: FaceModels) -> None:
    mouth = round(check_portrait(portrait, models).mesh.points[13, 1])
    with pytest.raises(FaceCutOff):
        check_portrait(portrait[:mouth], models)


def test_a_turned_head_is_refused_with_its_angle(models: FaceModels) -> None:
    portrait = read("hopper")
    yaw = check_portrait(portrait, models).yaw
    with pytest.raises(FaceTurnedAway, match=f"turned {abs(yaw):.0f} degrees"):
        check_portrait(portrait, models, PortraitLimits(yaw=abs(yaw) / 2))


@pytest.mark.parametrize("degrees", [-35.0, -10.0, 20.0, 40.0])
def test_yaw_is_the_turn_about_the_vertical(
    portrait: Image, models: FaceModels, degrees: float
) -> None:
    mesh = check_portrait(portrait, models).mesh
    turn = np.radians(degrees)
    matrix = np.array(
        [[np.cos(turn), 0, -np.sin(turn)], [0, 1, 0], [np.sin(turn), 0, np.cos(turn)]]
    )
    turned = FaceMesh(mesh.points @ matrix.T, mesh.presence)
    assert yaw_of(turned) - yaw_of(mesh) == pytest.approx(degrees, abs=1.0)


def test_the_same_picture_gives_the_same_points(portrait: Image, models: FaceModels) -> None:
    first, second = (check_portrait(portrait, m).mesh.points for m in (models, FaceModels()))
    assert np.array_equal(first, second)


def test_what_is_measured_grows_with_the_picture(portrait: Image, models: FaceModels) -> None:
    """Also far beyond the size at which faces are looked for."""
    small, large = check_portrait(portrait, models), check_portrait(scaled(portrait, 6), models)
    assert large.face == pytest.approx(6 * small.face, rel=0.03)
    assert large.eye_span == pytest.approx(6 * small.eye_span, rel=0.03)
    np.testing.assert_allclose(large.mesh.points / 6, small.mesh.points, atol=3)
