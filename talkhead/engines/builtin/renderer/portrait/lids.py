"""The eyes' openings and how their lids move."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from talkhead.engines.builtin.renderer.portrait.canvas import Canvas
from talkhead.engines.builtin.renderer.portrait.head_frame import HeadFrame
from talkhead.engines.builtin.renderer.portrait.pictures import blurred, look_up
from talkhead.engines.builtin.renderer.portrait.seam import cheapest_path
from talkhead.engines.builtin.renderer.portrait.slit import Slit, axis_between
from talkhead.engines.builtin.renderer.ramps import smoothstep
from talkhead.engines.builtin.renderer.shapes.shape_set import INDEX, NAMES
from talkhead.faces.iris import Eye, Side
from talkhead.faces.landmarks import BROWS

COLUMNS = 65
SNAP_OUT, SNAP_IN = 3.2, 1.6  # mm a lid's edge may lie outside and inside the landmarks
LASHES = 0.5  # mm at the lid's margin belong to the lid
FRAMES_ABOVE = 8.5  # mm over the lid where spectacle frames begin
LEAST_LID = 5.0  # mm of skin above the margin that moves with it


@dataclass(frozen=True)
class EyeOpening:
    slit: Slit
    eye: Eye  # canvas pixels
    lid_height: float  # pixels of skin above the upper margin that unfold


def eye_opening(canvas: Canvas, frame: HeadFrame, side: Side, glasses: bool) -> EyeOpening:
    eye, mm = canvas.eyes[side], frame.mm
    corners = (eye.lids[0], eye.lids[8])
    first, last = corners if side == "Right" else corners[::-1]
    axis = axis_between(first, last, COLUMNS)
    upper = _curve(axis, np.concatenate([eye.lids[:1], eye.lids[9:], eye.lids[8:9]]))
    lower = _curve(axis, eye.lids[:9])
    picture = blurred(canvas.rgb, 0.8)
    snapped = _snapped(axis, upper, picture, SNAP_OUT / mm, SNAP_IN / mm, mm)
    lower = _snapped(axis, lower, picture, SNAP_IN / mm, SNAP_OUT / mm, mm)
    lower = np.maximum(lower, snapped)
    upper = snapped + LASHES / mm * np.clip(1 - (axis.u / axis.half_width) ** 2, 0, 1)
    slit = axis.with_margins(upper, np.maximum(lower, upper))
    brow = frame.points[BROWS[side][1], :2]
    height = ((slit.centre - brow) @ slit.across).mean() + slit.upper.min() - 1 / mm
    height = max(float(height), LEAST_LID / mm)
    return EyeOpening(slit, eye, min(height, FRAMES_ABOVE / mm) if glasses else height)


def _curve(axis: Slit, points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, " columns"]:
    u, v = axis.local(points)
    order = np.argsort(u)
    u, v = u[order], v[order]
    distinct = np.concatenate([[True], np.diff(u) > 0.05])
    u, v = u[distinct], v[distinct]
    curve = PchipInterpolator(u, v)(np.clip(axis.u, u[0], u[-1]))
    return np.asarray(gaussian_filter1d(curve, 1.5))


def _snapped(
    axis: Slit,
    margin: Float[np.ndarray, " columns"],
    picture: Float32[np.ndarray, "height width 3"],
    above: float,
    below: float,
    mm: float,
) -> Float[np.ndarray, " columns"]:
    """The margin on the strongest colour edge nearby; the corners stay where they are."""
    offsets = np.arange(-above, below + 0.01, 0.5)
    strip = look_up(picture, axis.at(axis.u[:, None] + 0 * offsets, margin[:, None] + offsets))
    edge = np.linalg.norm(np.gradient(strip, axis=1), axis=-1)
    edge = edge / max(float(np.percentile(edge, 95)), 0.02)
    cost = 1.1 * (offsets * mm / 2.4) ** 2 - edge
    path = offsets[cheapest_path(cost, 0.25)]
    to_corner = (axis.half_width - np.abs(axis.u)) / (0.10 * axis.half_width)
    return margin + gaussian_filter1d(path, 3.0) * np.clip(to_corner, 0, 1)


def lid_fields(
    opening: EyeOpening, side: Side, points: Float[np.ndarray, "points 2"], mm: float
) -> tuple[Float32[np.ndarray, "names 3 points"], Float32[np.ndarray, "names 3 points"]]:
    """Displacements at `points` for each coefficient, pixels: upper and lower lid's layer."""
    slit = opening.slit
    u, v = slit.local(points)
    upper_edge = v - slit.upper_at(u)
    lower_edge = v - slit.lower_at(u)
    gap = np.interp(u, slit.u, slit.gap, left=0, right=0)
    arch = np.clip(1 - (u / (slit.half_width * 1.12)) ** 2, 0, 1)
    rigid = min(1.6 / mm / opening.lid_height, 0.3)  # the lash line moves as one piece
    above = 1 - smoothstep(rigid, 1.0, np.clip(-upper_edge / opening.lid_height, 0, 1))
    upper_reach = np.where(upper_edge < 0, above, 1)
    below = 1 - smoothstep(0, 1, np.clip(lower_edge / (10 / mm), 0, 1))
    lower_reach = np.where(lower_edge > 0, below, 1)
    upper = np.zeros((len(NAMES), 3, len(points)), np.float32)
    lower = np.zeros_like(upper)
    for name, up, low in (
        ("eyeBlink", gap * 0.86, -gap * 0.16),
        ("eyeWide", -1.6 / mm * arch, 0.4 / mm * arch),
        (
            "eyeSquint",
            np.minimum(1.2 / mm * arch, 0.18 * gap),
            -np.minimum(2.4 / mm * arch, 0.32 * gap),
        ),
        ("eyeLookDown", np.minimum(3.0 / mm * arch, 0.40 * gap), 0.7 / mm * arch),
        ("eyeLookUp", -1.5 / mm * arch, -0.3 / mm * arch),
    ):
        row = INDEX[name + side]
        upper[row, :2] = slit.across[:, None] * (up * upper_reach)
        lower[row, :2] = slit.across[:, None] * (low * lower_reach)
    return upper, lower
