"""The head's gain: a sampler of few steps moves it less than the teacher does."""

from dataclasses import replace

from talkhead.engines.builtin.motion.model import MotionModel
from talkhead.training.evaluate import TaughtClip, evaluate


def calibrate(model: MotionModel, clips: list[TaughtClip]) -> float:
    """Sets and returns the gain that gives the head the teacher's spread on these clips."""
    model.config = replace(model.config, head_gain=1.0)
    ratio = evaluate(model, clips).head_ratio
    model.config = replace(model.config, head_gain=round(1 / ratio, 3))
    return model.config.head_gain
