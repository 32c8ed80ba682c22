"""The published configurations: what the engine goes by comes out, and mistakes are named."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from talkhead.engines.ditto.files.config_pickle import DittoConfig, read_config
from talkhead.errors import CheckpointMismatch, WeightsMissing

RANDOM = np.random.default_rng(1)
USED = {"ch_info", "v_min_max_for_clip", "delta_eye_arr", "overall_ctrl_info"}
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
    assert found.overall_ctrl_info == {"delta_pitch": 2}
    assert set(found.ignored) == {f"default_kwargs.{key}" for key in kwargs.keys() - USED}
    same = np.testing.assert_array_equal
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
    assert vars(read({"default_kwargs": {}}, path)) == vars(DittoConfig())


@pytest.mark.parametrize("value", [None, "70", -1, np.full((5, 8), np.nan), {"a": []}])
def test_what_is_not_used_is_named_and_does_no_harm(value: object, path: Path) -> None:
    content = online() | {"more": value, "base_cfg": value}
    kwargs = content["default_kwargs"]
    unused = {"sparkle", *kwargs.keys() - USED}
    kwargs.update(dict.fromkeys(unused, value))
    kwargs["overall_ctrl_info"]["alpha_yaw"] = value
    found = read(content, path)
    assert set(found.ignored) == {"more", *(f"default_kwargs.{key}" for key in unused)}
    assert found.overall_ctrl_info == {"delta_pitch": 2}


def test_arrays_cannot_be_written_to(path: Path) -> None:
    found = read(online(), path)
    assert found.delta_eye_arr is not None
    with pytest.raises(ValueError, match="read-only"):
        found.delta_eye_arr[0] = 1


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("delta_eye_arr", [[1], [2, 3]], r"delta_eye_arr should be numbers of shape \(15, 63\)"),
        ("delta_eye_arr", np.zeros((5, 7)), r"be of shape \(15, 63\), it has \(5, 7\)"),
        ("delta_eye_arr", np.full((15, 63), np.nan), "delta_eye_arr should be finite numbers"),
        ("delta_eye_arr", np.full((15, 63), 1e300), "delta_eye_arr should be finite numbers"),
        ("v_min_max_for_clip", np.zeros((2, 265)), r"should be of shape \(4, 265\)"),
        ("v_min_max_for_clip", [[1], [2, 3]], r"should be of shape \(4, 265\), it has \(2,\)"),
        ("v_min_max_for_clip", np.full((4, 265), np.inf), "for_clip should be finite numbers"),
        ("overall_ctrl_info", [2], "should be a dict"),
        ("ch_info", {"sc": 1}, "ch_info should be a dict with x_s_info_lst, sc"),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_right(
    key: str, value: object, sentence: str, path: Path
) -> None:
    with pytest.raises(CheckpointMismatch, match=sentence):
        read({"default_kwargs": {key: value}}, path)


@pytest.mark.parametrize("angle", ["up", True, None, np.nan, np.inf, 30.1, -31, [1], 2**2000])
def test_a_tilt_that_is_no_angle_is_refused(angle: object, path: Path) -> None:
    with pytest.raises(CheckpointMismatch, match=r"whose delta_pitch is a number, -30 to 30"):
        read({"default_kwargs": {"overall_ctrl_info": {"delta_pitch": angle}}}, path)


@pytest.mark.parametrize("angle", [-30, 30.0, 0])
def test_any_other_tilt_is_taken(angle: float, path: Path) -> None:
    content = {"default_kwargs": {"overall_ctrl_info": {"delta_pitch": angle}}}
    assert read(content, path).overall_ctrl_info["delta_pitch"] == angle


CHANNEL = {
    "no frames": ({"x_s_info_lst": []}, "x_s_info_lst is a list of dicts"),
    "a frame is none": ({"x_s_info_lst": [3]}, r"x_s_info_lst\[0\] is a dict with scale, pitch"),
    "no rows of the eyes": ({"eye_open_lst": []}, "eye_open_lst is a list of rows of 2"),
    "short rows": ({"eye_ball_lst": [normal(1, 5)]}, r"eye_ball_lst is of shape \(-1, 6\)"),
    "one eye row more": (
        {"eye_open_lst": [normal(1, 2)] * 4},
        "eye_open_lst and eye_ball_lst are as long, they have 4 and 3",
    ),
    "not finite": ({"sc": np.full(63, np.nan)}, "sc is finite numbers"),
    "ragged": ({"sc": [[1], [2, 3]]}, r"sc is numbers of shape \(63,\)"),
}


@pytest.mark.parametrize("case", CHANNEL)
def test_a_face_to_play_is_whole_or_refused(case: str, path: Path) -> None:
    change, sentence = CHANNEL[case]
    info = online()["default_kwargs"]["ch_info"] | change
    with pytest.raises(CheckpointMismatch, match=f"ch_info should be a dict whose {sentence}"):
        read({"default_kwargs": {"ch_info": info}}, path)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("frame", [0, 1])
def test_each_frame_of_it_has_each_part(part: str, frame: int, path: Path) -> None:
    content = online()
    frames = content["default_kwargs"]["ch_info"]["x_s_info_lst"]
    frames.append(dict(frames[0]))
    read(content, path)
    frames[frame][part] = np.full_like(frames[frame][part], np.inf)
    with pytest.raises(CheckpointMismatch, match=rf"lst\[{frame}\]\.{part} is finite numbers"):
        read(content, path)
    del frames[frame][part]
    with pytest.raises(CheckpointMismatch, match=rf"lst\[{frame}\] is a dict with scale"):
        read(content, path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([1, 2], "is no configuration: it has none of base_cfg"),
        ({"state_dict": {}}, "is no configuration"),
        ({"default_kwargs": []}, "default_kwargs should be a dict"),
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
