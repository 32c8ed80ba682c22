"""A displacement of every mesh vertex for every coefficient, above and below the mouth's slit."""

import numpy as np
from jaxtyping import Bool, Float

from talkhead.engines.builtin.coefficients import ARKIT
from talkhead.engines.builtin.renderer.ramps import Number

NEUTRAL = "neutral"  # takes the portrait's own smile and open mouth away
NAMES = (*ARKIT, NEUTRAL)
INDEX = {name: row for row, name in enumerate(NAMES)}
VERTICES = 468

Weights = Float[np.ndarray, " 468"]
Displacements = Float[np.ndarray, "468 3"]


class ShapeSet:
    """Millimetres in the head frame for coefficient 1.

    Skin around the mouth belongs to two layers that part at the slit: a vertex has a displacement
    in the `upper` layer, in the `lower` one, or the same in both.
    """

    def __init__(self, below: Bool[np.ndarray, " 468"], upper_lip: Weights, lower_lip: Weights):
        self.upper = np.zeros((len(NAMES), VERTICES, 3))
        self.lower = np.zeros((len(NAMES), VERTICES, 3))
        under = below & (upper_lip == 0)
        self._not_in_upper = under[:, None]
        self._in_lower = (under | (lower_lip > 0))[:, None]

    def both(self, name: str, displacement: Displacements) -> None:
        self.upper[INDEX[name]] += displacement
        self.lower[INDEX[name]] += displacement

    def each(self, name: str, upper: Displacements, lower: Displacements) -> None:
        self.upper[INDEX[name]] += upper
        self.lower[INDEX[name]] += lower

    def upper_lip(self, name: str, weight: Weights, x: Number, y: Number, z: Number) -> None:
        """Moves what hangs on the upper lip, in its layer."""
        self.upper[INDEX[name]] += np.where(self._not_in_upper, 0, moved(weight, x, y, z))

    def lower_lip(self, name: str, weight: Weights, x: Number, y: Number, z: Number) -> None:
        """Moves what hangs on the lower lip, in its layer."""
        self.lower[INDEX[name]] += np.where(self._in_lower, moved(weight, x, y, z), 0)


def moved(weight: Weights, x: Number = 0, y: Number = 0, z: Number = 0) -> Displacements:
    """The vector (x, y, z) in millimetres, scaled by each vertex's weight."""
    return weight[:, None] * np.array([x, y, z])
