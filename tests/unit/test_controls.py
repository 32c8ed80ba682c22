"""A value that is possible comes back in one form; any other is refused in words that help."""

import pickle
from typing import Any

import pytest

from talkhead.engines.control import Control, MixControl, OffsetsControl
from talkhead.errors import ControlOutOfRange

GAIN = Control("gain", 1.0, "How bright.", 0.5, 2.0)
MOOD = Control("mood", "calm", "How it feels.", choices=("calm", "happy"))
MIX = MixControl("mood", "calm", "How it feels.", choices=("calm", "happy", "sad"))
OFFSETS = OffsetsControl("deltas", {}, "Moves points.", minimum=-0.1, maximum=0.1, points=21)


@pytest.mark.parametrize(
    ("control", "given", "kept"),
    [
        (GAIN, 1, 1.0),
        (GAIN, "1.5", 1.5),
        (MOOD, "happy", "happy"),
        (MIX, "happy", "happy"),
        (MIX, {"happy": 1, "sad": 0}, {"happy": 1.0, "sad": 0.0}),
        (MIX, ["calm", {"sad": 0.5}], ["calm", {"sad": 0.5}]),
        (OFFSETS, {}, {}),
        (OFFSETS, {3: (0, 0, 0.1), "20": [0.0, -0.1, 0]}, {"3": [0, 0, 0.1], "20": [0, -0.1, 0]}),
    ],
)
def test_possible_values_come_back_in_one_form(control: Control, given: Any, kept: Any) -> None:
    checked = control.check(given)
    assert checked == kept
    assert control.check(checked) == checked


@pytest.mark.parametrize(
    ("control", "given", "hint"),
    [
        (GAIN, 3, "0.5 to 2 is possible"),
        (GAIN, float("nan"), "must be a number"),
        (GAIN, float("inf"), "0.5 to 2 is possible"),
        (GAIN, True, "must be a number"),
        (GAIN, 10**400, "must be a number"),
        (GAIN, "x" * 5000, "must be a number"),
        (GAIN, "much", "must be a number"),
        (GAIN, [1], "must be a number"),
        (MOOD, "angry", "calm, happy"),
        (MOOD, ["calm"], "calm, happy"),
        (MOOD, {"calm": 1}, "calm, happy"),
        (MIX, {"angry": 1}, "calm, happy, sad"),
        (MIX, {"happy": -1}, "for happy the weight -1; 0 to 1 is possible"),
        (MIX, {"happy": "very"}, "must be a number"),
        (MIX, {"happy": 0}, "0.001 in all is the least"),
        (MIX, {"happy": 1e-50}, "0.001 in all is the least"),
        (MIX, {}, "0.001 in all is the least"),
        (MIX, [], "1 to 1500"),
        (MIX, ["calm"] * 1501, "1 to 1500"),
        (MIX, [["calm"]], "calm, happy, sad"),
        (MIX, 1, "calm, happy, sad"),
        (OFFSETS, "3", "it must be like"),
        (OFFSETS, {"21": [0, 0, 0]}, "there are 0 to 20"),
        (OFFSETS, {"-1": [0, 0, 0]}, "there are 0 to 20"),
        (OFFSETS, {"03": [0, 0, 0]}, "there are 0 to 20"),
        (OFFSETS, {"9" * 5000: [0, 0, 0]}, "there are 0 to 20"),
        (OFFSETS, {"3": [0, 0]}, "must be [x, y, z]"),
        (OFFSETS, {"3": 0.1}, "must be [x, y, z]"),
        (OFFSETS, {"3": [0, 0, 0.2]}, "-0.1 to 0.1 is possible"),
    ],
)
def test_impossible_values_are_refused_by_name(control: Control, given: Any, hint: str) -> None:
    with pytest.raises(ControlOutOfRange) as refusal:
        control.check(given)
    assert hint in refusal.value.message
    assert refusal.value.message.startswith(control.name)
    assert len(refusal.value.message) < 200
    assert refusal.value.param == f"options.controls.{control.name}"
    assert str(pickle.loads(pickle.dumps(refusal.value))) == refusal.value.message


@pytest.mark.parametrize("control", [GAIN, MOOD, MIX, OFFSETS])
def test_what_is_possible_can_be_said(control: Control) -> None:
    assert control.values
    assert control.check(control.default) == control.default
