"""Sizes, crops, detectors and eyes are the published ones, and crops move with the face."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import onnxruntime as ort
import pytest
from torch import Tensor

import talkhead
from talkhead.engines.ditto.registration import locate, scrfd
from talkhead.engines.ditto.registration.blaze_face import blaze_faces
from talkhead.engines.ditto.registration.crop import FOR_LANDMARKS, FOR_NETWORKS, Crop
from talkhead.engines.ditto.registration.eye_state import eye_state
from talkhead.engines.ditto.registration.face_mesh import face_mesh
from talkhead.engines.ditto.registration.face_points import FacePoints
from talkhead.engines.ditto.registration.landmarks106 import landmarks106
from talkhead.engines.ditto.registration.landmarks203 import landmarks203, landmarks_in
from talkhead.engines.ditto.registration.models import (
    InsightFace,
    PublishedMesh,
    RegistrationModels,
)
from talkhead.engines.ditto.registration.own_mesh import mesh_in_crop
from talkhead.engines.ditto.registration.picture_size import limited
from talkhead.engines.ditto.registration.register import first_sight
from talkhead.errors import NoFaceFound, SeveralFaces
from talkhead.faces.onnx_models import FaceModels
from talkhead.media.image import read_image
from talkhead.types import Image
from tests.parity_cases import assert_close, parity

# Heights and widths of the pictures of the auxiliary models, which are not all stored.
SIZES = ((480, 640), (700, 500), (512, 512), (333, 200))
EVERY = range(len(SIZES))
MESH_PIXELS = np.array([512, 512, 512])


@cache
def session(name: str) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    path = str(parity("ditto").toy(name))
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def golden(case: str, index: int) -> dict[str, np.ndarray]:
    head = f"i{index}/"
    arrays = parity("ditto").case(case)
    return {name[len(head) :]: array for name, array in arrays.items() if name.startswith(head)}


def drawn(name: str, height: int, width: int) -> Image:
    folder = parity("ditto")
    picture: Image = folder.fill().smooth_image(name, height, width, 3, folder.seed)
    return picture


@pytest.mark.parametrize("shape", [(2, 1920), (1920, 2), (1, 1)])
def test_a_picture_of_a_line_has_no_face(shape: tuple[int, int]) -> None:
    boxes = scrfd.scrfd_faces(np.zeros((*shape, 3), np.uint8), session("insightface_det"))
    assert boxes.shape[1] == 5


class Outputs(ort.InferenceSession):
    """A session with one input, and these outputs."""

    def __init__(self, **values: np.ndarray) -> None:
        self._values = values

    def get_inputs(self) -> list[Any]:
        return [SimpleNamespace(name="input")]

    def get_outputs(self) -> list[Any]:
        return [SimpleNamespace(name=name) for name in self._values]

    def run(self, names: None, feeds: object) -> list[np.ndarray]:
        return list(self._values.values())


ROW, OTHER = np.linspace(0, 1, 406, dtype=np.float32)[None], np.full((1, 406), 0.5, np.float32)


@pytest.mark.parametrize(
    "values",
    [
        {"landmarks": ROW},
        {"landmarks": ROW, "second": OTHER},
        {"landmarks": ROW, "second": OTHER, "third": OTHER},
        {"first": OTHER, "second": OTHER, "third": ROW, "fourth": OTHER},
        {"landmarks": OTHER[:, :10], "second": OTHER, "third": ROW},
    ],
    ids=" ".join,
)
def test_points_are_the_output_of_that_name_or_the_third(values: dict[str, np.ndarray]) -> None:
    crop = Crop(224, np.eye(3), np.eye(3))
    points = landmarks_in(np.zeros((224, 224, 3), np.uint8), crop, Outputs(**values))
    np.testing.assert_allclose(points, 224 * ROW.reshape(203, 2), rtol=1e-6)


@pytest.mark.parametrize("index", EVERY)
def test_detections_are_the_published_ones(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of equal scores any may come first, and it decides which others remain: the same here."""
    wanted, distinct = golden("fn_aux", index)["det"], scrfd._distinct

    def published_first(boxes: np.ndarray) -> np.ndarray:
        kept = np.isclose(boxes[:, None], wanted, atol=1e-2).all(2).any(1)
        order = np.lexsort((~kept, -boxes[:, 4]))
        chosen: np.ndarray = order[distinct(boxes[order])]
        return chosen

    monkeypatch.setattr(scrfd, "_distinct", published_first)
    boxes = scrfd.scrfd_faces(drawn(f"aux.im{index}", *SIZES[index]), session("insightface_det"))
    nearest = np.abs(boxes[:, None] - wanted).max(2).argmin(0)
    assert sorted(nearest) == list(range(len(boxes)))
    assert_close(boxes[nearest], wanted, "det")


@pytest.mark.parametrize("index", EVERY)
def test_points_on_a_detected_face_are_the_published_ones(index: int) -> None:
    wanted = golden("fn_aux", index)
    picture = drawn(f"aux.im{index}", *SIZES[index])
    points = landmarks106(picture, wanted["box"], session("landmark106"))
    assert_close(points, wanted["lmk106"], "lmk106")


@pytest.mark.parametrize("file", ["landmark203", "landmark203_ori"])
@pytest.mark.parametrize("index", EVERY)
def test_points_in_a_crop_are_the_published_ones(index: int, file: str) -> None:
    wanted = golden("fn_aux", index)
    crop = Crop(224, np.eye(3), wanted["M"])
    points = landmarks_in(drawn(f"aux.crop{index}", 224, 224), crop, session(file))
    assert_close(points, wanted["lmk203"], "lmk203")


@pytest.mark.parametrize("index", EVERY)
def test_the_mesh_is_the_published_one(index: int) -> None:
    wanted = golden("fn_aux", index)
    picture = drawn(f"aux.c512{index}", 512, 512)
    faces = blaze_faces(picture, session("blaze_face"))
    rows = [
        np.concatenate([128 * face.corners.ravel(), face.keypoints.ravel(), [face.score]])
        for face in faces
    ]
    assert_close(np.array(rows), wanted["blaze"], "blaze")
    mesh = face_mesh(picture, faces[0], session("face_mesh"))
    assert_close(mesh[None] / MESH_PIXELS, wanted["lmk478"], "lmk478")


def test_the_eye_state_is_the_published_one() -> None:
    case = parity("ditto").case("fn_crop")
    for points, openness, movement in zip(
        case["eye/lmk"], case["eye/open"], case["eye/ball_move"], strict=True
    ):
        state = eye_state(points * [640, 480, 640], 640, 480)
        assert_close(state.openness, openness, "eye/open")
        assert_close(state.movement, movement.reshape(-1), "eye/ball_move")


@pytest.mark.parametrize("case", ["c0", "c1", "c2"])
@pytest.mark.parametrize(("rule", "of"), [("det224", FOR_LANDMARKS), ("main512", FOR_NETWORKS)])
def test_crops_are_the_published_ones(case: str, rule: str, of: Any) -> None:
    arrays = parity("ditto").case("fn_crop")
    crop = of.around(FacePoints.of(arrays[f"{case}/pts"]))
    assert_close(crop.to_crop, arrays[f"{case}/{rule}/M_o2c"], "M_o2c")
    assert_close(crop.to_picture, arrays[f"{case}/{rule}/M_c2o"], "M_c2o")
    if f"{case}/image" in arrays:
        small = arrays[f"{case}/{rule}/img_small"]
        step = crop.size // len(small)
        assert_close(crop.cut(arrays[f"{case}/image"])[::step, ::step], small, "img_small")


def test_sizes_are_the_published_ones() -> None:
    case = parity("ditto").case("fn_crop")
    for (height, width, longest), wanted in zip(
        case["check_resize_in"], case["check_resize"], strict=True
    ):
        if longest in (1920, -1):  # other limits are not ours; -1 is none, and the picture is small
            picture = np.zeros((height, width, 3), np.uint8)
            result = limited(picture)
            assert result.shape[:2] == tuple(wanted[:2])
            assert (result is not picture) == bool(wanted[2])


def face(rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(100, 300, (203, 2))


def similar(points: np.ndarray, scale: float, turn: float, shift: tuple[float, float]) -> Any:
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    return points @ np.array([[cos, sin], [-sin, cos]]) + shift


@pytest.mark.parametrize("seed", range(5))
def test_a_moved_turned_and_scaled_face_gives_the_same_crop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = face(rng)
    moved = similar(points, rng.uniform(0.3, 3), rng.uniform(-3, 3), (50.0, -20.0))
    one, other = (FOR_NETWORKS.around(FacePoints.of(p)) for p in (points, moved))
    inside = [
        p @ c.to_crop[:2, :2].T + c.to_crop[:2, 2] for p, c in ((points, one), (moved, other))
    ]
    np.testing.assert_allclose(inside[0], inside[1], atol=1e-6)
    np.testing.assert_allclose(one.in_picture(inside[0]), points, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_lips_are_straight_below_the_eyes_and_the_face_fills_its_share(seed: int) -> None:
    points = face(np.random.default_rng(seed))
    found = FacePoints.of(points)
    crop = FOR_NETWORKS.around(found)
    stack = np.stack([found.eyes, found.lips]) @ crop.to_crop[:2, :2].T
    assert abs(stack[1, 0] - stack[0, 0]) < 1e-6
    assert stack[1, 1] > stack[0, 1]
    inside = points @ crop.to_crop[:2, :2].T
    np.testing.assert_allclose(np.ptp(inside, axis=0).max(), crop.size / FOR_NETWORKS.scale)


def test_a_face_without_direction_stands_upright() -> None:
    points = np.ones((203, 2)) * 50
    points[:, 0] += np.arange(203)
    points[[48, 66]] = points[[0, 6, 12, 18, 24, 30, 36, 42]].mean(0)
    assert abs(FOR_NETWORKS.around(FacePoints.of(points)).to_crop[0, 1]) < 1e-9
    assert np.isfinite(FOR_NETWORKS.around(FacePoints.of(np.ones((203, 2)))).to_picture).all()


EXAMPLES = Path(talkhead.__file__).with_name("examples")
HALF = 256  # of a crop, pixels


def about_middle(turn: float, scale: float) -> np.ndarray:
    """Of a picture that is 512 pixels wide."""
    return np.vstack([cv2.getRotationMatrix2D((256, 256), turn, scale), [0, 0, 1]])


CHANGES = {
    "larger": np.diag([1.6, 1.6, 1]),
    "turned": about_middle(20, 1),
    "turned back, smaller": about_middle(-15, 0.8),
    "mirrored": np.array([[-1, 0, 511], [0, 1, 0], [0, 0, 1.0]]),
}


@pytest.fixture(scope="module")
def ours() -> RegistrationModels:
    """No file but those that ship."""
    return RegistrationModels(unused, unused, FaceModels())


def unused(_: Tensor) -> Any:
    raise AssertionError("a first sight needs no network of Ditto")


@pytest.mark.parametrize("name", ["collins", "hopper"])
def test_without_files_a_portrait_is_cut_out_upright_and_as_large_as_the_rule_says(
    ours: RegistrationModels, name: str
) -> None:
    picture = read_image(EXAMPLES / f"{name}.png")
    sight = first_sight(picture, ours)
    face = FOR_NETWORKS.around(sight.points)
    mesh = mesh_in_crop(face.cut(picture), ours.own)
    assert mesh.presence > 0.9
    dx, dy = mesh.eye_line
    assert abs(np.degrees(np.arctan2(dy, dx))) < 3
    low, high = mesh.points[:, :2].min(0) / face.size, mesh.points[:, :2].max(0) / face.size
    np.testing.assert_allclose((low + high)[0] / 2, 0.5, atol=0.02)
    assert 0.3 < low[1] < high[1] < 0.88  # room above for the hair, below for a falling jaw
    assert 0.4 < (high - low)[1] < 0.55


@pytest.mark.parametrize("name", ["collins", "hopper"])
@pytest.mark.parametrize("change", CHANGES)
def test_without_files_a_changed_portrait_has_the_same_crop_and_eyes(
    ours: RegistrationModels, name: str, change: str
) -> None:
    picture, matrix = read_image(EXAMPLES / f"{name}.png"), CHANGES[change]
    scale, flip = abs(np.linalg.det(matrix)) ** 0.5, np.sign(np.linalg.det(matrix))
    size = [int(max(scale, 1) * side) for side in picture.shape[1::-1]]
    changed = np.asarray(cv2.warpAffine(picture, matrix[:2], size), np.uint8)
    one, other = first_sight(picture, ours), first_sight(changed, ours)
    corners = np.array([[x, y, 1] for x in (0, 2 * HALF) for y in (0, 2 * HALF)])
    mirrored = np.column_stack([HALF + flip * (corners[:, 0] - HALF), corners[:, 1:]])
    back = np.linalg.inv(matrix @ one.matrix) @ other.matrix @ mirrored.T
    np.testing.assert_allclose(back.T, corners, atol=10)  # pixels of the crop
    openness, movement = other.eyes.openness, other.eyes.movement.reshape(3, 2)
    if flip < 0:
        openness, movement = openness[::-1], movement[:, ::-1] * [[-1], [1], [1]]
    np.testing.assert_allclose(openness, one.eyes.openness, atol=0.12)
    np.testing.assert_allclose(movement, one.eyes.movement.reshape(3, 2), atol=0.004)


def test_each_file_changes_its_own_part_and_no_other(ours: RegistrationModels) -> None:
    picture = read_image(EXAMPLES / "collins.png")
    points = session("landmark203")
    mesh = PublishedMesh(session("blaze_face"), session("face_mesh"))
    plain = first_sight(picture, ours)
    eyes = first_sight(picture, replace(ours, mesh=mesh))
    np.testing.assert_array_equal(eyes.matrix, plain.matrix)
    assert np.abs(eyes.eyes.openness - plain.eyes.openness).max() > 0.01
    crop = first_sight(picture, replace(ours, mesh=mesh, landmarks203=points))
    assert np.abs(crop.matrix - plain.matrix).max() > 0.1
    around = FOR_NETWORKS.around(FacePoints.of(landmarks203(picture, plain.points, points)))
    np.testing.assert_allclose(crop.matrix, around.to_picture)


def test_no_face_and_two_faces_are_told_in_words(
    ours: RegistrationModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    grey = np.full((300, 400, 3), 128, np.uint8)
    with pytest.raises(NoFaceFound, match="no face"):
        first_sight(grey, ours)
    portrait = read_image(EXAMPLES / "collins.png")
    with pytest.raises(SeveralFaces, match="2 faces"):
        first_sight(np.concatenate([portrait, portrait], 1), ours)
    monkeypatch.setattr(locate, "scrfd_faces", lambda *_: np.zeros((0, 5), np.float32))
    files = InsightFace(session("insightface_det"), session("landmark106"))
    with pytest.raises(NoFaceFound, match="no face"):
        first_sight(grey, replace(ours, insight_face=files))


def test_a_face_that_the_closer_look_does_not_see_is_no_face(ours: RegistrationModels) -> None:
    """The published finder says there is one, our mesh says there is not."""
    files = InsightFace(session("insightface_det"), session("landmark106"))
    picture = drawn("aux.im2", 512, 512)
    assert len(scrfd.scrfd_faces(picture, files.detector)) > 0
    with pytest.raises(NoFaceFound, match="closer look"):
        first_sight(picture, replace(ours, insight_face=files))
