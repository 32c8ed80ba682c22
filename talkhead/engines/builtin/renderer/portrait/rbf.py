"""Smooth interpolation of values at scattered points, by multiquadric basis functions."""

import numpy as np
from jaxtyping import Float, Float32


class Multiquadric:
    """Interpolant through `centres` with basis -sqrt(d² + width²) and a constant term.

    `smoothing` is added to the diagonal: 0 passes through every value, more keeps neighbours with
    conflicting values from rippling. Hardy, J. Geophys. Res. 76 (1971).
    """

    def __init__(
        self, centres: Float[np.ndarray, "centres 2"], width: float, smoothing: float
    ) -> None:
        self._centres, self._width = centres, width
        count = len(centres)
        system = np.zeros((count + 1, count + 1))
        system[:count, :count] = self._basis(centres) + smoothing * np.eye(count)
        system[count, :count] = system[:count, count] = 1
        self._solve = np.linalg.inv(system)

    def fit(self, values: Float[np.ndarray, "centres dim"]) -> Float[np.ndarray, "terms dim"]:
        """Coefficients of the interpolant of `values`."""
        constraint = np.zeros((1, values.shape[1]))
        return self._solve @ np.concatenate([values, constraint])

    def evaluate(
        self, points: Float[np.ndarray, "points 2"], coefficients: Float[np.ndarray, "terms dim"]
    ) -> Float32[np.ndarray, "points dim"]:
        weights = coefficients.astype(np.float32)
        return self._basis(points.astype(np.float32)) @ weights[:-1] + weights[-1]

    def _basis(self, points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "points centres"]:
        centres = self._centres.astype(points.dtype)
        squares = (points**2).sum(1)[:, None] + (centres**2).sum(1) - 2 * points @ centres.T
        squares += points.dtype.type(self._width**2)
        return -np.sqrt(np.maximum(squares, 0))
