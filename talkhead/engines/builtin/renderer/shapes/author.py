"""All shapes of one face, authored on its mesh."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from talkhead.engines.builtin.renderer.portrait.head_frame import HeadFrame
from talkhead.engines.builtin.renderer.portrait.lips import Mouth
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


def author_shapes(frame: HeadFrame, mouth: Mouth) -> FaceShapes:
    lips = lip_weights(frame.vertices)
    shapes = ShapeSet(lips.below, lips.upper, lips.lower)
    ear_depth = (frame.ear_depth - frame.stomion[2]) * frame.mm
    rigid = author_jaw(shapes, lips, ear_depth)
    author_mouth(shapes, lips)
    author_cheeks(shapes, lips)
    author_brows(shapes, lips)
    if mouth.open:
        _author_neutral(shapes, lips, mouth, frame.mm)
    return FaceShapes(
        upper=shapes.upper,
        lower=shapes.lower,
        in_upper=~lips.only_lower,
        in_lower=~lips.only_upper,
        jaw_drop=float(rigid[LOWER_LIP_MIDDLE, 1]),
        jaw_forward=float(rigid[LOWER_LIP_MIDDLE, 2]),
    )


def _author_neutral(shapes: ShapeSet, lips: LipWeights, mouth: Mouth, mm: float) -> None:
    """Takes the portrait's own smile away and closes its mouth."""
    row = INDEX[NEUTRAL]
    for side in SIGN:
        smile = INDEX[f"mouthSmile{side}"]
        shapes.upper[row] -= mouth.smile * shapes.upper[smile]
        shapes.lower[row] -= mouth.smile * shapes.lower[smile]
    # a smile thins the lips: give them their red back
    fuller = lips.arch * mouth.smile * (1 - lips.ring)
    shapes.upper_lip(NEUTRAL, lips.upper_skin * fuller, 0, -1.5, 0.5)
    shapes.lower_lip(NEUTRAL, lips.lower_skin() * fuller, 0, 1.3, 0.5)
    slit = mouth.slit
    gap = np.interp(lips.along, slit.u / slit.half_width, slit.gap * mm)
    author_closing(shapes, lips, NEUTRAL, gap, NEUTRAL_UPPER_SHARE)
