"""Spectacles: whether the portrait wears them, and where its frames must not bend."""

import numpy as np
from jaxtyping import Float, Float32

from talkhead.engines.builtin.renderer.portrait.canvas import SIZE
from talkhead.engines.builtin.renderer.portrait.pictures import (
    blurred,
    distance_to,
    filled_polygon,
    look_up,
)
from talkhead.engines.builtin.renderer.ramps import smoothstep

EYE_CORNERS = {"Right": (33, 133), "Left": (263, 362)}  # outer, inner
EYE_SPAN = 90.0  # mm between the outer corners: the ruler here
BRIDGE_EDGE, RIM_EDGE = 0.09, 0.13  # RGB change per half millimetre that a frame causes
RAMP = 13.0  # mm over which expression comes back beside the frames
# the outline of what frames may cover, mm from the middle between the eyes
OUTLINE = (
    *((-72, -19), (-30, -15), (0, -12), (30, -15), (72, -19), (72, -2), (52, 14)),
    *((36, 27), (16, 24), (0, 2), (-16, 24), (-36, 27), (-52, 14), (-72, -2)),
)


def wears_glasses(
    rgb: Float32[np.ndarray, "height width 3"], points: Float[np.ndarray, "468 3"]
) -> bool:
    """A frame crosses the bare bridge of the nose and runs in an arc below each eye."""
    flat = points[:, :2]
    across = flat[EYE_CORNERS["Left"][0]] - flat[EYE_CORNERS["Right"][0]]
    pixels = float(np.linalg.norm(across)) / EYE_SPAN  # per mm
    across = across / np.linalg.norm(across)
    down = np.array([-across[1], across[0]])
    smooth = blurred(rgb, 0.35 * pixels)
    middle = (flat[EYE_CORNERS["Right"][1]] + flat[EYE_CORNERS["Left"][1]]) / 2
    v, u = np.arange(-12, 16, 0.5) * pixels, np.arange(-4, 4.1, 0.5) * pixels
    bridge = look_up(smooth, middle + u[:, None] * across + v[:, None, None] * down).mean(1)
    if _change(bridge, 0).max() <= BRIDGE_EDGE:
        return False
    angle = np.radians(np.arange(40, 141, 5))[:, None, None]
    rays = np.cos(angle) * across + np.sin(angle) * down
    radius = (np.arange(11, 30, 0.5) * pixels)[:, None]
    for corners in EYE_CORNERS.values():
        arc = look_up(smooth, flat[list(corners)].mean(0) + radius * rays)
        if np.median(_change(arc, 1).max(1)) <= RIM_EDGE:
            return False
    return True


def _change(colours: Float32[np.ndarray, "*shape 3"], axis: int) -> Float32[np.ndarray, "*shape"]:
    return np.asarray(np.linalg.norm(np.gradient(colours, 0.5, axis=axis), axis=-1))


def freedom(points: Float[np.ndarray, "468 3"], mm: float) -> Float32[np.ndarray, "height width"]:
    """0 where frames may be, where expression must not bend them; 1 well away from them."""
    first, last = (points[EYE_CORNERS[side][0], :2] for side in ("Right", "Left"))
    across = (last - first) / np.linalg.norm(last - first)
    down = np.array([-across[1], across[0]])
    outline = (first + last) / 2 + np.array(OUTLINE) / mm @ np.stack([across, down])
    away = distance_to(filled_polygon(SIZE + 1, outline, inside=0))
    return smoothstep(0, RAMP / mm, away).astype(np.float32)
