"""Where the lips part: the two margins of the mouth, snapped to what the picture shows."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from talkhead.engines.builtin.renderer.portrait.canvas import Canvas
from talkhead.engines.builtin.renderer.portrait.head_frame import HeadFrame
from talkhead.engines.builtin.renderer.portrait.pictures import blurred, look_up, luma
from talkhead.engines.builtin.renderer.portrait.seam import cheapest_path
from talkhead.engines.builtin.renderer.portrait.slit import Slit, axis_between
from talkhead.faces.landmarks import (
    LEFT_MOUTH_CORNER,
    LOWER_LIP,
    RIGHT_MOUTH_CORNER,
    UPPER_LIP,
)

COLUMNS = 129
OPEN = 2.0  # mm of gap from which the portrait's mouth counts as open
CREASE_REACH = 2.2  # mm the lip line of a closed mouth may be off the mesh
CORNER_REACH = 5.0  # mm around the middle that are searched for the dark of a mouth corner
CORNER_DARK = 0.72  # of the lips' brightness: darker is the opening
CORNER_TALLEST = 7.0  # mm: a taller dark run is a shadow, not a corner
QUIET_NARROW, QUIET_WIDE = 53.0, 69.0  # mm between the corners: no smile, a full one


@dataclass(frozen=True)
class Mouth:
    """The portrait's own mouth."""

    slit: Slit
    open: bool  # teeth may show
    smile: float  # how much it smiles, 0 to 0.85


def mouth_of(canvas: Canvas, frame: HeadFrame) -> Mouth:
    slit = _meshed(frame)
    width = float(
        np.linalg.norm(
            frame.vertices[LEFT_MOUTH_CORNER, :2] - frame.vertices[RIGHT_MOUTH_CORNER, :2]
        )
    )
    light = luma(canvas.rgb).astype(np.float32)
    if slit.gap.max() * frame.mm <= OPEN:
        return Mouth(_on_crease(slit, light, frame.mm), open=False, smile=0.0)
    smile = np.clip((width - QUIET_NARROW) / (QUIET_WIDE - QUIET_NARROW), 0, 0.85)
    return Mouth(_with_dark_corners(slit, light, frame.mm), open=True, smile=float(smile))


def _meshed(frame: HeadFrame) -> Slit:
    """The margins as the mesh has them."""
    points = frame.points[:, :2]
    axis = axis_between(points[RIGHT_MOUTH_CORNER], points[LEFT_MOUTH_CORNER], COLUMNS)
    upper, lower = (_margin(axis, points[ring]) for ring in (UPPER_LIP[-1], LOWER_LIP[-1]))
    return axis.with_margins(upper, lower)


def _margin(axis: Slit, points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, " columns"]:
    u, v = axis.local(points)
    u = np.concatenate([[-axis.half_width], u, [axis.half_width]])
    return np.asarray(PchipInterpolator(u, np.concatenate([[0], v, [0]]))(axis.u))


def _to_corner(slit: Slit, share: float) -> Float[np.ndarray, " columns"]:
    """1 inside, falling to 0 over the last `share` of the half width."""
    inside = slit.half_width - np.abs(slit.u)
    return np.asarray(np.clip(inside / (share * slit.half_width), 0, 1))


def _strip(
    slit: Slit,
    light: Float32[np.ndarray, "height width"],
    middle: Float[np.ndarray, " columns"],
    offsets: Float[np.ndarray, " offsets"],
) -> Float32[np.ndarray, "columns offsets"]:
    return look_up(light, slit.at(slit.u[:, None] + 0 * offsets, middle[:, None] + offsets))


def _on_crease(slit: Slit, light: Float32[np.ndarray, "height width"], mm: float) -> Slit:
    """Both margins of a closed mouth on the line between the lips: dark, brighter below."""
    middle = (slit.upper + slit.lower) / 2
    reach = CREASE_REACH / mm
    offsets = np.arange(-reach, reach + 0.01, 0.5)
    strip = _strip(slit, blurred(light, 0.8), middle, offsets)
    brighter_below = np.gradient(strip, 0.5, axis=1)  # per pixel
    cost = strip - 2 * brighter_below + 0.02 * (offsets / reach) ** 2
    path = offsets[cheapest_path(cost, 0.02)]
    line = middle + gaussian_filter1d(path, 4) * _to_corner(slit, 0.12)
    return slit.with_margins(line, line)


def _with_dark_corners(slit: Slit, light: Float32[np.ndarray, "height width"], mm: float) -> Slit:
    """The dark mouth corners belong to the opening: widen it to the dark run of each column."""
    upper, lower = slit.upper.copy(), slit.lower.copy()
    middle = (upper + lower) / 2
    offsets = np.arange(-CORNER_REACH / mm, CORNER_REACH / mm + 0.01, 0.5)
    strip = _strip(slit, blurred(light, 0.7), middle, offsets)
    place = np.abs(slit.u) / slit.half_width
    for column in np.nonzero((place > 0.55) & (place < 0.97))[0]:
        near = np.abs(offsets) <= max(slit.gap[column] / 2, 1.5 / mm)
        run = _dark_run(strip[column], near)
        if run is None or offsets[run[1]] - offsets[run[0]] >= CORNER_TALLEST / mm:
            continue
        upper[column] = min(upper[column], middle[column] + offsets[run[0]] - 0.5)
        lower[column] = max(lower[column], middle[column] + offsets[run[1]] + 0.5)
    middle, half = (upper + lower) / 2, (lower - upper) / 2 * _to_corner(slit, 0.05)
    upper, lower = (gaussian_filter1d(margin, 2.2) for margin in (middle - half, middle + half))
    return slit.with_margins(upper, np.maximum(lower, upper))


def _dark_run(light: Float32[np.ndarray, " offsets"], near: np.ndarray) -> tuple[int, int] | None:
    """First and last offset of the connected dark run that touches `near`."""
    dark = light < CORNER_DARK * np.percentile(light, 80)
    seeds = np.nonzero(dark & near)[0]
    if not len(seeds):
        return None
    first, last = int(seeds[0]), int(seeds[-1])
    while first > 0 and dark[first - 1]:
        first -= 1
    while last < len(dark) - 1 and dark[last + 1]:
        last += 1
    return first, last
