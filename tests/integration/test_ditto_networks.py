"""The networks of `ditto`: as published, and the same result folded, batched, or in half precision.

The decoder and the warp network run on small pictures here; on whole ones in the slow tier.
"""

from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor

from talkhead.engines.ditto.files.checkpoints import LAYOUTS
from talkhead.engines.ditto.networks.decoder import instance_normed
from talkhead.engines.ditto.networks.folding import fold
from talkhead.engines.ditto.networks.lmdm import Lmdm
from tests.ditto_plain_networks import decoded, warped
from tests.ditto_weights import arguments, network, state, unfolded
from tests.parity_cases import assert_all_close, assert_close, parity

pytestmark = pytest.mark.usefixtures("one_thread", "no_gradients")


@pytest.fixture(scope="module")
def no_gradients() -> Any:
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def dice() -> torch.Generator:
    return torch.Generator().manual_seed(7)


def close(got: Tensor, wanted: Tensor, tolerance: float = 1e-4) -> None:
    assert got.shape == wanted.shape
    assert (got.float() - wanted.float()).abs().max() <= tolerance * wanted.abs().max()


@pytest.mark.parametrize("name", LAYOUTS)
def test_names_and_shapes_are_the_published_ones(name: str) -> None:
    with torch.device("meta"):
        state = LAYOUTS[name].build().state_dict()
    shapes = {key: list(value.shape) for key, value in state.items()}
    assert list(shapes.items()) == list(parity("ditto").manifest(name).items())


def test_stitch_network_is_the_published_one() -> None:
    case = parity("ditto").case("net_stitch_network")
    got = network("stitch_network")(*arguments(case, "kp_source", "kp_driving"))
    assert_all_close({"out_out": got}, case)


def test_appearance_extractor_is_the_published_one() -> None:
    case = parity("ditto").case("net_appearance_extractor")
    assert_all_close({"out_pred": network("appearance_extractor")(*arguments(case, "image"))}, case)


def test_motion_extractor_is_the_published_one() -> None:
    case = parity("ditto").case("net_motion_extractor")
    motion = network("motion_extractor")(*arguments(case, "image"))._asdict()
    assert_all_close({f"out_{name}": value for name, value in motion.items()}, case)


def test_lmdm_is_the_published_one_at_all_its_times_in_one_batch() -> None:
    case = parity("ditto").case("net_lmdm")
    x, cond_frame, cond, times = arguments(case, "x", "cond_frame", "cond", "time_cond")
    lmdm, many = network("lmdm"), len(times)
    condition = lmdm.encode_condition(cond.repeat(many, 1, 1))
    got = lmdm.guided(x.repeat(many, 1, 1), cond_frame.repeat(many, 1), condition, times)
    for index, time in enumerate(times.tolist()):
        name = f"out_x_start_t{time}"
        assert_close(got[index : index + 1], case[name], name)


@pytest.mark.parametrize("kind", ["cond", "uncond"])
def test_one_pass_of_lmdm_is_the_published_one(kind: str) -> None:
    case = parity("ditto").case("net_lmdm")
    x, cond_frame, cond = arguments(case, "x", "cond_frame", "cond")
    for time in (0, 500):
        got = network("lmdm")(
            x, cond_frame, cond, torch.tensor([time]), torch.tensor([kind == "uncond"])
        )
        assert_close(got, case[f"out_{kind}_t{time}"], f"{kind} {time}")


def test_guidance_is_what_two_passes_give(dice: torch.Generator) -> None:
    lmdm = network("lmdm")
    x, frame = (torch.randn(size, generator=dice) for size in [(2, 80, 265), (2, 265)])
    cond, time = torch.randn((2, 80, 1103), generator=dice), torch.tensor([999, 19])
    got = lmdm.guided(x, frame, lmdm.encode_condition(cond), time, scale=3.0)
    both = lmdm(
        x.repeat(2, 1, 1),
        frame.repeat(2, 1),
        cond.repeat(2, 1, 1),
        time.repeat(2),
        torch.tensor([False, False, True, True]),
    )
    heard, unheard = both.chunk(2)
    close(got, unheard + 3 * (heard - unheard))


def test_a_step_of_lmdm_looks_at_no_value() -> None:
    """So that it can be captured: tensors without values are enough to run it."""
    with torch.device("meta"):
        lmdm: Any = fold(Lmdm().eval())
        condition = lmdm.encode_condition(torch.empty(3, 80, 1103))
        time = torch.empty(3, dtype=torch.int64)
        clean = lmdm.guided(torch.empty(3, 80, 265), torch.empty(3, 265), condition, time)
    assert clean.shape == (3, 80, 265)


def test_folding_lmdm_changes_nothing(dice: torch.Generator) -> None:
    x, frame = (torch.randn(size, generator=dice) for size in [(1, 80, 265), (1, 265)])
    cond, time = torch.randn((1, 80, 1103), generator=dice), torch.tensor([499])
    folded, plain = (
        lmdm.guided(x, frame, lmdm.encode_condition(cond), time)
        for lmdm in (network("lmdm"), unfolded("lmdm"))
    )
    close(folded, plain, 1e-5)


def test_folding_the_appearance_extractor_changes_nothing(dice: torch.Generator) -> None:
    image = torch.rand((1, 3, 32, 64), generator=dice)
    name = "appearance_extractor"
    close(network(name)(image), unfolded(name)(image), 1e-5)


def test_the_decoder_does_what_its_description_says(dice: torch.Generator) -> None:
    """Also of one frame among others."""
    features = torch.randn((2, 256, 6, 8), generator=dice)
    close(network("decoder")(features)[1:], decoded(state("decoder"), features[1:]))


@pytest.fixture(scope="module")
def two_moved(dice: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Volumes of two portraits, key points of source and driving, and the warp network's result."""
    volumes = torch.randn((2, 32, 16, 32, 32), generator=dice)
    points = 0.3 * torch.randn((2, 2, 21, 3), generator=dice)
    warp = network("warp_network")
    return volumes, points, warp(warp.source(volumes), *points)


def test_the_warp_network_does_what_its_description_says(two_moved: tuple[Tensor, ...]) -> None:
    """Also of one portrait among others."""
    volumes, points, got = two_moved
    close(got[1:], warped(state("warp_network"), volumes[1:], *points[:, 1:]))


def test_the_warp_network_runs_in_half_precision_about_exact_points(
    two_moved: tuple[Tensor, ...],
) -> None:
    volumes, points, exact = two_moved
    half = deepcopy(network("warp_network")).bfloat16()
    got = half(half.source(volumes[:1].bfloat16()), *points[:, :1])
    assert got.dtype == torch.bfloat16
    close(got, exact[:1], 0.06)


@pytest.mark.parametrize("name", ["stitch_network", "motion_extractor", "lmdm", "decoder"])
def test_networks_run_in_half_precision(name: str, dice: torch.Generator) -> None:
    sizes: dict[str, list[tuple[int, ...]]] = {
        "stitch_network": [(1, 21, 3)] * 2,
        "motion_extractor": [(1, 3, 64, 64)],
        "lmdm": [(1, 80, 265), (1, 265), (1, 80, 1103)],
        "decoder": [(1, 256, 4, 4)],
    }
    inputs = [torch.randn(size, generator=dice) for size in sizes[name]]
    times = [torch.tensor([19]), torch.tensor([False])] if name == "lmdm" else []
    exact = network(name)(*inputs, *times)
    half = deepcopy(network(name)).bfloat16()(*(x.bfloat16() for x in inputs), *times)
    if name != "motion_extractor":
        half, exact = (half,), (exact,)
    for got, wanted in zip(half, exact, strict=True):
        assert got.dtype == torch.bfloat16
        close(got, wanted, 0.05)


def test_statistics_of_half_precision_features_are_exact(dice: torch.Generator) -> None:
    """Far from zero a variance in half precision would be nothing but rounding."""
    x = (600 + torch.randn((1, 4, 64, 64), generator=dice)).half()
    normal = instance_normed(x)
    assert normal.dtype == torch.float16
    close(normal, torch.nn.functional.instance_norm(x.double()), 1e-3)
