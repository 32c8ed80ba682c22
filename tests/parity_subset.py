"""How parity cases become small enough to ship: what can be drawn is named, what is large thinned.

An input that the kit's `fill.py` draws is stored as the call that draws it, to the same bytes. Of a
large golden every n-th value is stored, n prime, so that it walks through all channels and places.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

_RECIPES = "_recipes"  # the entry of a case that says how its other entries are to be read


@dataclass(frozen=True)
class Drawn:
    """An array that `fill.py` makes: `how(name, ..., seed)`, several of them stacked."""

    how: str
    name: str  # with {} for the number of each, if there are several
    size: tuple[int, ...]
    several: int = 0

    def draw(self, fill: ModuleType, seed: int) -> np.ndarray:
        if self.several:
            return np.stack([self._one(fill, seed, i) for i in range(self.several)])
        return self._one(fill, seed, 0)

    def _one(self, fill: ModuleType, seed: int, index: int) -> np.ndarray:
        size = (self.size,) if self.how == "normal" else self.size
        array: np.ndarray = getattr(fill, self.how)(self.name.format(index), *size, seed)
        return array


@dataclass(frozen=True)
class Thinned:
    """Every `step`-th value of an array, read row by row."""

    values: np.ndarray
    step: int
    shape: tuple[int, ...]

    @staticmethod
    def of(array: np.ndarray, step: int) -> "Thinned":
        return Thinned(array.reshape(-1)[::step], step, array.shape)


Recipe: TypeAlias = Drawn | int  # a number: every so many values


def packed(case: Mapping[str, np.ndarray], recipes: Mapping[str, Recipe]) -> dict[str, np.ndarray]:
    """The entries to store; `unpacked` is the inverse."""
    stored = {name: array for name, array in case.items() if name not in recipes}
    notes: dict[str, Any] = {}
    for name, recipe in recipes.items():
        if isinstance(recipe, Drawn):
            notes[name] = asdict(recipe)
        else:
            thin = Thinned.of(case[name], recipe)
            stored[name] = thin.values
            notes[name] = {"step": recipe, "shape": thin.shape}
    return stored | {_RECIPES: np.array(json.dumps(notes))} if notes else stored


def unpacked(
    stored: Mapping[str, np.ndarray], fill: ModuleType, seed: int
) -> dict[str, np.ndarray | Thinned]:
    """The case as it was, but with `Thinned` in place of what was thinned."""
    case: dict[str, np.ndarray | Thinned] = dict(stored)
    notes = json.loads(str(case.pop(_RECIPES, "{}")))
    for name, note in notes.items():
        if "step" in note:
            case[name] = Thinned(stored[name], note["step"], tuple(note["shape"]))
        else:
            size = tuple(note.pop("size"))
            case[name] = Drawn(size=size, **note).draw(fill, seed)
    return case
