"""The jaw: a rotation about its joint, and the lips that follow it."""

import numpy as np
from jaxtyping import Float

from talkhead.engines.builtin.renderer.ramps import smoothstep
from talkhead.engines.builtin.renderer.shapes.lip_weights import LipWeights, mouth_arch
from talkhead.engines.builtin.renderer.shapes.shape_set import (
    Displacements,
    ShapeSet,
    Weights,
    moved,
)
from talkhead.faces.landmarks import LEFT_CHEEK, LIP_CORNERS, LOWER_LIP_MIDDLE, RIGHT_CHEEK

OPENING = 19.0  # degrees at jawOpen = 1
CONDYLE_GLIDE = (0.0, 6.5, 7.0)  # mm the joint itself slides at jawOpen = 1
CORNER_SHARE = 0.40  # of the jaw's motion at the mouth corners
UPPER_SHARE = 0.03  # of it on the upper lip
SLIDE = 7.0  # mm at jawLeft or jawRight = 1
CLOSE_UPPER_SHARE = 0.28  # of closing is done by the upper lip


def author_jaw(shapes: ShapeSet, lips: LipWeights, ear_depth: float) -> Displacements:
    """The jaw's coefficients and mouthClose; gives the rigid displacement at jawOpen = 1.

    Args:
        shapes: what is authored.
        lips: weights of the vertices.
        ear_depth: millimetres, z of the joint in the head frame.
    """
    joint = lips.vertices[[RIGHT_CHEEK, LEFT_CHEEK]].mean(0) + np.array([0, -2.0, -4.0])
    joint[2] = ear_depth
    arm = lips.vertices - joint
    distance = np.hypot(arm[:, 1], arm[:, 2])
    angle = np.degrees(np.arctan2(arm[:, 1], np.maximum(arm[:, 2], 1e-3)))
    mandible = smoothstep(18, 52, angle)  # by the angle below the ear, seen from the side
    upper, lower = _weights(lips, mandible)

    rigid = _opened(arm) - arm + np.array(CONDYLE_GLIDE) * smoothstep(10, 60, distance)[:, None]
    rigid *= (1 - 0.75 * smoothstep(44, 70, np.abs(lips.vertices[:, 0])))[:, None]
    shapes.each("jawOpen", rigid * upper[:, None], rigid * lower[:, None])
    # the mouth narrows as it opens
    inwards = lips.around(9) * np.clip(lips.off_middle, 0, 1.2) * np.tanh(lips.vertices[:, 0] / 6)
    shapes.both("jawOpen", moved(inwards, x=-2.6))

    far = smoothstep(15, 60, distance)
    chin = lips.only_lower | (mandible > 0.5)
    sliding = np.where(chin, np.maximum(lower, mandible), lower) * far
    for name, x, y, z in (
        ("jawForward", 0, 0.6, 6.0),
        ("jawLeft", SLIDE, 0, 0),
        ("jawRight", -SLIDE, 0, 0),
    ):
        shapes.each(name, moved(upper * far, x, y, z), moved(sliding, x, y, z))
    _author_close(shapes, lips, float(rigid[LOWER_LIP_MIDDLE, 1]))
    return rigid


def _weights(lips: LipWeights, mandible: Weights) -> tuple[Weights, Weights]:
    """The share of the rigid motion each vertex takes, in the upper and in the lower layer."""
    lower_lip = CORNER_SHARE + (1 - CORNER_SHARE) * lips.arch
    upper_lip = UPPER_SHARE + (CORNER_SHARE - UPPER_SHARE) * (1 - lips.arch)
    to_chin = smoothstep(0, 14, lips.to_lower)
    chin = np.maximum(mandible, smoothstep(0, 0.6, 1 - 0.5 * lips.off_middle))
    under = (1 - to_chin) * lower_lip + to_chin * chin
    lower = np.where(lips.lower > 0, lower_lip, np.where(lips.only_lower, under, mandible))
    off = smoothstep(4, 22, lips.to_upper)
    over = mandible * off + (1 - off) * upper_lip * np.exp(-((lips.to_upper / 14) ** 2))
    upper = np.where(lips.upper > 0, upper_lip, over)
    lower[LIP_CORNERS] = upper[LIP_CORNERS] = CORNER_SHARE
    beside = ~(lips.only_upper | lips.only_lower)
    near = np.exp(-((_to_corners(lips) / 8) ** 2))
    lower = np.where(beside, near * CORNER_SHARE + (1 - near) * mandible, lower)
    return np.where(beside, lower, upper), lower


def _to_corners(lips: LipWeights) -> Weights:
    """Distance to the nearer mouth corner, mm."""
    distances = [
        np.linalg.norm((lips.vertices - corner)[:, :2], axis=1) for corner in lips.corners.values()
    ]
    return np.minimum(*distances)


def _opened(arm: Float[np.ndarray, "468 3"]) -> Float[np.ndarray, "468 3"]:
    """Rotated about the x axis through the joint."""
    angle = np.deg2rad(OPENING)
    out = arm.copy()
    out[:, 1] = arm[:, 1] * np.cos(angle) + arm[:, 2] * np.sin(angle)
    out[:, 2] = arm[:, 2] * np.cos(angle) - arm[:, 1] * np.sin(angle)
    return out


def _author_close(shapes: ShapeSet, lips: LipWeights, drop: float) -> None:
    """MouthClose by definition closes what jawOpen opened; `drop` mm at the lower lip's middle."""
    arch = mouth_arch(lips.along)
    lower = CORNER_SHARE + (1 - CORNER_SHARE) * arch
    upper = UPPER_SHARE + (CORNER_SHARE - UPPER_SHARE) * (1 - arch)
    author_closing(shapes, lips, "mouthClose", drop * (lower - upper), CLOSE_UPPER_SHARE)


def author_closing(
    shapes: ShapeSet, lips: LipWeights, name: str, gap: Weights, upper_share: float
) -> None:
    """Closes a gap between the lips (mm at each vertex): lower lip up, upper lip down."""
    gap = gap * (lips.off_middle < 1)
    shapes.upper_lip(name, gap * lips.upper_skin, 0, upper_share, 0)
    shapes.lower_lip(name, gap * lips.lower_skin(16), 0, upper_share - 1, 0)
