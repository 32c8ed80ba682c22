"""The sampler finds what the network knows, and never NaN; noise belongs to one session."""

import pytest
import torch
from torch import Tensor

from talkhead.engines.ditto.motion.noise import start_noise, step_noises
from talkhead.engines.ditto.motion.sampler import kept_signal, plan, sample, times

STEPS = [1, 2, 3, 5, 10, 50]


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("steps", STEPS)
def test_a_network_that_knows_the_answer_is_believed(steps: int) -> None:
    answer = noise(2, 80, 265)
    found = sample(lambda x, time: answer, noise(2, 80, 265), noise(steps - 1, 80, 265))
    torch.testing.assert_close(found, answer, rtol=0, atol=0)


@pytest.mark.parametrize("steps", STEPS)
def test_every_step_has_the_share_of_noise_that_its_time_has(steps: int) -> None:
    """Of clean motion that is 0: what is left is noise, whose power the schedule says."""
    seen: list[tuple[int, Tensor]] = []

    def denoise(x: Tensor, time: Tensor) -> Tensor:
        seen.append((int(time[0]), x))
        return torch.zeros_like(x)

    sample(denoise, noise(1, 80, 265), noise(steps - 1, 80, 265) * 1.0)
    assert [time for time, _ in seen] == times(steps)[:-1]
    level = kept_signal()
    for time, x in seen:
        assert float(x.var()) == pytest.approx(float(1 - level[time]), rel=0.05)


def test_no_number_of_steps_makes_nan() -> None:
    for steps in range(1, 101):
        factors = [[s.clean, s.noise, s.fresh, s.signal, s.removed] for s in plan(steps)]
        assert torch.tensor(factors).isfinite().all(), steps


def test_sessions_do_not_mix_and_may_have_their_own_noise() -> None:
    def denoise(x: Tensor, time: Tensor) -> Tensor:
        return (0.5 * x + 1e-3 * time[:, None, None]).tanh()

    start, more = noise(3, 80, 265), noise(3, 4, 80, 265).flip(0)
    together = sample(denoise, start, more.transpose(0, 1).contiguous().transpose(0, 1))
    for session in range(3):
        alone = sample(denoise, start[session, None], more[session])
        torch.testing.assert_close(together[session, None], alone, rtol=0, atol=0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_inputs_decide_the_precision(dtype: torch.dtype) -> None:
    result = sample(lambda x, time: x, noise(1, 80, 265).to(dtype), noise(3, 80, 265).to(dtype))
    assert result.dtype == dtype


def test_noise_is_of_one_seed_one_purpose_and_one_window() -> None:
    draws = {start_noise(seed, index).tobytes() for seed in (0, 1, 2**40) for index in range(3)}
    draws |= {row.tobytes() for seed in (0, 1, 2**40) for row in step_noises(seed, 4)}
    assert len(draws) == 18
    assert start_noise(5, 2).tobytes() == start_noise(5, 2).tobytes()
    assert len(step_noises(0, 1)) == 0
