"""Key points to pasted pictures, as published: warping, decoding and pasting in one go."""

import numpy as np
import torch

from talkhead.engines.ditto.motion.layout import KeyPoints, joined, placed
from talkhead.engines.ditto.rendering.paste_back import pasted, place_in_frame
from tests.ditto_motion import PARTS, Case
from tests.ditto_weights import network
from tests.parity_cases import assert_close, parity


def test_two_frames() -> None:
    """The volume of the case is one of the kit's noises; the size of the head is the source's."""
    folder = parity("ditto")
    case = folder.case("fn_render")
    volume = folder.fill().normal("render.f_s", (1, 32, 16, 64, 64), folder.seed)
    still = key_points(case, "src")
    assert_close(still, case["x_s"], "x_s")
    driven = [key_points(case, f"drv/{index}") for index in range(2)]
    faces = [drawn(volume, still, points) for points in driven]
    assert_close(np.stack([face[::2, ::2] for face in faces]), case["render"], "render")
    place = place_in_frame(case["M_c2o"], *case["image"].shape[:2])
    frames = [pasted(case["image"], face, place) for face in faces]
    assert_close(np.stack(frames), case["frames"], "frames")


def key_points(case: Case, which: str) -> KeyPoints:
    info = {part: case[f"{which}/{part}"] for part in PARTS} | {"scale": case["src/scale"]}
    return placed(case["src/kp"], joined(info))


@torch.inference_mode()
def drawn(volume: np.ndarray, still: KeyPoints, driven: KeyPoints) -> np.ndarray:
    """The face in [0, 255]."""
    warp, decoder = network("warp_network"), network("decoder")
    features = warp(warp.source(torch.tensor(volume)), torch.tensor(still), torch.tensor(driven))
    face: np.ndarray = 255 * decoder(features)[0].permute(1, 2, 0).contiguous().numpy()
    return face
