"""The lips: rounding, rolling, pressing, shrugging, and everything that pulls at one side."""

import numpy as np

from talkhead.engines.builtin.renderer.ramps import smoothstep
from talkhead.engines.builtin.renderer.shapes.lip_weights import LipWeights
from talkhead.engines.builtin.renderer.shapes.shape_set import ShapeSet, Weights, moved
from talkhead.faces.landmarks import LIP_CORNERS

CHIN_BULGE = 199  # the mesh vertex on the front of the chin
SIGN = {"Left": 1, "Right": -1}  # x of the side in the head frame


def author_mouth(shapes: ShapeSet, lips: LipWeights) -> None:
    _author_rounding(shapes, lips)
    _author_rolls(shapes, lips)
    for side in SIGN:
        _author_corner(shapes, lips, side)
        _author_half(shapes, lips, side)


def _author_rounding(shapes: ShapeSet, lips: LipWeights) -> None:
    inwards = lips.around(13) * np.clip(
        lips.vertices[:, 0], -1.35 * lips.half_width, 1.35 * lips.half_width
    )
    upper, lower = lips.upper_skin * lips.arch, lips.lower_skin() * lips.arch
    for name, narrower, forward, up, down in (
        ("mouthFunnel", 0.22, 6.0, 1.2, 3.2),
        ("mouthPucker", 0.36, 7.0, 0.3, 0.4),
    ):
        shapes.both(name, moved(inwards, x=-narrower))
        shapes.both(name, moved(lips.around(12), z=forward))
        shapes.upper_lip(name, upper, 0, -up, 0)
        shapes.lower_lip(name, lower, 0, down, 0)
    # puckered lips get thicker
    shapes.upper_lip("mouthPucker", upper * (1 - lips.ring), 0, -0.9, 0)
    shapes.lower_lip("mouthPucker", lower * (1 - lips.ring), 0, 1.2, 0)
    for side, sign in SIGN.items():
        shapes.both(f"mouth{side}", moved(lips.around(15), x=8.0 * sign))


def _author_rolls(shapes: ShapeSet, lips: LipWeights) -> None:
    upper, lower = lips.upper_skin * lips.arch, lips.lower_skin() * lips.arch
    rolled = np.where(lips.upper > 0, 1.0 - 0.72 * lips.ring, 0.85)
    shapes.upper_lip("mouthRollUpper", upper * rolled, 0, 3.6, -2)
    rolled = np.where(lips.lower > 0, 1.0 - 0.70 * lips.ring, 0.8)
    shapes.lower_lip("mouthRollLower", lower * rolled, 0, -4.8, -3)
    chin = lips.spot(0, lips.vertices[CHIN_BULGE, 1], 22, 13)
    shapes.upper_lip("mouthShrugLower", upper, 0, -1.6, 0.5)
    shapes.lower_lip("mouthShrugLower", np.maximum(lower, 0.8 * chin), 0, -4.2, 1.5)
    shapes.upper_lip("mouthShrugUpper", upper, 0, -2.6, 0.8)


def _at_corner(lips: LipWeights, side: str) -> Weights:
    """1 at the mouth's corner, falling off along the lips and in the skin around."""
    outwards = SIGN[side] * lips.vertices[:, 0]
    corner, half = lips.corners[side], lips.half_width
    skin = lips.spot(corner[0], corner[1], 17, 15) * smoothstep(-0.1 * half, 0.6 * half, outwards)
    on_lip = lips.upper + lips.lower > 0
    near = np.where(on_lip, np.clip(outwards / half, 0, 1) ** 1.25, skin)
    near[LIP_CORNERS] = outwards[LIP_CORNERS] > 0
    return near


def _author_corner(shapes: ShapeSet, lips: LipWeights, side: str) -> None:
    sign, on_side = SIGN[side], lips.side[side]
    near = _at_corner(lips, side)
    cheek = lips.spot(sign * 36, -26, 19, 17) * on_side
    jowl = lips.spot(sign * (lips.half_width + 6), 14, 15, 15) * on_side
    upper, lower = lips.upper_skin * lips.arch * on_side, lips.lower_skin() * lips.arch * on_side
    smile, frown = f"mouthSmile{side}", f"mouthFrown{side}"
    shapes.both(smile, moved(near, 8.0 * sign, -6.0, -4.0))
    shapes.both(smile, moved(cheek, 1.5 * sign, -4.0, 2.5))
    shapes.both(smile, moved(jowl, 2.5 * sign, -1.5, 0))
    shapes.upper_lip(smile, upper * (1 - 0.35 * lips.ring), 0, -0.9, -1)
    shapes.lower_lip(smile, lower * (1 - 0.5 * lips.ring), 0, -0.6, -1)
    shapes.both(frown, moved(near, 1.5 * sign, 6.0, -1))
    shapes.both(frown, moved(jowl, 0.5 * sign, 2.5, 0))
    shapes.lower_lip(frown, lower, 0, -1.0, 0.5)
    shapes.both(f"mouthDimple{side}", moved(near, 3.8 * sign, -0.4, -4))
    shapes.both(f"mouthStretch{side}", moved(near, 6.5 * sign, 2.2, -3))
    shapes.both(f"mouthStretch{side}", moved(jowl, 3.0 * sign, 2.0, 0))
    shapes.upper_lip(f"mouthPress{side}", lips.upper_skin * on_side, 0, 0.9, -0.8)
    shapes.lower_lip(f"mouthPress{side}", lips.lower_skin() * on_side, 0, -1.1, -0.8)
    shapes.both(f"mouthPress{side}", moved(near, 1.2 * sign, 0, -1))


def _author_half(shapes: ShapeSet, lips: LipWeights, side: str) -> None:
    """What raises or lowers half a lip."""
    sign, on_side = SIGN[side], lips.side[side]
    place = np.abs(lips.vertices[:, 0]) / lips.half_width
    half = on_side * np.clip(1 - np.abs(place - 0.45) ** 2 * 1.6, 0, 1)
    half = half * (lips.off_middle < 1) * (0.25 + 0.75 * lips.arch)
    shapes.lower_lip(f"mouthLowerDown{side}", lips.lower_skin(16) * half, 0.5 * sign, 6.5, -0.5)
    raised = f"mouthUpperUp{side}"
    shapes.upper_lip(raised, lips.upper_skin * half, 0, -5.5, -0.5)
    shapes.both(raised, moved(lips.spot(sign * 17, -18, 11, 10) * on_side, 0, -2.2, 0.5))
    sneer = f"noseSneer{side}"
    shapes.both(sneer, moved(lips.spot(sign * 14, -22, 11, 13) * on_side, 0.4 * sign, -4.0, 0.5))
    shapes.both(sneer, moved(lips.spot(sign * 10, -48, 9, 12) * on_side, 0, -1.2, 1.0))
    shapes.upper_lip(sneer, lips.upper_skin * half, 0, -2.2, 0)
