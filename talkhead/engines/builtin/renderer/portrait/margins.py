"""Correcting the fields along the lips' margins, so that shapes that close do close, exactly."""

import numpy as np
from jaxtyping import Float, Float32

from talkhead.engines.builtin.renderer.portrait.fields import Fields
from talkhead.engines.builtin.renderer.portrait.grid import Grid
from talkhead.engines.builtin.renderer.portrait.lips import Mouth
from talkhead.engines.builtin.renderer.portrait.pictures import look_up
from talkhead.engines.builtin.renderer.portrait.slit import Slit
from talkhead.engines.builtin.renderer.ramps import Number
from talkhead.engines.builtin.renderer.shapes.shape_set import INDEX, NEUTRAL

BOTH_SIDES = ("Smile", "Frown", "Dimple", "Stretch", "Press")
KEEP_CLOSED = (
    *(f"mouth{name}{side}" for name in BOTH_SIDES for side in ("Left", "Right")),
    *("mouthLeft", "mouthRight", "mouthPucker", "mouthRollLower", "mouthRollUpper"),
    *("mouthShrugLower", "mouthShrugUpper", "cheekPuff", "jawLeft", "jawRight", "jawForward"),
)  # these must not open the lips
CLOSE_UPPER_SHARE, NEUTRAL_UPPER_SHARE = 0.28, 0.35  # of the correction is the upper lip's
OVERLAP = 0.15  # pixels the neutralised lips press into each other
UPPER_REACH, LOWER_REACH = 6.5, 9.0  # mm of skin that follow a corrected margin


def close_margins(
    upper: Fields, lower: Fields, grid: Grid, mouth: Mouth, mm: float
) -> tuple[Fields, Fields]:
    """The two layers' fields, corrected."""
    margins = _Margins(upper.copy(), lower.copy(), grid, mouth.slit, mm)
    for name in KEEP_CLOSED:
        margins.set_opening(name, 0, 0.5)
    margins.set_opening("mouthClose", -margins.opening("jawOpen"), CLOSE_UPPER_SHARE)
    if mouth.open:
        target = -mouth.slit.gap - OVERLAP * margins.taper
        for _ in range(2):
            margins.set_opening(NEUTRAL, target, NEUTRAL_UPPER_SHARE)
    return margins.upper, margins.lower


class _Margins:
    """The lips' margins in two layers of fields."""

    def __init__(self, upper: Fields, lower: Fields, grid: Grid, slit: Slit, mm: float) -> None:
        self.upper, self.lower = upper, lower
        self._grid, self._slit = grid, slit
        self.taper = np.clip((1 - np.abs(slit.u / slit.half_width)) / 0.06, 0, 1)
        self._u, v = slit.local(grid.points)
        above, below = slit.upper_at(self._u) - v, v - slit.lower_at(self._u)
        inside = np.abs(self._u) < slit.half_width
        self._upper_reach = inside * np.where(
            above < 0, 1, np.exp(-((above * mm / UPPER_REACH) ** 2))
        )
        self._lower_reach = inside * np.where(
            below < 0, 1, np.exp(-((below * mm / LOWER_REACH) ** 2))
        )

    def opening(self, name: str) -> Float[np.ndarray, " columns"]:
        """How far the coefficient at 1 parts the margins, pixels."""
        slit, row = self._slit, INDEX[name]
        lower = self._along(self.lower[row], slit.at(slit.u, slit.lower))
        return lower - self._along(self.upper[row], slit.at(slit.u, slit.upper))

    def set_opening(
        self, name: str, target: Number | Float[np.ndarray, " columns"], upper_share: float
    ) -> None:
        missing = (target - self.opening(name)) * self.taper
        move = np.interp(self._u, self._slit.u, missing)
        across, row = self._slit.across[:, None], INDEX[name]
        self.lower[row, :2] += move * self._lower_reach * (1 - upper_share) * across
        self.upper[row, :2] -= move * self._upper_reach * upper_share * across

    def _along(
        self, field: Float32[np.ndarray, "3 nodes"], points: Float[np.ndarray, "columns 2"]
    ) -> Float[np.ndarray, " columns"]:
        """Displacement across the slit at margin points."""
        grid = self._grid
        crossing = self._slit.across.astype(np.float32) @ field[:2]
        nodes = (points - [grid.left, grid.top]) / grid.stride
        return look_up(crossing.reshape(grid.rows, grid.columns), nodes)
