"""Speech to key points, through the cutters and models of the service: as the published system."""

import numpy as np

from talkhead.engines.ditto.motion_generator import DittoMotionGenerator
from talkhead.timing import frames_in
from talkhead.types import ControlValue
from tests.ditto_motion import (
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


def assert_as_published(tag: str, **given: ControlValue) -> None:
    """Of the published frames, which online are too many, those that the speech has."""
    folder = parity("ditto")
    case = folder.case(f"fn_e2e_{tag}")
    watched = Watched()
    generator = DittoMotionGenerator(models(folder, watched), Recorded(folder, tag).noise())
    settings = controls(**given)
    heard = windows(case["audio"], toy_encoder(folder), settings)
    motion = moved(generator, heard, settings, face(case))
    for name, found in (("window0", watched.answered[0]), ("window1", watched.answered[1])):
        assert_close(found, case[name], name)
    assert_close(np.stack(watched.asked), case["kp_cond"], "kp_cond")
    assert len(motion) == frames_in(len(case["audio"]))
    assert_close(motion.reshape(-1, 1, 21, 3), case["x_d"][: len(motion)], "x_d")


def test_a_whole_file() -> None:
    assert_as_published("offline", mode="offline")


def test_a_whole_file_with_a_video_as_source() -> None:
    assert_as_published("offline_video", mode="offline")


def test_live_speech_shorter_than_a_window() -> None:
    assert_as_published("online_short")
