"""The cheeks and the brows."""

import numpy as np

from talkhead.engines.builtin.renderer.ramps import smoothstep
from talkhead.engines.builtin.renderer.shapes.lip_weights import LipWeights
from talkhead.engines.builtin.renderer.shapes.mouth import SIGN
from talkhead.engines.builtin.renderer.shapes.shape_set import VERTICES, ShapeSet, Weights, moved
from talkhead.faces.landmarks import ABOVE_LIDS, BROWS, LIDS

BROW_LIFT = 6.5  # mm


def author_cheeks(shapes: ShapeSet, lips: LipWeights) -> None:
    for side, sign in SIGN.items():
        on_side = lips.side[side]
        puffed = lips.spot(sign * 38, 4, 21, 24) * on_side
        shapes.both("cheekPuff", moved(puffed, 4.5 * sign, 0, 9.0))
        squinting = lips.spot(sign * 34, -36, 19, 15) * on_side
        shapes.both(f"cheekSquint{side}", moved(squinting, 0.5 * sign, -4.5, 2.0))
        under_eye = lips.spot(sign * 33, -42, 18, 10) * on_side
        shapes.both(f"eyeSquint{side}", moved(under_eye, 0, -1.6, 0.8))
    shapes.upper_lip("cheekPuff", lips.upper_skin, 0, -0.5, 2)
    shapes.lower_lip("cheekPuff", lips.lower_skin(), 0, 0.5, 2)


def author_brows(shapes: ShapeSet, lips: LipWeights) -> None:
    """Weights run along each brow, so that inner and outer raise add up to an even one."""
    for side, sign in SIGN.items():
        outwards = sign * lips.vertices[:, 0]
        t, near = _brow(lips, side)
        inner = 1 - smoothstep(-0.05, 0.95, t)
        outer = smoothstep(0.05, 1.0, t) * (1 - 0.35 * smoothstep(0.7, 1.1, t))
        lowered = 1 - 0.55 * smoothstep(0.2, 1.0, t)
        on_side = smoothstep(-12, 4, outwards)
        half = np.where(outwards > 0, 1.0, 0.0) + 0.5 * (outwards == 0)
        shapes.both("browInnerUp", moved(near * inner * half, y=-BROW_LIFT))
        shapes.both(f"browOuterUp{side}", moved(near * outer * on_side, y=-BROW_LIFT))
        shapes.both(f"browDown{side}", moved(near * lowered * on_side, -2.2 * sign, 5.4, 0.5))


def _brow(lips: LipWeights, side: str) -> tuple[Weights, Weights]:
    """Place along the brow (0 inner end, 1 outer end) and closeness to it."""
    sign, x, y = SIGN[side], lips.vertices[:, 0], lips.vertices[:, 1]
    upper, lower = BROWS[side]
    line = (lips.vertices[upper] + lips.vertices[lower]) / 2
    order = np.argsort(line[:, 0])
    height = np.interp(x, line[order, 0], line[order, 1])
    t = sign * (x - line[0, 0]) / (sign * (line[-1, 0] - line[0, 0]))
    # up into the forehead, down to the lids, which stay
    falling = np.exp(-(np.where(y < height, (y - height) / 27, (y - height) / 10) ** 2))
    inner_end = np.where(t < 0, np.exp(-((t / 0.55) ** 2)), 1)
    outer_end = np.where(t > 1, np.exp(-(((t - 1) / 0.38) ** 2)), 1)
    free = np.ones(VERTICES)
    free[LIDS] = 0
    free[ABOVE_LIDS] = 0.12
    return t, falling * inner_end * outer_end * free
