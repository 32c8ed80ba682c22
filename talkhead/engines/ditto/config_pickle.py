"""The published configuration pickles (ditto.md §10): what of them the engine goes by.

A key that is not there keeps the default of the published code. Keys nobody here knows are named
in `unknown` and do no harm.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from talkhead.engines.ditto.config_values import (
    ChannelInfo,
    array,
    channel,
    driven,
    emotion,
    flag,
    gaps,
    limits,
    number,
    numbers_by_name,
    or_none,
    span,
    text,
    texts,
    whole,
    within,
)
from talkhead.errors import CheckpointMismatch
from talkhead.weights.plain_pickle import read_plain_pickle


@dataclass(frozen=True, eq=False)
class DittoConfig:
    """`default_kwargs` of a configuration, under the published names."""

    online_mode: bool = False
    max_size: int = 1920  # longest side of the source, pixels
    template_n_frames: int = -1  # of a source video; -1: all
    crop_scale: float = 2.3
    crop_vx_ratio: float = 0.0  # has no effect, there or here
    crop_vy_ratio: float = -0.125
    smo_k_s: int = 13  # frames over which a source video's motion is averaged
    smo_k_d: int = 3  # frames over which the generated motion is averaged
    emo: int | Float32[np.ndarray, "frames 8"] | list[object] = 4
    eye_f0_mode: bool = False
    ch_info: ChannelInfo | None = None
    overlap_v2: int = 10  # frames
    fix_kp_cond: int = 0
    fix_kp_cond_dim: tuple[int, int] | None = None
    sampling_timesteps: int = 50
    v_min_max_for_clip: Float32[np.ndarray, "2 265"] | None = None  # smallest, largest motion
    use_d_keys: tuple[str, ...] | Mapping[str, float] | None = None
    relative_d: bool = True
    drive_eye: bool | None = None
    delta_eye_arr: Float32[np.ndarray, "15 63"] | None = None
    delta_eye_open_n: int | tuple[int, ...] = 0
    fade_type: str = ""
    fade_out_keys: tuple[str, ...] = ("exp",)
    flag_stitching: bool = True
    overall_ctrl_info: Mapping[str, float] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()  # "default_kwargs.some_key"


def read_config(path: Path) -> DittoConfig:
    """The configuration in that file; nothing in it is run.

    Raises:
        WeightsMissing: there is no such file.
        CheckpointMismatch: it is not a configuration of this system, or of another network.
    """
    content = read_plain_pickle(path)
    if not isinstance(content, dict) or not content.keys() & _SECTIONS.keys():
        raise CheckpointMismatch(f"{path} is no configuration: it has none of {_some(_SECTIONS)}")
    sections = {name: _section(content, name, path) for name in _SECTIONS}
    _check_models(sections["base_cfg"], path)
    _check_network(sections["audio2motion_cfg"], path)
    known = {
        name: _converted(f"default_kwargs.{name}", convert, sections["default_kwargs"][name], path)
        for name, convert in _KWARGS.items()
        if name in sections["default_kwargs"]
    }
    return DittoConfig(**known, unknown=_unknown(content, sections))  # type: ignore[arg-type]


def _section(content: Mapping[object, object], name: str, path: Path) -> Mapping[str, object]:
    section = content.get(name, {})
    if not isinstance(section, dict) or not all(isinstance(key, str) for key in section):
        raise CheckpointMismatch(f"{path}: {name} should be a dict with names as keys")
    return section


def _check_models(models: Mapping[str, object], path: Path) -> None:
    """Where the models were on the authors' disks. It is only looked at whether it is that."""
    for name in _MODELS & models.keys():
        if not isinstance(models[name], dict):
            raise CheckpointMismatch(f"{path}: base_cfg.{name} should be a dict")


def _check_network(given: Mapping[str, object], path: Path) -> None:
    for name, right in _NETWORK.items():
        value = given.get(name, right)
        if not isinstance(value, bool | int | str) or value != right:
            message = f"{path}: audio2motion_cfg.{name} is {value!r}; {right!r} is possible"
            raise CheckpointMismatch(f"{message}, this is of another network")


def _converted(name: str, convert: Callable[[object], object], value: object, path: Path) -> object:
    try:
        return convert(value)
    except (TypeError, ValueError, KeyError) as error:
        raise CheckpointMismatch(f"{path}: {name} should be {error}") from error


def _unknown(
    content: Mapping[object, object], sections: Mapping[str, Mapping[str, object]]
) -> tuple[str, ...]:
    inside = [
        f"{name}.{key}"
        for name, section in sections.items()
        for key in section
        if key not in _SECTIONS[name]
    ]
    return (*(str(key) for key in content if key not in _SECTIONS), *inside)


def _some(names: Iterable[str]) -> str:
    return ", ".join(names)


_KWARGS: Mapping[str, Callable[[object], object]] = {
    "online_mode": flag,
    "max_size": whole,
    "template_n_frames": whole,
    "crop_scale": number,
    "crop_vx_ratio": number,
    "crop_vy_ratio": number,
    "smo_k_s": whole,
    "smo_k_d": whole,
    "emo": emotion,
    "eye_f0_mode": flag,
    "ch_info": or_none(channel),
    "overlap_v2": within(0, 79),
    "fix_kp_cond": whole,
    "fix_kp_cond_dim": or_none(span),
    "sampling_timesteps": within(1, 1000),
    "v_min_max_for_clip": or_none(limits),
    "use_d_keys": or_none(driven),
    "relative_d": flag,
    "drive_eye": or_none(flag),
    "delta_eye_arr": or_none(array(15, 63)),
    "delta_eye_open_n": gaps,
    "fade_type": text,
    "fade_out_keys": texts,
    "flag_stitching": flag,
    "overall_ctrl_info": numbers_by_name,
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

_MODELS = {
    f"{name}_cfg"
    for name in (
        "insightface_det landmark106 landmark203 landmark478 appearance_extractor motion_extractor "
        "stitch_network warp_network decoder hubert wavlm"
    ).split()
}

_SECTIONS: Mapping[str, Iterable[str]] = {
    "base_cfg": _MODELS,
    "audio2motion_cfg": {*_NETWORK, "model_path", "device"},
    "default_kwargs": {*_KWARGS, "N_d"},  # the length of a session
}
