"""The published configuration pickles (ditto.md §10): what of them the engine goes by.

That is what only these files know: limits of the motion, the blink, a face to play, the usual
tilt. Settings of a whole run are the engine's own or the request's: whatever a file says there
does no harm.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from talkhead.engines.ditto.files.config_values import (
    ChannelInfo,
    array,
    channel,
    limits,
    or_none,
    tilt,
)
from talkhead.errors import CheckpointMismatch
from talkhead.weights.plain_pickle import read_plain_pickle


@dataclass(frozen=True, eq=False)
class DittoConfig:
    """Of the `default_kwargs` of a configuration, under the published names."""

    ch_info: ChannelInfo | None = None
    v_min_max_for_clip: Float32[np.ndarray, "2 265"] | None = None  # smallest, largest motion
    delta_eye_arr: Float32[np.ndarray, "15 63"] | None = None  # a blink, added to the expression
    overall_ctrl_info: Mapping[str, float] = field(default_factory=dict)  # delta_pitch, degrees
    ignored: tuple[str, ...] = ()  # other keys of these, and unknown sections


def read_config(path: Path) -> DittoConfig:
    """The configuration in that file; nothing in it is run.

    Raises:
        WeightsMissing: there is no such file.
        CheckpointMismatch: it is not a configuration of this system, or of another network, or
            a value in it cannot be used; the message names it.
    """
    content = read_plain_pickle(path)
    if not isinstance(content, dict) or not content.keys() & set(_SECTIONS):
        message = f"{path} is no configuration: it has none of {', '.join(_SECTIONS)}"
        raise CheckpointMismatch(message)
    _check_network(_section(content, "audio2motion_cfg", path), path)
    given = _section(content, "default_kwargs", path)
    known = {
        name: _converted(f"default_kwargs.{name}", convert, given[name], path)
        for name, convert in _KWARGS.items()
        if name in given
    }
    return DittoConfig(**known, ignored=_ignored(content, given))  # type: ignore[arg-type]


def _section(content: Mapping[object, object], name: str, path: Path) -> Mapping[str, object]:
    section = content.get(name, {})
    if not isinstance(section, dict):
        raise CheckpointMismatch(f"{path}: {name} should be a dict")
    return section


def _check_network(given: Mapping[str, object], path: Path) -> None:
    for name, right in _NETWORK.items():
        value = given.get(name, right)
        if not isinstance(value, bool | int | str) or value != right:
            message = f"{path}: audio2motion_cfg.{name} is {value!r}; {right!r} is possible"
            raise CheckpointMismatch(f"{message}, this is of another network")


def _converted(name: str, convert: Callable[[object], object], value: object, path: Path) -> object:
    try:
        return convert(value)
    except ValueError as error:
        raise CheckpointMismatch(f"{path}: {name} should be {error}") from error


def _ignored(content: Iterable[object], given: Iterable[object]) -> tuple[str, ...]:
    sections = (str(key) for key in content if key not in _SECTIONS)
    return (*sections, *(f"default_kwargs.{key}" for key in given if key not in _KWARGS))


_KWARGS: Mapping[str, Callable[[object], object]] = {
    "ch_info": or_none(channel),
    "v_min_max_for_clip": or_none(limits),
    "delta_eye_arr": or_none(array(15, 63)),
    "overall_ctrl_info": tilt,
}

_NETWORK: Mapping[str, object] = {
    "motion_feat_dim": 265,
    "audio_feat_dim": 1103,
    "seq_frames": 80,
    "use_emo": True,
    "use_sc": True,
    "use_eye_open": True,
    "use_eye_ball": True,
    "w2f_type": "hubert",
}

_SECTIONS = ("base_cfg", "audio2motion_cfg", "default_kwargs")
