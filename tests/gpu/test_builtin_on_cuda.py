"""The GPU computes what the CPU computes, within the tolerance that the engine states."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch

from talkhead.engines.engine import MotionWindow
from talkhead.engines.registry import find_engine
from talkhead.media.image import read_image
from tests.fakes import tone

ENGINE = find_engine("builtin")
CONTROLS = ENGINE.info.check_controls({})
MOTION_TOLERANCE = 1e-3  # of coefficients in [0, 1] and degrees
LEVELS, SHARE = 2, 0.001  # pixels off by more than LEVELS: at most this SHARE

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def window(device: str) -> MotionWindow:
    schedule = ENGINE.info.schedule_for(CONTROLS)
    seconds = (schedule.context + schedule.step + schedule.look_ahead) / 25
    (features,) = ENGINE.audio_encoder(device).encode([tone(seconds)])
    before = np.zeros((10, ENGINE.info.motion_dim), np.float32)
    return MotionWindow(features, before, schedule.step, seed=3, index=1, controls=CONTROLS)


def test_features_and_motion() -> None:
    cpu, cuda = window("cpu"), window("cuda")
    np.testing.assert_allclose(cuda.features, cpu.features, atol=1e-2)
    (expected,) = ENGINE.motion_generator("cpu").generate([cpu])
    (found,) = ENGINE.motion_generator("cuda").generate([cpu])
    np.testing.assert_allclose(found.motion, expected.motion, atol=MOTION_TOLERANCE)


@pytest.mark.parametrize("name", ["collins.png", "hopper.png"])
def test_pictures(name: str) -> None:
    portrait = read_image(Path(str(files("talkhead") / "examples" / name)))
    (step,) = ENGINE.motion_generator("cpu").generate([window("cpu")])
    data = ENGINE.renderer("cpu").register(portrait).to_bytes()
    pictures = []
    for device in ("cpu", "cuda"):
        renderer = ENGINE.renderer(device)
        (frames,) = renderer.render([(renderer.load(data), step.motion, CONTROLS)], size=512)
        pictures.append(frames.astype(np.int16))
    assert (np.abs(pictures[0] - pictures[1]) > LEVELS).mean() <= SHARE
