"""How close we are to what was published: `python -m tests.parity_report` prints a table.

Runs the tests that compare with parity cases, the slow ones too: minutes. A line per case: of all
its arrays the one that comes nearest to its tolerance.
"""

import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.parity_cases import RECORDS, Measured

TESTS = Path(__file__).parent
OPTIONS = ["-q", "-m", "unit or integration or slow", "--timeout", "1800", "-p", "no:cacheprovider"]
HEAD = """
| case | arrays | nearest to its tolerance | worst error | tolerance | share |
|---|--:|---|--:|--:|--:|"""


def comparing() -> list[str]:
    """Files of tests that read cases."""
    paths = sorted(TESTS.glob("*/test_*.py"))
    return [str(path) for path in paths if ".case(" in path.read_text()]


def share(measured: Measured) -> float:
    """Of the tolerance; what must be equal has none, and is."""
    return measured.off / measured.bound if measured.bound else float(measured.off > 0)


def line(case: str, arrays: list[Measured]) -> str:
    worst = max(arrays, key=share)
    figures = f"{worst.off:.1e} | {worst.bound:.1e} | {share(worst):.1%}"
    return f"| `{case}` | {len(arrays)} | {worst.name} | {figures} |"


def main() -> int:
    failed = pytest.main([*OPTIONS, *comparing()])
    cases: dict[str, list[Measured]] = defaultdict(list)
    for measured in RECORDS.all:
        cases[measured.case].append(measured)
    print(HEAD)
    for case in sorted(cases):
        print(line(case, cases[case]))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
