"""Shapes are checked in tests and nowhere else; a test's folder is its marker."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

install_import_hook(["talkhead.engines.builtin", "talkhead.engines.ditto"], "beartype.beartype")

KINDS = ("unit", "integration", "e2e", "slow", "gpu")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        kind = item.path.relative_to(here).parts[0]
        assert kind in KINDS, f"{item.path}: put it under tests/{{{','.join(KINDS)}}}/"
        item.add_marker(getattr(pytest.mark, kind))


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Torch on one: several for small tensors only wait, on a busy machine for seconds."""
    import torch  # seconds to load, and most tests need none of it

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
