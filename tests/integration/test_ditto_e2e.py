"""Speech to key points, through the cutters and models of the service: as the published system."""

import numpy as np
import pytest

from talkhead.engines.ditto.generation.motion_generator import DittoMotionGenerator
from talkhead.timing import frames_in
from talkhead.types import ControlValue, Motion
from tests.ditto_motion import (
    Case,
    Recorded,
    Watched,
    controls,
    face,
    models,
    moved,
    toy_encoder,
    windows,
)
from tests.parity_cases import assert_close, parity

pytestmark = pytest.mark.usefixtures("one_thread")


def assert_as_published(tag: str, **given: ControlValue) -> None:
    folder = parity("ditto")
    case = folder.case(f"fn_e2e_{tag}")
    watched = Watched()
    generator = DittoMotionGenerator(models(folder, watched), Recorded(folder, tag).noise())
    settings = controls(**given)
    heard = windows(case["audio"], toy_encoder(folder), settings)
    motion = moved(generator, heard, settings, face(case))
    assert_windows(watched, case)
    assert_key_points(motion, case)


def assert_windows(watched: Watched, case: Case) -> None:
    assert_close(watched.answered[0], case["window0"], "window0")
    assert_close(watched.answered[1], case["window1"], "window1")
    assert_close(np.stack(watched.asked), case["kp_cond"], "kp_cond")


def assert_key_points(motion: Motion, case: Case) -> None:
    """Of the published frames, which online are too many, those that the speech has."""
    assert len(motion) == frames_in(len(case["audio"]))
    assert_close(motion.reshape(-1, 1, 21, 3), case["x_d"][: len(motion)], "x_d")


def test_a_whole_file() -> None:
    assert_as_published("offline", mode="offline")


def test_a_whole_file_with_a_video_as_source() -> None:
    assert_as_published("offline_video", mode="offline")


def test_live_speech_shorter_than_a_window() -> None:
    assert_as_published("online_short")
