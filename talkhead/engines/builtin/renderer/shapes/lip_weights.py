"""How much each mesh vertex belongs to the lips, and where it lies about them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from talkhead.engines.builtin.renderer.ramps import Number, smoothstep
from talkhead.engines.builtin.renderer.shapes.shape_set import VERTICES, Weights
from talkhead.faces.landmarks import (
    LEFT_MOUTH_CORNER,
    LIP_CORNERS,
    LOWER_LIP,
    RIGHT_MOUTH_CORNER,
    UPPER_LIP,
)

RING_DEPTH = (0.0, 0.33, 0.66, 1.0)  # from the border of the red to the inner margin


@dataclass(frozen=True)
class LipWeights:
    """Lengths in millimetres of the head frame."""

    vertices: Float[np.ndarray, "468 3"]
    half_width: float
    corners: dict[str, Float[np.ndarray, " 3"]]  # of the side
    off_middle: Weights  # |x| from the mouth's middle, in half widths, at most 3
    along: Weights  # the same, signed, from -1 to 1
    arch: Weights  # 1 in the middle of the lips, 0 at the corners
    upper: Weights  # 1 on the upper lip
    lower: Weights
    ring: Weights  # 0 at the border of the red, 1 at the inner margin
    below: Bool[np.ndarray, " 468"]  # under the line through the mouth
    only_upper: Bool[np.ndarray, " 468"]  # exists in the upper layer alone
    only_lower: Bool[np.ndarray, " 468"]
    to_upper: Weights  # distance to the upper lip's outer border
    to_lower: Weights
    side: dict[str, Weights]  # 1 on that side of the face

    @property
    def upper_skin(self) -> Weights:
        """1 on the lips, falling off in the skin above."""
        return np.where(self.on_lips, 1.0, np.exp(-((self.to_upper / 9.0) ** 2)))

    def lower_skin(self, reach: Number = 11.0) -> Weights:
        return np.where(self.on_lips, 1.0, np.exp(-((self.to_lower / reach) ** 2)))

    @property
    def on_lips(self) -> Bool[np.ndarray, " 468"]:
        on = (self.upper > 0) | (self.lower > 0)
        on[LIP_CORNERS] = True
        return on

    def around(self, reach: Number) -> Weights:
        """1 on the lips' border, falling off around them."""
        return np.exp(-((np.minimum(self.to_upper, self.to_lower) / reach) ** 2))

    def spot(self, x: Number, y: Number, reach_x: Number, reach_y: Number) -> Weights:
        """1 at a point of the face, falling off about it."""
        away = self.vertices[:, :2] - [x, y]
        return np.exp(-((away[:, 0] / reach_x) ** 2) - (away[:, 1] / reach_y) ** 2)


def lip_weights(vertices: Float[np.ndarray, "468 3"]) -> LipWeights:
    x, y = vertices[:, 0], vertices[:, 1]
    left, right = vertices[LEFT_MOUTH_CORNER], vertices[RIGHT_MOUTH_CORNER]
    half_width = float(left[0] - right[0]) / 2
    along = (x - (left[0] + right[0]) / 2) / half_width
    off_middle = np.clip(np.abs(along), 0, 3)
    upper, lower = _on(UPPER_LIP), _on(LOWER_LIP)
    skin = (upper + lower == 0) & ~np.isin(np.arange(VERTICES), LIP_CORNERS)
    inner = (vertices[UPPER_LIP[-1]] + vertices[LOWER_LIP[-1]]) / 2
    below = y > np.interp(x, inner[:, 0], inner[:, 1])
    facing = off_middle < 1.02
    return LipWeights(
        vertices=vertices,
        half_width=half_width,
        corners={"Left": left, "Right": right},
        off_middle=off_middle,
        along=np.clip(along, -1, 1),
        arch=mouth_arch(off_middle),
        upper=upper,
        lower=lower,
        ring=_rings(),
        below=below,
        only_upper=(upper > 0) | (facing & ~below & skin),
        only_lower=(lower > 0) | (facing & below & skin),
        to_upper=_distance(vertices[:, :2], vertices[UPPER_LIP[0], :2]),
        to_lower=_distance(vertices[:, :2], vertices[LOWER_LIP[0], :2]),
        side={"Left": smoothstep(-9, 9, x), "Right": smoothstep(-9, 9, -x)},
    )


def mouth_arch(off_middle: Float[np.ndarray, " points"]) -> Float[np.ndarray, " points"]:
    """How far the lips part there when the mouth opens: 1 in the middle, 0 from the corners on."""
    return np.clip(1 - np.minimum(np.abs(off_middle), 1) ** 2, 0, 1) ** 0.85


def _on(rings: tuple[list[int], ...]) -> Weights:
    weights = np.zeros(VERTICES)
    weights[sorted({vertex for ring in rings for vertex in ring} - set(LIP_CORNERS))] = 1
    return weights


def _rings() -> Weights:
    """Later rings of a lip do not overwrite earlier ones at the shared corners."""
    depth: dict[int, float] = {}
    for rings in (UPPER_LIP, LOWER_LIP):
        for ring, value in zip(rings, RING_DEPTH, strict=True):
            for vertex in ring:
                depth.setdefault(vertex, value)
    weights = np.zeros(VERTICES)
    weights[list(depth)] = list(depth.values())
    return weights


def _distance(
    points: Float[np.ndarray, "points 2"], line: Float[np.ndarray, "corners 2"]
) -> Float[np.ndarray, " points"]:
    """Distance of each point to an open polyline."""
    start, step = line[:-1], line[1:] - line[:-1]
    lengths = (step**2).sum(-1).clip(1e-9)
    t = np.clip(((points[:, None] - start) * step).sum(-1) / lengths, 0, 1)
    feet = start + t[..., None] * step
    return np.asarray(np.linalg.norm(points[:, None] - feet, axis=-1).min(1))
