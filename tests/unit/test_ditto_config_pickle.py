"""The published configurations: what the engine goes by comes out, and mistakes are named."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from talkhead.engines.ditto.config_pickle import DittoConfig, read_config
from talkhead.errors import CheckpointMismatch, WeightsMissing

RANDOM = np.random.default_rng(1)
PARTS = {"scale": 1, "pitch": 66, "yaw": 66, "roll": 66, "t": 3, "exp": 63, "kp": 63}


def normal(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


def online() -> dict[str, Any]:
    """As the published online file is described (ditto.md §10), with numbers of our own."""
    models = ("insightface_det", "landmark106", "landmark203", "appearance_extractor", "hubert")
    return {
        "base_cfg": {f"{name}_cfg": {"model_path": f"{name}.engine"} for name in models},
        "audio2motion_cfg": {
            "model_path": "lmdm_v0.4_hubert_fp32.engine",
            "device": "cuda",
            "motion_feat_dim": 265,
            "audio_feat_dim": 1103,
            "seq_frames": 80,
            "use_emo": True,
            "w2f_type": "hubert",
        },
        "default_kwargs": {
            "online_mode": True,
            "emo": normal(600, 8),
            "ch_info": {
                "x_s_info_lst": [{name: normal(1, k) for name, k in PARTS.items()}],
                "sc": normal(63),
                "eye_open_lst": [normal(1, 2) for _ in range(3)],
                "eye_ball_lst": [normal(1, 6) for _ in range(3)],
            },
            "overlap_v2": 70,
            "fix_kp_cond": 1,
            "fix_kp_cond_dim": [0, 202],
            "sampling_timesteps": 10,
            "v_min_max_for_clip": np.vstack([normal(2, 265), np.full((2, 265), np.inf)]),
            "N_d": -1,
            "use_d_keys": None,
            "delta_eye_arr": normal(15, 63).astype(np.float64),
            "fade_type": "d0",
            "fade_out_keys": ["exp"],
            "overall_ctrl_info": {"delta_pitch": 2},
        },
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cfg.pkl"


def read(content: object, path: Path, protocol: int = 4) -> DittoConfig:
    path.write_bytes(pickle.dumps(content, protocol))
    return read_config(path)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_the_published_shape_is_read_whole(protocol: int, path: Path) -> None:
    content = online()
    kwargs = content["default_kwargs"]
    found = read(content, path, protocol)
    assert found.online_mode is True
    assert (found.overlap_v2, found.sampling_timesteps) == (70, 10)
    assert (found.fix_kp_cond, found.fix_kp_cond_dim) == (1, (0, 202))
    assert (found.fade_type, found.fade_out_keys) == ("d0", ("exp",))
    assert found.overall_ctrl_info == {"delta_pitch": 2}
    assert found.unknown == ()
    same = np.testing.assert_array_equal
    same(found.emo, kwargs["emo"])
    same(found.v_min_max_for_clip, kwargs["v_min_max_for_clip"][:2])
    same(found.delta_eye_arr, kwargs["delta_eye_arr"].astype(np.float32))
    assert found.ch_info
    same(found.ch_info.canonical, kwargs["ch_info"]["sc"])
    same(found.ch_info.eye_open, np.concatenate(kwargs["ch_info"]["eye_open_lst"]))
    same(found.ch_info.eye_ball, np.concatenate(kwargs["ch_info"]["eye_ball_lst"]))
    (source,) = found.ch_info.source
    for name, row in kwargs["ch_info"]["x_s_info_lst"][0].items():
        same(source[name], row)


def test_what_is_not_there_is_as_in_the_published_code(path: Path) -> None:
    found, usual = read({"default_kwargs": {}}, path), DittoConfig()
    assert {**vars(found)} == {**vars(usual)}
    assert (usual.overlap_v2, usual.sampling_timesteps, usual.emo) == (10, 50, 4)


def test_what_nobody_knows_is_named_and_does_no_harm(path: Path) -> None:
    content = online() | {"more": 1}
    content["default_kwargs"]["sparkle"] = 3
    content["base_cfg"]["other_cfg"] = None
    found = read(content, path)
    assert set(found.unknown) == {"more", "default_kwargs.sparkle", "base_cfg.other_cfg"}
    assert found.overlap_v2 == 70


def test_arrays_cannot_be_written_to(path: Path) -> None:
    found = read(online(), path)
    assert isinstance(found.emo, np.ndarray)
    with pytest.raises(ValueError, match="read-only"):
        found.emo[0] = 1


@pytest.mark.parametrize("emotion", [4, [0, 5], [[1], [2, 3]]])
def test_emotions_may_be_labels(emotion: object, path: Path) -> None:
    assert read({"default_kwargs": {"emo": emotion}}, path).emo == emotion


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("overlap_v2", 80, "overlap_v2 should be 0 to 79"),
        ("overlap_v2", "70", "overlap_v2 should be a whole number"),
        ("sampling_timesteps", 0, "should be 1 to 1000"),
        ("online_mode", 1, "should be true or false"),
        ("crop_scale", "2.3", "should be a number"),
        ("fade_type", None, "should be a text"),
        ("fade_out_keys", "exp", "should be a list of texts"),
        ("fix_kp_cond_dim", [1, 2, 3], "should be two whole numbers"),
        ("emo", 8, "emo should be 0 to 7"),
        ("emo", np.zeros((5, 7)), r"emo should be of shape \(-1, 8\), it has \(5, 7\)"),
        ("emo", np.full((5, 8), np.nan), "emo should be finite numbers"),
        ("v_min_max_for_clip", np.zeros((2, 265)), r"should be of shape \(4, 265\)"),
        ("overall_ctrl_info", {"delta_pitch": "up"}, "should be a number"),
        ("ch_info", {"sc": 1}, "ch_info should be a dict with x_s_info_lst, sc"),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_right(
    key: str, value: object, sentence: str, path: Path
) -> None:
    with pytest.raises(CheckpointMismatch, match=sentence):
        read({"default_kwargs": {key: value}}, path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([1, 2], "is no configuration: it has none of base_cfg"),
        ({"state_dict": {}}, "is no configuration"),
        ({"default_kwargs": []}, "default_kwargs should be a dict"),
        ({"base_cfg": {"decoder_cfg": 3}}, "base_cfg.decoder_cfg should be a dict"),
        ({"audio2motion_cfg": {"seq_frames": 100}}, "seq_frames is 100; 80 is possible"),
        ({"audio2motion_cfg": {"use_emo": np.zeros(3)}}, "use_emo is .* of another network"),
    ],
)
def test_another_content_is_said_to_be_none(content: object, sentence: str, path: Path) -> None:
    with pytest.raises(CheckpointMismatch, match=sentence):
        read(content, path)


def test_a_file_that_is_not_there_is_missing(path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"cfg\.pkl does not exist"):
        read_config(path)


class Runs:
    def __reduce__(self) -> Any:
        return print, ("it ran",)


def test_nothing_in_it_runs(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CheckpointMismatch, match=r"it wants builtins\.print, which is refused"):
        read(online() | {"base_cfg": Runs()}, path)
    assert capsys.readouterr().out == ""
