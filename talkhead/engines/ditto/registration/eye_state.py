"""How far the eyes are open and where they look, from 478 points (ditto.md §6, "Eye state")."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

TINY = 1e-8  # against division by zero

# of each eye, the picture's left one first: outer and inner corner, and three pairs of lid points
_CORNERS = ((33, 133), (263, 362))
_LIDS = (((145, 159), (144, 160), (153, 158)), ((374, 386), (373, 387), (380, 385)))
_IRISES = (468, 473)


@dataclass(frozen=True)
class EyeState:
    openness: Float32[np.ndarray, " 2"]  # the sum of three lid distances over the eye's width
    movement: Float32[np.ndarray, " 6"]  # of the irises: x of both, then y, then z


def eye_state(points: Float[np.ndarray, "478 3"], width: int, height: int) -> EyeState:
    """`points` in pixels of a picture of that size, z on the scale of x."""
    shares = points / [width, height, width]
    openness = [_openness(shares, *eye) for eye in zip(_CORNERS, _LIDS, strict=True)]
    movement = [_movement(shares, *eye) for eye in zip(_CORNERS, _IRISES, strict=True)]
    return EyeState(
        np.array(openness, np.float32), np.stack(movement, 1).reshape(-1).astype(np.float32)
    )


def _openness(
    points: Float[np.ndarray, "478 3"], corners: tuple[int, int], lids: tuple[tuple[int, int], ...]
) -> float:
    def distance(pair: tuple[int, int]) -> float:
        return float(np.linalg.norm(points[pair[0]] - points[pair[1]]))

    return sum(distance(pair) for pair in lids) / (distance(corners) + TINY)


def _movement(
    points: Float[np.ndarray, "478 3"], corners: tuple[int, int], iris: int
) -> Float[np.ndarray, " 3"]:
    """How far the iris is from the eye's middle, times its direction less the outer corner's."""
    outer, inner = points[list(corners)]
    way = points[iris] - (outer + inner) / 2
    return (_unit(way) - _unit(outer - inner)) * np.linalg.norm(way)


def _unit(vector: Float[np.ndarray, " 3"]) -> Float[np.ndarray, " 3"]:
    return vector / (np.linalg.norm(vector) + TINY)
