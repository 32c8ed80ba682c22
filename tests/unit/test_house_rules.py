"""The rules no linter has."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("talkhead/**/*.py"), *ROOT.glob("deployments/**/*.py")])


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_file_is_longer_than_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def loads(module: str, unwanted: str) -> bool:
    probe = f"import sys, {module}; sys.exit({unwanted!r} in sys.modules)"
    return bool(subprocess.run([sys.executable, "-c", probe], cwd=ROOT, check=False).returncode)


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("deployments.app", "torch"),
        ("deployments.ingress", "torch"),
        ("talkhead.pipeline.generate", "torch"),
        ("talkhead.service.service", "torch"),
        ("talkhead.engines.registry", "torch"),
        ("talkhead.library", "ray"),
        ("talkhead.__main__", "torch"),
    ],
)
def test_imports_stay_light(module: str, unwanted: str) -> None:
    assert not loads(module, unwanted)
