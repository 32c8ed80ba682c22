"""Speed of `ditto` on a CPU beside the plain loop, and what drawing costs anywhere, counted."""

import pytest

from tests.ditto_bench import PUBLISHED_FLOPS, Scene, sides_on_cpu, worst_level
from tests.ditto_costs import drawing_costs

RUNS = 3
MEMORY = 256e6  # bytes a frame, for 16 of them in 4 GB


@pytest.mark.timeout(900)
def test_a_frame_is_no_slower_than_in_a_plain_loop_and_the_same() -> None:
    plain, ours = sides_on_cpu(Scene("cpu"), RUNS)
    print(f"\na frame: {plain.cpu:.1f} s of CPU plain, {ours.cpu:.1f} s ours")
    print(f"by the clock: {plain.wall:.1f} s and {ours.wall:.1f} s")
    assert worst_level(plain.picture, ours.picture) <= 1
    assert plain.picture.std() > 10
    assert ours.cpu <= plain.cpu


def test_fewer_operations_than_published() -> None:
    costs = drawing_costs(1)
    print(f"\n{costs.flops / 1e9:.0f} GFLOP a frame, published {PUBLISHED_FLOPS / 1e9:.0f}")
    assert costs.flops <= 0.95 * PUBLISHED_FLOPS


def test_memory_grows_with_the_batch_and_with_nothing_else() -> None:
    one, many = drawing_costs(1), drawing_costs(16)
    print(f"\n{one.peak / 1e6:.0f} MB alone, {many.peak / 16e6:.0f} MB in a batch of 16")
    assert many.peak / 16 <= min(MEMORY, 1.01 * one.peak)
