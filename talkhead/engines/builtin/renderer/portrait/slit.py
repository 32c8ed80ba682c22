"""An opening with two margins: the mouth between the lips, an eye between its lids."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Slit:
    """An axis through the opening's corners and, over it, the two margins; canvas pixels.

    A point is `centre + u * along + v * across`; v grows downwards.
    """

    centre: Float[np.ndarray, " 2"]
    along: Float[np.ndarray, " 2"]  # unit vector, towards the picture's right
    across: Float[np.ndarray, " 2"]  # unit vector, down
    half_width: float
    u: Float[np.ndarray, " columns"]  # evenly from -half_width to half_width
    upper: Float[np.ndarray, " columns"]  # v of the upper margin
    lower: Float[np.ndarray, " columns"]  # v of the lower margin, nowhere above the upper one

    @property
    def gap(self) -> Float[np.ndarray, " columns"]:
        return self.lower - self.upper

    def local(
        self, points: Float[np.ndarray, "*shape 2"]
    ) -> tuple[Float[np.ndarray, "*shape"], Float[np.ndarray, "*shape"]]:
        """U and v of canvas points."""
        away = points - self.centre
        return away @ self.along, away @ self.across

    def at(
        self, u: Float[np.ndarray, "*shape"], v: Float[np.ndarray, "*shape"]
    ) -> Float[np.ndarray, "*shape 2"]:
        """Canvas points of u and v."""
        return self.centre + u[..., None] * self.along + v[..., None] * self.across

    def upper_at(self, u: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        return np.asarray(np.interp(u, self.u, self.upper))

    def lower_at(self, u: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        return np.asarray(np.interp(u, self.u, self.lower))

    def with_margins(
        self, upper: Float[np.ndarray, " columns"], lower: Float[np.ndarray, " columns"]
    ) -> "Slit":
        return Slit(self.centre, self.along, self.across, self.half_width, self.u, upper, lower)


def axis_between(
    first: Float[np.ndarray, " 2"], last: Float[np.ndarray, " 2"], columns: int
) -> Slit:
    """A slit without an opening: margins are the straight line between its corners."""
    along = last - first
    half_width = float(np.linalg.norm(along)) / 2
    along = along / (2 * half_width)
    across = np.array([-along[1], along[0]])
    flat = np.zeros(columns)
    u = np.linspace(-half_width, half_width, columns)
    return Slit((first + last) / 2, along, across, half_width, u, flat, flat)
