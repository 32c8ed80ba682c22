"""The sampler finds what the predictor knows; the noise belongs to one window of one session."""

import numpy as np
import pytest
import torch
from torch import Tensor

from talkhead.engines.builtin.motion.diffusion import mixed, sample, signal_and_noise, times
from talkhead.engines.builtin.motion.noise import CALM, window_noise


def test_signal_and_noise_share_the_power() -> None:
    signal, noise = signal_and_noise(torch.linspace(0, 1, 101))
    torch.testing.assert_close(signal**2 + noise**2, torch.ones(101), atol=2e-6, rtol=0)
    assert (signal.diff() < 0).all()


@pytest.mark.parametrize("steps", [1, 2, 10])
def test_a_predictor_that_knows_the_answer_is_believed(steps: int) -> None:
    answer = torch.randn(2, 6, 3)
    found = sample(lambda noisy, step: answer, torch.randn(2, 6, 3), steps)
    torch.testing.assert_close(found, answer)


def test_every_step_stays_on_the_path_from_noise_to_the_answer() -> None:
    answer, noise = torch.randn(2, 6, 3), torch.randn(2, 6, 3)
    seen: list[Tensor] = []

    def predict(noisy: Tensor, step: int) -> Tensor:
        seen.append(noisy)
        return answer

    sample(predict, mixed(answer, noise, torch.ones(2)), 5)
    for noisy, time in zip(seen, times(5)[:-1], strict=True):
        expected = mixed(answer, noise, time.expand(2))
        torch.testing.assert_close(noisy, expected, atol=1e-4, rtol=0)


def test_equal_seed_and_window_give_equal_noise() -> None:
    np.testing.assert_array_equal(window_noise(3, 5, 14), window_noise(3, 5, 14))


def test_no_two_windows_share_their_noise() -> None:
    seeds = (0, 1, 2, 7, 2**32, 2**32 + 1, 2**63, 3 << 32)
    draws = {window_noise(s, i, 4).tobytes() for s in seeds for i in range(8)}
    assert len(draws) == len(seeds) * 8


def test_the_noise_is_standard_normal_except_for_the_mouth() -> None:
    noise = window_noise(1, 0, 4000)
    free = [column for column in range(noise.shape[1]) if column not in CALM]
    assert not noise[:, CALM].any()
    assert abs(noise[:, free].mean()) < 0.01
    assert abs(noise[:, free].std() - 1) < 0.01
