"""Live speech to key points, through the cutters and models of the service: as published."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from talkhead.engines.ditto.controls import Plan, plan_of
from talkhead.engines.ditto.motion_generator import DittoMotionGenerator
from talkhead.timing import frames_in
from talkhead.types import Controls
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
from tests.integration.test_ditto_e2e import assert_as_published
from tests.parity_cases import assert_close, parity


def _with(given: Controls, **changed: Any) -> Plan:
    return replace(plan_of(given), **changed)


def test_live_speech() -> None:
    assert_as_published("online75", overlap=75.0)


def test_live_speech_with_another_character(monkeypatch: pytest.MonkeyPatch) -> None:
    """As published for live use: emotions from an array, blinks, a tilt of 2 degrees, limits.

    The limits are not stored with the case: fitted, they are 2.5 to either side of a small centre.
    So its key points can be held only loosely here, the sampled motion exactly.
    """
    folder = parity("ditto")
    case, fill = folder.case("fn_e2e_online70"), folder.fill()
    emotion = np.abs(fill.normal("e2e.emo", (600, 8), folder.seed))
    blink = folder.case("fn_stitch")["delta_eye_arr"]
    published = partial(_with, emotion=emotion, blink_gap=0)
    monkeypatch.setattr("talkhead.engines.ditto.motion_generator.plan_of", published)
    limits = np.repeat(np.array([[-2.5], [2.5]], np.float32), 265, 1)
    watched = Watched()
    ready = models(folder, watched, blink=blink, limits=limits)
    generator = DittoMotionGenerator(ready, Recorded(folder, "online70").noise())
    settings = controls(pitch_offset=2.0)
    heard = windows(case["audio"], toy_encoder(folder), settings)
    motion = moved(generator, heard, settings, face(case), face(case, "ch/", "x_s_info"))
    assert_close(watched.answered[0], case["window0"], "window0")
    assert_close(watched.answered[1], case["window1"], "window1")
    assert_close(np.stack(watched.asked), case["kp_cond"], "kp_cond")
    assert len(motion) == frames_in(len(case["audio"]))
    off = np.abs(motion.reshape(-1, 1, 21, 3) - case["x_d"][: len(motion)])
    assert off.max() < 0.3  # of values up to 12; without limits it is 9
    assert off.mean() < 0.06
