"""The two heavy networks of the `ditto` engine, as published: seconds a call on two cores."""

import torch

from tests.ditto_weights import arguments, network
from tests.parity_cases import assert_close, parity


@torch.inference_mode()
def test_decoder_is_the_published_one() -> None:
    case = parity("ditto").case("net_decoder")
    picture = network("decoder")(*arguments(case, "feature"))
    assert_close(picture, case["out_output"], "output")
    assert_close(255 * picture[0].permute(1, 2, 0), case["out_image255"], "image255")


@torch.inference_mode()
def test_warp_network_is_the_published_one() -> None:
    case = parity("ditto").case("net_warp_network")
    feature, *points = arguments(case, "feature_3d", "kp_source", "kp_driving")
    warp = network("warp_network")
    source = warp.source(feature)
    deformation, occlusion = warp.dense_motion_network(*source[1:], *points)
    assert_close(deformation, case["out_deformation"], "deformation")
    assert_close(occlusion, case["out_occlusion_map"], "occlusion_map")
    assert_close(warp(source, *points), case["out_out"], "out")
