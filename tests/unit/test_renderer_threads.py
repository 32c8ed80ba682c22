"""Threads that compute alone stay alone, and leave everyone else's number as it was."""

import threading
from collections.abc import Iterator

import pytest
import torch

from talkhead.engines.lone_thread import lone_thread


@pytest.fixture
def three() -> Iterator[int]:
    usual = torch.get_num_threads()
    torch.set_num_threads(3)
    yield 3
    torch.set_num_threads(usual)


def used() -> tuple[int, int]:
    """Torch's threads before and after work large enough to be split."""
    before = torch.get_num_threads()
    torch.ones(1_000_000).exp().sum()
    return before, torch.get_num_threads()


def test_each_computes_alone_whatever_the_others_do(three: int) -> None:
    first, second = lone_thread(), lone_thread()
    for pool in (first, second, first):
        assert {pool.submit(used).result() for _ in range(6)} == {(1, 1)}
    assert torch.get_num_threads() == three
    first.shutdown()
    second.shutdown()


def test_later_threads_get_the_usual_number(three: int) -> None:
    lone_thread().shutdown()
    seen: list[tuple[int, int]] = []
    thread = threading.Thread(target=lambda: seen.append(used()))
    thread.start()
    thread.join()
    assert seen == [(three, three)]
