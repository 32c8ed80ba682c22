"""Where the parity cases are, and how a result is compared with them.

`TALKHEAD_PARITY` names the folder; without it `../shared/parity` beside the checkout is used, else
the small subset that ships here. A case that is nowhere is skipped by name, never passed.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.parity_subset import Thinned, unpacked

_TESTS = Path(__file__).parent
_SHIPPED = _TESTS / "parity"


@dataclass(frozen=True)
class Measured:
    """One array beside its golden."""

    case: str
    name: str
    off: float
    bound: float


class Records:
    """What was compared so far, for the report."""

    def __init__(self) -> None:
        self.case = ""  # the one that was read last
        self.all: list[Measured] = []


RECORDS = Records()


@dataclass(frozen=True)
class ParityFolder:
    """The cases of one published system, made with one seed."""

    root: Path
    seed: int

    def case(self, name: str) -> dict[str, Any]:
        """Arrays of `<name>.npz` in the folder of this seed."""
        path = self.root / f"seed{self.seed}" / f"{name}.npz"
        if not path.is_file():
            pytest.skip(f"parity case {name} is not in {path.parent}")
        RECORDS.case = name
        with np.load(path) as arrays:
            return unpacked(dict(arrays), self.fill(), self.seed)

    def manifest(self, name: str) -> dict[str, list[int]]:
        """Names and shapes of a published checkpoint, in order."""
        shapes: dict[str, list[int]] = json.loads(
            (self.root / f"manifests/{name}.json").read_text()
        )
        return shapes

    def toy(self, name: str) -> Path:
        """A stand-in ONNX file with the published file's inputs and outputs."""
        path = self.root / f"toy_seed{self.seed}" / f"{name}.onnx"
        return path if path.is_file() else Path(_toys(self).name) / path.name

    def state(self, name: str) -> dict[str, np.ndarray]:
        """Weights of this seed for the checkpoint of that name."""
        filled: dict[str, np.ndarray] = self.fill().fill_state(self.manifest(name), self.seed)
        return filled

    def fill(self) -> ModuleType:
        return self.module("fill.py")

    def module(self, file: str) -> ModuleType:
        return _module(self.root / file)


@cache
def _toys(folder: ParityFolder) -> "TemporaryDirectory[str]":
    """Made as those of a whole kit are, to the same bytes."""
    made = TemporaryDirectory()
    sys.modules["fill"] = folder.fill()  # by which name its neighbour knows it
    folder.module("toy_onnx.py").build_all(made.name, folder.seed)
    return made


def parity(system: str) -> ParityFolder:
    """The cases of `system`. Skips the test where there are none."""
    for base in _bases():
        seeds = sorted((base / system).glob("seed*"))
        if seeds:
            return ParityFolder(base / system, int(seeds[0].name.removeprefix("seed")))
    pytest.skip(f"no parity cases for {system}: TALKHEAD_PARITY can name their folder")


def assert_close(got: Any, golden: np.ndarray | Thinned, name: str = "") -> None:
    """|got - golden| <= 1e-4 + 1e-3 max|golden|; integers equal; uint8 pictures within 1."""
    result = np.asarray(got)
    assert result.shape == golden.shape, f"{name}: shape {result.shape}, golden {golden.shape}"
    if isinstance(golden, Thinned):
        result, golden = Thinned.of(result, golden.step).values, golden.values
    if golden.size == 0:
        return
    largest = float(np.abs(golden.astype(np.float64)).max())
    bound = {"u": 1.0, "i": 0.0, "b": 0.0}.get(golden.dtype.kind, 1e-4 + 1e-3 * largest)
    off = float(np.abs(result.astype(np.float64) - golden.astype(np.float64)).max())
    RECORDS.all.append(Measured(RECORDS.case, name, off, bound))
    assert off <= bound, f"{name}: off by {off:.3g}, {bound:.3g} is allowed"


def assert_all_close(got: Mapping[str, Any], case: Mapping[str, np.ndarray]) -> None:
    """Every `out_*` array of the case must be in `got`, under its name, and close."""
    wanted = [name for name in case if name.startswith("out_")]
    assert wanted
    for name in wanted:
        assert_close(got[name], case[name], name)


def _bases() -> list[Path]:
    if named := os.environ.get("TALKHEAD_PARITY"):
        return [Path(named)]
    return [_TESTS.parents[1] / "shared" / "parity", _SHIPPED]


@cache
def _module(path: Path) -> ModuleType:
    spec = spec_from_file_location(f"parity_{path.parent.name}_{path.stem}", path)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
