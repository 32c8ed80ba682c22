"""Real networks as ONNX files, exported from ours: onnxruntime gives the published results."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from talkhead.engines.ditto.files.onnx_networks import STEMS
from talkhead.engines.ditto.files.opening import open_network
from talkhead.engines.ditto.files.opset20 import at_opset_20
from tests.ditto_onnx_files import export, published_graph
from tests.ditto_weights import arguments
from tests.parity_cases import assert_close, parity


def opened(name: str, folder: Path) -> Any:
    path = folder / f"{STEMS.get(name, name)}.onnx"
    export(published_graph(name), name, path)
    return open_network(name, folder)


@pytest.mark.parametrize(
    ("name", "given", "made"),
    [("appearance_extractor", "image", "pred"), ("decoder", "feature", "output")],
)
def test_pictures(name: str, given: str, made: str, tmp_path: Path) -> None:
    case = parity("ditto").case(f"net_{name}")
    assert_close(opened(name, tmp_path)(*arguments(case, given)), case[f"out_{made}"], made)


def test_motion_extractor(tmp_path: Path) -> None:
    case = parity("ditto").case("net_motion_extractor")
    motion = opened("motion_extractor", tmp_path)(*arguments(case, "image"))
    for name, value in motion._asdict().items():
        assert_close(value, case[f"out_{name}"], name)


def test_lmdm(tmp_path: Path) -> None:
    case = parity("ditto").case("net_lmdm")
    x, cond_frame, cond, times = arguments(case, "x", "cond_frame", "cond", "time_cond")
    lmdm = opened("lmdm", tmp_path)
    for time in times:
        got = lmdm.guided(x, cond_frame, lmdm.encode_condition(cond), time[None])
        assert_close(got, case[f"out_x_start_t{int(time)}"], f"x_start_t{int(time)}")


def test_warp_network_also_converted(tmp_path: Path) -> None:
    case = parity("ditto").case("net_warp_network")
    feature, *points = arguments(case, "feature_3d", "kp_source", "kp_driving")

    def checked(warp: Any) -> Tensor:
        got: Tensor = warp(warp.source(feature), *points)
        assert_close(got, case["out_out"], "out")
        return got

    before = checked(opened("warp_network", tmp_path))
    path = tmp_path / "warp_network_ori.onnx"
    path.write_bytes(at_opset_20(path))
    after = checked(open_network("warp_network", tmp_path))
    torch.testing.assert_close(after, before, atol=1e-4, rtol=1e-4)
