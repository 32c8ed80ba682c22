"""Fifty steps with the published network: rounding does not add up."""

import torch

from talkhead.engines.ditto.motion.sampler import sample
from tests.ditto_weights import network
from tests.parity_cases import assert_close, parity


def test_fifty_steps() -> None:
    case = parity("ditto").case("fn_ddim")
    case = {name: torch.from_numpy(value) for name, value in case.items()}
    model = network("lmdm")
    with torch.inference_mode():
        condition = model.encode_condition(case["cond"])
        result = sample(
            lambda x, time: model.guided(x, case["cond_frame"], condition, time),
            case["S50/x_init"],
            case["S50/step_noise"][:, 0],
        )
    assert_close(result, case["S50/out"].numpy(), "S50/out")
