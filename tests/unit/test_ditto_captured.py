"""Graphs on a CPU: a stand-in that, like a replay, works again on the very same tensors."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from talkhead.engines.ditto.generation.captured import SIZES, Captured, size_for

Recorded = list[torch.Size]


def recorder(
    made: Recorded,
) -> Callable[[Callable[[], Tensor]], tuple[Callable[[], object], Tensor]]:
    """Notes the shape of every result for which a graph is made."""

    def record(work: Callable[[], Tensor]) -> tuple[Callable[[], object], Tensor]:
        result = work()
        made.append(result.shape)
        return lambda: result.copy_(work()), result

    return record


def doubled(x: Tensor, y: Tensor) -> Tensor:
    return 2 * x + y[:, None]


def items(batch: int, width: int = 3) -> tuple[Tensor, Tensor]:
    dice = torch.Generator().manual_seed(batch)
    return torch.randn(batch, width, generator=dice), torch.randn(batch, generator=dice)


@pytest.mark.parametrize("batch", [*range(1, 18), 33])
def test_graphs_give_what_the_function_gives(batch: int) -> None:
    made: Recorded = []
    captured = Captured(doubled, recorder(made))
    for _ in range(2):
        assert torch.equal(captured(*items(batch)), doubled(*items(batch)))
    assert all(shape[0] in SIZES for shape in made)


def test_sizes_hold_their_batches_with_little_to_spare() -> None:
    for batch in range(1, SIZES[-1] + 1):
        assert batch <= size_for(batch) < 2 * batch
    assert size_for(SIZES[-1] + 1) == SIZES[-1]


def test_all_graphs_are_made_at_the_first_call() -> None:
    made: Recorded = []
    captured = Captured(doubled, recorder(made))
    captured(*items(3))
    assert [shape[0] for shape in made] == list(SIZES)
    for batch in range(1, SIZES[-1] + 1):
        captured(*items(batch))
    assert len(made) == len(SIZES)


def test_items_of_other_shapes_are_computed_without_a_graph() -> None:
    made: Recorded = []
    captured = Captured(doubled, recorder(made))
    captured(*items(1))
    assert torch.equal(captured(*items(2, 5)), doubled(*items(2, 5)))
    assert torch.equal(captured(*items(2)), doubled(*items(2)))
    assert len(made) == len(SIZES)


def test_results_are_not_overwritten_by_the_next_call() -> None:
    captured = Captured(doubled, recorder([]))
    first = captured(*items(2))
    captured(*items(1))
    assert torch.equal(first, doubled(*items(2)))
