"""A pasted face is the published one, and only the part around it is touched."""

import cv2
import numpy as np
import pytest
from jaxtyping import Float, Float32

from talkhead.engines.ditto.rendering.paste_back import fading_mask, pasted, place_in_frame
from talkhead.types import Image
from tests.parity_cases import assert_close, parity

MATRICES = {
    "inside": [[0.3, 0.02, 40], [-0.02, 0.3, 30], [0, 0, 1]],
    "over the border": [[0.5, -0.2, 150], [0.2, 0.5, -60], [0, 0, 1]],
    "larger than the frame": [[1.2, 0, -100], [0, 1.2, -200], [0, 0, 1]],
    "outside": [[0.3, 0, 900], [0, 0.3, 20], [0, 0, 1]],
}


def noise(height: int, width: int) -> Float32[np.ndarray, "height width 3"]:
    values = np.random.default_rng(width).random((height, width, 3), np.float32)
    return 255 * values


def whole_frame(frame: Image, render: np.ndarray, matrix: Float[np.ndarray, "3 3"]) -> Image:
    """As the specification says it, without any box."""
    size = (frame.shape[1], frame.shape[0])
    share = cv2.warpAffine(fading_mask(), matrix[:2], size)[..., None]
    mixed = share * cv2.warpAffine(render, matrix[:2], size) + (1 - share) * frame
    return np.clip(mixed, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("case", "height", "width", "stride"), [("0", 360, 300, 1), ("1", 720, 1280, 4)]
)
def test_pasting_is_the_published_one(case: str, height: int, width: int, stride: int) -> None:
    folder = parity("ditto")
    golden, fill = folder.case("fn_putback"), folder.fill()
    frame = fill.smooth_image(f"pb.frame{case}", height, width, 3, folder.seed)
    cells = fill.uniform(f"pb.render{case}", (64, 64, 3), folder.seed, 0, 255)
    render = cells.repeat(8, 0).repeat(8, 1)
    place = place_in_frame(golden[f"p{case}/M"], height, width)
    result = pasted(frame, render, place)[::stride, ::stride]
    assert_close(result, golden[f"p{case}/out_numpy"], f"p{case}/out_numpy")
    assert_close(result, golden[f"p{case}/out_cython"], f"p{case}/out_cython")


def test_the_mask_is_the_published_one() -> None:
    assert_close(fading_mask(), parity("ditto").case("fn_putback")["mask"], "mask")


@pytest.mark.parametrize("name", MATRICES)
def test_a_part_of_the_frame_is_as_good_as_the_whole(name: str) -> None:
    matrix = np.array(MATRICES[name], np.float64)
    frame, render = noise(240, 320).astype(np.uint8), noise(512, 512)
    result = pasted(frame, render, place_in_frame(matrix, 240, 320))
    whole = whole_frame(frame, render, matrix)
    off = np.abs(result.astype(int) - whole)
    assert off.max() <= 1
    assert (off > 0).mean() < 5e-3  # a value on the edge of two, cut off either way


def test_the_frame_shows_where_the_crop_does_not_reach() -> None:
    matrix = np.array(MATRICES["inside"], np.float64)
    frame, render = noise(240, 320).astype(np.uint8), noise(512, 512)
    before = frame.copy()
    touched = (pasted(frame, render, place_in_frame(matrix, 240, 320)) != frame).any(2)
    corners = np.array([[0, 0], [512, 0], [512, 512], [0, 512]]) @ matrix[:2, :2].T + matrix[:2, 2]
    inside = cv2.fillConvexPoly(np.zeros((240, 320)), np.round(corners).astype(int), 1)
    assert touched.mean() > 0.1
    assert not (touched & (inside == 0)).any()
    np.testing.assert_array_equal(frame, before)
