"""A video in windows is the video at once, takes a window's memory, and bears a lost face."""

import gc
import weakref
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch.nn.functional as F
from torch import Tensor

import talkhead
from talkhead.engines.ditto.motion.layout import split
from talkhead.engines.ditto.networks.motion_extractor import HEADS, FaceMotion
from talkhead.engines.ditto.registration import register as registering
from talkhead.engines.ditto.registration.crop import Crop
from talkhead.engines.ditto.registration.models import RegistrationModels
from talkhead.engines.ditto.registration.register import (
    cut_small,
    face_motion,
    first_sight,
    register,
)
from talkhead.engines.ditto.registration.video_source import SourceWindow, source_windows
from talkhead.errors import NoFaceFound
from talkhead.faces.onnx_models import FaceModels
from talkhead.media.image import read_image
from talkhead.types import Image

pytestmark = pytest.mark.usefixtures("one_thread")

FRAMES = 15
PORTRAIT = Path(talkhead.__file__).with_name("examples") / "collins.png"


def motion(pictures: Tensor) -> FaceMotion:
    """A picture's motion is what it looks like from afar: sums of its colours in places."""
    seen = F.adaptive_avg_pool2d(pictures, 11).flatten(1)
    return FaceMotion(**{name: seen[:, :width].clone() for name, width in HEADS.items()})


def appearance(pictures: Tensor) -> Tensor:
    """A picture's look is the picture, in some channels."""
    small = F.adaptive_avg_pool2d(pictures, 64)[:, :, None]
    return small.repeat(1, 11, 16, 1, 1)[:, :32].contiguous()


@pytest.fixture(scope="module")
def models() -> RegistrationModels:
    return RegistrationModels(motion, appearance, FaceModels())


def moving(portrait: Image, count: int = FRAMES) -> Iterator[Image]:
    """The head wanders, turns and comes closer; new pictures each time."""
    for index in range(count):
        turn, scale = 4 * np.sin(index / 4), 1 + index / 200
        matrix = np.asarray(cv2.getRotationMatrix2D((256, 180), turn, scale))
        matrix[:, 2] += np.array([2.5 * index, 8 * np.sin(index / 3)])
        yield np.asarray(cv2.warpAffine(portrait, matrix, (512, 512)), np.uint8)


@pytest.fixture(scope="module")
def portrait() -> Image:
    return read_image(PORTRAIT)


@pytest.fixture(scope="module")
def whole(portrait: Image, models: RegistrationModels) -> dict[str, np.ndarray]:
    return joined(list(source_windows(moving(portrait), models, 100)))


def joined(windows: list[SourceWindow]) -> dict[str, np.ndarray]:
    names = {field.name for field in fields(SourceWindow)} - {"start", "motion", "first_canonical"}
    together = {name: np.concatenate([vars(w)[name] for w in windows]) for name in names}
    rows = np.concatenate([window.motion.rows for window in windows])
    canonical = np.concatenate([window.motion.canonical for window in windows])
    together["volumes"] = some_of(together["volumes"])
    return together | {"rows": rows, "canonical": canonical}


def some_of(volumes: np.ndarray) -> np.ndarray:
    return volumes[:, :3, ::15].copy()


@pytest.mark.parametrize("size", [1, 5, 12])
def test_windows_of_any_size_are_the_whole_video(
    portrait: Image, models: RegistrationModels, whole: dict[str, np.ndarray], size: int
) -> None:
    windows = list(source_windows(moving(portrait), models, size))
    lengths = [len(window.missing) for window in windows]
    assert max(lengths) <= size
    assert sum(lengths) == FRAMES
    assert [window.start for window in windows] == [*np.cumsum([0, *lengths[:-1]])]
    together = joined(windows)
    for name, array in whole.items():
        np.testing.assert_allclose(together[name], array, atol=1e-5, err_msg=name)


def test_a_face_is_followed_to_where_it_would_be_found(
    portrait: Image, models: RegistrationModels, whole: dict[str, np.ndarray]
) -> None:
    for index, frame in enumerate(moving(portrait)):
        anew = first_sight(frame, models)
        off = np.linalg.inv(anew.matrix) @ whole["matrices"][index] @ [256, 300, 1]
        assert np.abs(off[:2] - [256, 300]).max() < 3  # pixels of the crop


def test_motion_is_the_mean_of_the_frames_around(
    portrait: Image, models: RegistrationModels, whole: dict[str, np.ndarray]
) -> None:
    crops = (Crop(512, np.linalg.inv(matrix), matrix) for matrix in whole["matrices"])
    pairs = zip(moving(portrait), crops, strict=True)
    rows, canonical = face_motion([cut_small(frame, crop) for frame, crop in pairs], models)
    for index in range(FRAMES):
        near = slice(max(index - 6, 0), index + 7)
        for name, raw in (("rows", rows), ("canonical", canonical)):
            np.testing.assert_allclose(whole[name][index], raw[near].mean(0), atol=1 / 255)
    assert np.abs(whole["rows"] - rows).max() > 0.02


def test_the_first_canonical_points_are_not_smoothed(
    portrait: Image, models: RegistrationModels
) -> None:
    face = register(next(moving(portrait)), models)
    for window in source_windows(moving(portrait, 9), models, 4):
        np.testing.assert_allclose(window.first_canonical, face.canonical, atol=1e-6)


def test_a_picture_shown_again_and_again_is_that_portrait(
    portrait: Image, models: RegistrationModels
) -> None:
    """Followed points settle within a pixel; a constant video smooths to itself."""
    (window,) = source_windows([portrait] * 6, models, 6)
    np.testing.assert_allclose(
        window.motion.rows, np.tile(window.motion.rows[:1], (6, 1)), atol=0.02
    )
    assert split(window.motion.rows)["scale"].shape == (6, 1)


def test_memory_is_that_of_one_window_and_no_frame(
    portrait: Image, models: RegistrationModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive = {"volumes": 0, "frames": 0}
    most = dict(alive)

    def counted(array: np.ndarray, kind: str, count: int) -> np.ndarray:
        def gone() -> None:
            alive[kind] -= count

        alive[kind] += count
        most[kind] = max(most[kind], alive[kind])
        weakref.finalize(array, gone)
        return array

    real = registering.volumes

    def watched(faces: list[Image], models: RegistrationModels) -> np.ndarray:
        return counted(real(faces, models), "volumes", len(faces))

    monkeypatch.setattr("talkhead.engines.ditto.registration.video_source.volumes", watched)
    frames = (counted(frame, "frames", 1) for frame in moving(portrait, 24))
    windows = source_windows(frames, models, 4)
    while (window := next(windows, None)) is not None:
        del window
    gc.collect()
    assert most == {"volumes": 4, "frames": 2}  # the one at work, and the one that comes
    assert alive["volumes"] == 0


def test_a_lost_face_leaves_all_as_it_was_until_it_is_back(
    portrait: Image, models: RegistrationModels
) -> None:
    frames = list(moving(portrait, 10))
    grey = np.full_like(portrait, 128)
    shown = [*frames[:4], grey, grey, np.roll(frames[6], 90, axis=1), *frames[7:]]
    together = joined(list(source_windows(shown, models, 3)))
    np.testing.assert_array_equal(together["missing"], [*[False] * 4, True, True, *[False] * 4])
    for name in ("matrices", "eye_open", "eye_ball"):
        np.testing.assert_array_equal(together[name][4:6], together[name][[3, 3]])
    again = register(shown[6], models)
    off = np.linalg.inv(again.sight.matrix) @ together["matrices"][6] @ [256, 300, 1]
    assert np.abs(off[:2] - [256, 300]).max() < 3


def test_a_video_without_a_face_says_so(models: RegistrationModels) -> None:
    with pytest.raises(NoFaceFound, match="no face"):
        next(source_windows([np.full((300, 300, 3), 128, np.uint8)], models, 4))


def test_a_video_without_frames_has_no_windows(models: RegistrationModels) -> None:
    assert list(source_windows([], models, 4)) == []
