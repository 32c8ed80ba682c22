"""ONNX files run the networks with the calls of our own, and other files are refused in words."""

import logging
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper
from torch import Tensor, nn

from talkhead.engines.ditto.files import onnx_networks
from talkhead.engines.ditto.files.onnx_networks import load_onnx_network, open_session
from talkhead.engines.ditto.files.opening import open_network
from talkhead.engines.ditto.files.opset20 import at_opset_20
from talkhead.engines.ditto.networks.motion_extractor import HEADS, FaceMotion
from talkhead.engines.ditto.networks.stitch_network import StitchNetwork
from talkhead.errors import CheckpointMismatch, SoftwareMissing, WeightsMissing
from tests.ditto_onnx_files import export
from tests.ditto_weights import network, write_pth
from tests.parity_cases import parity

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def dice() -> torch.Generator:
    return torch.Generator().manual_seed(3)


@pytest.fixture(scope="module")
def stitch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "stitch_network.onnx"
    return export(network("stitch_network"), "stitch_network", path)


def close(got: Tensor, wanted: Tensor) -> None:
    assert got.dtype == wanted.dtype
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-4)


def test_a_batch_gives_what_our_own_network_gives(stitch: Path, dice: torch.Generator) -> None:
    points = torch.randn((2, 3, 21, 3), generator=dice)
    close(load_onnx_network("stitch_network", stitch)(*points), network("stitch_network")(*points))


def test_half_precision_stays_half(stitch: Path, dice: torch.Generator) -> None:
    points = torch.randn((2, 1, 21, 3), generator=dice).half()
    assert load_onnx_network("stitch_network", stitch)(*points).dtype == torch.float16


def test_pictures_become_volumes(tmp_path: Path, dice: torch.Generator) -> None:
    name, images = "appearance_extractor", torch.rand((2, 3, 32, 32), generator=dice)
    path = export(network(name), name, tmp_path / f"{name}.onnx", [images[:1]])
    close(load_onnx_network(name, path)(images), network(name)(images))


class Heads(nn.Module):
    """Of a picture's mean a different multiple for each head: which is which can be seen."""

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        mean = image.mean((1, 2, 3))[:, None]
        return tuple(
            (number + 1) * mean.expand(-1, HEADS[name])
            for number, name in enumerate(FaceMotion._fields)
        )


def test_the_heads_of_a_face_motion_keep_their_names(tmp_path: Path) -> None:
    path = export(Heads(), "motion_extractor", tmp_path / "m.onnx", [torch.zeros(1, 3, 8, 8)])
    images = torch.tensor([1.0, 10.0])[:, None, None, None].expand(2, 3, 8, 8)
    motion = load_onnx_network("motion_extractor", path)(images)
    for got, wanted in zip(motion, Heads()(images), strict=True):
        close(got, wanted)


class Step(nn.Module):
    def forward(
        self, x: Tensor, cond_frame: Tensor, cond: Tensor, time: Tensor
    ) -> tuple[Tensor, Tensor]:
        sums = cond_frame.sum(1) + cond.sum((1, 2)) + time.float()
        return x, 2 * x + sums[:, None, None]


def test_a_guided_step_has_a_time_for_each_item(tmp_path: Path, dice: torch.Generator) -> None:
    lmdm = load_onnx_network("lmdm", export(Step(), "lmdm", tmp_path / "l.onnx"))
    x, frame = (torch.randn(size, generator=dice) for size in [(2, 80, 265), (2, 265)])
    cond, time = 0.01 * torch.randn((2, 80, 1103), generator=dice), torch.tensor([999, 19])
    got = lmdm.guided(x, frame, lmdm.encode_condition(cond), time)
    torch.testing.assert_close(got, Step()(x, frame, cond, time)[1], atol=1e-3, rtol=1e-4)
    with pytest.raises(ValueError, match="guidance of 3"):
        lmdm.guided(x, frame, lmdm.encode_condition(cond), time, scale=3.0)


class Sampling(nn.Module):
    """A volume sampled about points, and a mean: what changed between the two opsets."""

    def forward(self, feature_3d: Tensor, kp_source: Tensor, kp_driving: Tensor) -> Tensor:
        moves = (kp_source - kp_driving)[:, :12].reshape(-1, 2, 2, 3, 3)
        return F.grid_sample(feature_3d, moves, align_corners=False).mean(2) + kp_source.mean()


def test_opset_20_gives_the_same(tmp_path: Path, dice: torch.Generator) -> None:
    sizes = [(1, 4, 5, 6, 7), (1, 21, 3), (1, 21, 3)]
    inputs = [torch.randn(size, generator=dice) for size in sizes]
    path = export(Sampling(), "warp_network", tmp_path / "w.onnx", inputs)
    converted = at_opset_20(path)
    nodes = onnx.load_from_string(converted).graph.node
    modes = {a.s for node in nodes for a in node.attribute if a.name == "mode"}
    assert modes == {b"linear"}
    feeds = dict(
        zip(
            ("feature_3d", "kp_source", "kp_driving"),
            (tensor.numpy() for tensor in inputs),
            strict=True,
        )
    )
    before, after = (
        ort.InferenceSession(graph, providers=["CPUExecutionProvider"]).run(None, feeds)[0]
        for graph in (str(path), converted)
    )
    np.testing.assert_allclose(after, before, atol=1e-6)
    warp = load_onnx_network("warp_network", path)
    close(warp(warp.source(inputs[0]), *inputs[1:]), torch.from_numpy(before))


def test_what_is_no_onnx_file_is_not_converted(tmp_path: Path) -> None:
    path = tmp_path / "warp_network_ori.onnx"
    path.write_bytes(b"something else")
    with pytest.raises(CheckpointMismatch, match=r"warp_network_ori\.onnx cannot be converted"):
        at_opset_20(path)


def test_without_the_converter_another_file_is_proposed(
    stitch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(SoftwareMissing, match=r"`pip install onnx`.*or put warp_network\.pth"):
        at_opset_20(stitch)


def test_the_plug_in_s_operator_is_refused_with_a_way_out(tmp_path: Path) -> None:
    path = tmp_path / "warp_network.onnx"
    node = helper.make_node("GridSample3D", ["feature_3d", "kp_source"], ["out"])
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        for name in ("feature_3d", "kp_source", "out")
    ]
    graph = helper.make_graph([node], "warp", values[:2], values[2:])
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=9), path)
    with pytest.raises(CheckpointMismatch, match=r"use warp_network_ori\.onnx or"):
        load_onnx_network("warp_network", path)


def test_another_network_s_file_is_refused(stitch: Path) -> None:
    with pytest.raises(CheckpointMismatch, match="kp_source, kp_driving to out; decoder should"):
        load_onnx_network("decoder", stitch)


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.95])
def test_cut_files_are_refused(stitch: Path, tmp_path: Path, share: float) -> None:
    whole, path = stitch.read_bytes(), tmp_path / "cut.onnx"
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(CheckpointMismatch, match=r"cut\.onnx"):
        load_onnx_network("stitch_network", path)


@pytest.mark.parametrize(
    ("part", "stem"),
    [
        ("hubert", "hubert"),
        ("insightface_det", "insightface_det"),
        ("landmark106", "landmark106"),
        ("landmark203", "landmark203"),
        ("landmark203", "landmark203_ori"),
        ("blaze_face", "blaze_face"),
        ("face_mesh", "face_mesh"),
    ],
)
def test_published_names_of_the_other_models_are_accepted(part: str, stem: str) -> None:
    open_session(part, parity("ditto").toy(stem))


def test_a_face_model_is_not_taken_for_another(tmp_path: Path) -> None:
    path = tmp_path / "face_mesh.onnx"
    path.write_bytes(parity("ditto").toy("blaze_face").read_bytes())
    with pytest.raises(CheckpointMismatch, match="face_mesh should make input to Identity"):
        open_session("face_mesh", path)


def test_a_folder_s_pth_file_is_preferred(stitch: Path, tmp_path: Path) -> None:
    onnx_folder, torch_folder = tmp_path / "ditto_onnx", tmp_path / "ditto_pytorch/models"
    for folder in (onnx_folder, torch_folder):
        folder.mkdir(parents=True)
    (onnx_folder / stitch.name).write_bytes(stitch.read_bytes())
    points = torch.ones(2, 1, 21, 3)
    alone = open_network("stitch_network", tmp_path)
    write_pth("stitch_network", torch_folder / "stitch_network.pth")
    both = open_network("stitch_network", tmp_path)
    assert isinstance(both, StitchNetwork)
    assert not isinstance(alone, StitchNetwork)
    close(alone(*points), both(*points))


def test_files_may_lie_directly_in_the_folder(stitch: Path) -> None:
    open_network("stitch_network", stitch.parent)


def test_an_empty_folder_is_missing_weights(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"warp_network\.pth or .*warp_network_ori\.onnx"):
        open_network("warp_network", tmp_path)
    with pytest.raises(WeightsMissing, match=r"decoder\.onnx"):
        load_onnx_network("decoder", tmp_path / "decoder.onnx")


CPU_ONLY = ["CPUExecutionProvider"]
BOTH = ["CUDAExecutionProvider", *CPU_ONLY]


@pytest.fixture(params=["no provider", "a provider that does not load", "cuda"])
def cuda_works(
    request: pytest.FixtureRequest, stitch: Path, monkeypatch: pytest.MonkeyPatch
) -> bool:
    """As on a machine with a GPU: what onnxruntime offers, and what a session then has.

    The graphs run on the CPU all the same. Whatever the file, it is the stitch network's.
    """

    def session(graph: object, options: ort.SessionOptions, providers: list[Any]) -> Any:
        asked = [one if isinstance(one, str) else one[0] for one in providers]
        assert set(asked) <= set(offered)
        opened = session_of(str(stitch), options, providers=CPU_ONLY)
        monkeypatch.setattr(opened, "get_providers", lambda: asked if works else CPU_ONLY)
        return opened

    works, session_of = request.param == "cuda", ort.InferenceSession
    offered = CPU_ONLY if request.param == "no provider" else BOTH
    monkeypatch.setattr(ort, "get_available_providers", lambda: offered)
    monkeypatch.setattr(ort, "InferenceSession", session)
    monkeypatch.setattr(onnx_networks, "_check_names", lambda *_: None)
    monkeypatch.setattr(onnx_networks, "at_opset_20", lambda path: path.read_bytes())
    onnx_networks._warn_of_the_cpu.cache_clear()
    return works


def test_what_was_meant_for_cuda_and_is_not_there_is_said_once(
    cuda_works: bool, stitch: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "talkhead"):
        for part in ("hubert", "lmdm", "hubert"):
            open_session(part, stitch, "cuda")
        open_session("landmark203", stitch, "cpu")
    said = [record.getMessage() for record in caplog.records]
    assert [line.partition(":")[0] for line in said] == (
        [] if cuda_works else ["hubert runs on the CPU", "lmdm runs on the CPU"]
    )
    assert all("install onnxruntime-gpu" in line for line in said)


@pytest.mark.parametrize("part", ["warp_network", "decoder"])
def test_frames_are_never_drawn_on_the_cpu_by_surprise(
    cuda_works: bool, part: str, stitch: Path
) -> None:
    if cuda_works:
        open_session(part, stitch, "cuda")
    else:
        with pytest.raises(SoftwareMissing, match=rf"put {part}\.pth there, or install onnxrunt"):
            open_session(part, stitch, "cuda")
