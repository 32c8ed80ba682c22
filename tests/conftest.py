"""Shapes are checked in tests and nowhere else; a test's folder is its marker."""

from pathlib import Path

import pytest
from jaxtyping import install_import_hook

install_import_hook(["talkhead.engines.builtin"], "beartype.beartype")

KINDS = ("unit", "integration", "e2e", "slow", "gpu")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        kind = item.path.relative_to(here).parts[0]
        assert kind in KINDS, f"{item.path}: put it under tests/{{{','.join(KINDS)}}}/"
        item.add_marker(getattr(pytest.mark, kind))
