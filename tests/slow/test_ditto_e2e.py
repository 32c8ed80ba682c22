"""Live speech to key points, through the cutters and models of the service: as published."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from talkhead.engines.ditto.controls import Plan, plan_of
from talkhead.engines.ditto.generation import motion_generator
from talkhead.engines.ditto.generation.motion_generator import DittoMotionGenerator
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
from tests.integration.test_ditto_e2e import assert_as_published, assert_key_points, assert_windows
from tests.parity_cases import parity

pytestmark = pytest.mark.usefixtures("one_thread")


def _with(given: Controls, **changed: Any) -> Plan:
    return replace(plan_of(given), **changed)


def test_live_speech() -> None:
    assert_as_published("online75", overlap=75.0)


def test_live_speech_with_another_character(monkeypatch: pytest.MonkeyPatch) -> None:
    """As published for live use: emotions from an array, blinks, a tilt of 2 degrees, limits.

    The published driver knew the length, and drew its blinks for it: too short for one.
    """
    folder = parity("ditto")
    case, normal = folder.case("fn_e2e_online70"), partial(folder.fill().normal, seed=folder.seed)
    emotion = np.abs(normal("e2e.emo", (600, 8)))
    blink = 0.02 * normal("e2e.delta_eye", (15, 63))
    middle, spread = ((-2.5,), (2.5,)), (normal("e2e.v.a", (265,)), normal("e2e.v.b", (265,)))
    limits = np.array(middle, np.float32) + 0.1 * np.stack(spread)
    published = partial(_with, emotion=emotion, blink_gap=0)
    monkeypatch.setattr(motion_generator, "plan_of", published)
    monkeypatch.setattr(motion_generator, "UNBOUNDED", int(case["num_f"]))
    watched = Watched()
    ready = models(folder, watched, blink=blink, limits=limits)
    generator = DittoMotionGenerator(ready, Recorded(folder, "online70").noise())
    settings = controls(pitch_offset=2.0)
    heard = windows(case["audio"], toy_encoder(folder), settings)
    motion = moved(generator, heard, settings, face(case), face(case, "ch/", "x_s_info"))
    assert_windows(watched, case)
    assert_key_points(motion, case)
