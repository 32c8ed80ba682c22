"""All shapes of one face, authored on its mesh."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from talkhead.engines.builtin.renderer.shapes.cheeks_brows import author_brows, author_cheeks
from talkhead.engines.builtin.renderer.shapes.jaw import author_closing, author_jaw
from talkhead.engines.builtin.renderer.shapes.lip_weights import LipWeights, lip_weights
from talkhead.engines.builtin.renderer.shapes.mouth import SIGN, author_mouth
from talkhead.engines.builtin.renderer.shapes.shape_set import INDEX, NEUTRAL, ShapeSet
from talkhead.faces.landmarks import LOWER_LIP_MIDDLE

NEUTRAL_UPPER_SHARE = 0.30  # of closing the portrait's open mouth is done by the upper lip


@dataclass(frozen=True)
class FaceShapes:
    """Displacements in millimetres of the head frame, by coefficient (`shape_set.NAMES`)."""

    upper: Float[np.ndarray, "names 468 3"]  # in the layer above the mouth's slit
    lower: Float[np.ndarray, "names 468 3"]
    in_upper: Bool[np.ndarray, " 468"]  # vertices the upper layer has
    in_lower: Bool[np.ndarray, " 468"]
    jaw_drop: float  # mm the lower incisors sink at jawOpen = 1
    jaw_forward: float  # mm they come forward; negative is back


@dataclass(frozen=True)
class OwnExpression:
    """What the portrait's mouth does at rest, if it is open."""

    smile: float  # 0 to 1
    place: Float[np.ndarray, " columns"]  # along the mouth: -1 and 1 are its corners
    gap: Float[np.ndarray, " columns"]  # mm between the lips there


def author_shapes(
    vertices: Float[np.ndarray, "468 3"], ear_depth: float, own: OwnExpression | None
) -> FaceShapes:
    """The shapes of a face.

    Args:
        vertices: the mesh in the head frame, millimetres.
        ear_depth: z of the ears there.
        own: the expression that is to be taken away; None if there is none.
    """
    lips = lip_weights(vertices)
    shapes = ShapeSet(lips.below, lips.upper, lips.lower)
    rigid = author_jaw(shapes, lips, ear_depth)
    author_mouth(shapes, lips)
    author_cheeks(shapes, lips)
    author_brows(shapes, lips)
    if own is not None:
        _author_neutral(shapes, lips, own)
    return FaceShapes(
        upper=shapes.upper,
        lower=shapes.lower,
        in_upper=~lips.only_lower,
        in_lower=~lips.only_upper,
        jaw_drop=float(rigid[LOWER_LIP_MIDDLE, 1]),
        jaw_forward=float(rigid[LOWER_LIP_MIDDLE, 2]),
    )


def _author_neutral(shapes: ShapeSet, lips: LipWeights, own: OwnExpression) -> None:
    """Takes the portrait's own smile away and closes its mouth."""
    row = INDEX[NEUTRAL]
    for side in SIGN:
        smile = INDEX[f"mouthSmile{side}"]
        shapes.upper[row] -= own.smile * shapes.upper[smile]
        shapes.lower[row] -= own.smile * shapes.lower[smile]
    # a smile thins the lips: give them their red back
    fuller = lips.arch * own.smile * (1 - lips.ring)
    shapes.upper_lip(NEUTRAL, lips.upper_skin * fuller, 0, -1.5, 0.5)
    shapes.lower_lip(NEUTRAL, lips.lower_skin() * fuller, 0, 1.3, 0.5)
    gap = np.interp(lips.along, own.place, own.gap)
    author_closing(shapes, lips, NEUTRAL, gap, NEUTRAL_UPPER_SHARE)
