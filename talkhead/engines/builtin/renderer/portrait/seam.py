"""The cheapest path across a strip, by dynamic programming: lip lines and lid edges follow it."""

import numpy as np
from jaxtyping import Float, Int


def cheapest_path(
    cost: Float[np.ndarray, "columns offsets"], step_cost: float
) -> Int[np.ndarray, " columns"]:
    """One offset a column: least total cost; neighbours differ by at most one, at `step_cost`."""
    columns, offsets = cost.shape
    total = cost[0].copy()
    came_from = np.zeros((columns, offsets), np.intp)
    here = np.arange(offsets)
    for column in range(1, columns):
        from_below = np.concatenate([[np.inf], total[:-1] + step_cost])
        from_above = np.concatenate([total[1:] + step_cost, [np.inf]])
        options = np.stack([from_below, total, from_above])
        choice = options.argmin(0)
        came_from[column] = here + choice - 1
        total = cost[column] + options[choice, here]
    path = np.zeros(columns, np.intp)
    path[-1] = total.argmin()
    for column in range(columns - 1, 0, -1):
        path[column - 1] = came_from[column, path[column]]
    return path
