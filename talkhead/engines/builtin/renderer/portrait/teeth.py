"""The mouth's inside in millimetres: two dental arches and a tongue, with the portrait's teeth."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Float32

from talkhead.engines.builtin.renderer.portrait.canvas import SIZE, Canvas
from talkhead.engines.builtin.renderer.portrait.dental_arch import (
    LOWER,
    PIXELS_A_MM,
    UPPER,
    Colour,
    Rgba,
    dental_arch,
    drawn_tongue,
    millimetres,
)
from talkhead.engines.builtin.renderer.portrait.head_frame import HeadFrame
from talkhead.engines.builtin.renderer.portrait.lips import Mouth
from talkhead.engines.builtin.renderer.portrait.pictures import LUMA, blurred, look_up, luma
from talkhead.engines.builtin.renderer.portrait.slit import Slit
from talkhead.engines.builtin.renderer.ramps import smoothstep
from talkhead.faces.landmarks import LEFT_CHEEK_SKIN, RIGHT_CHEEK_SKIN

GREY = 0.015  # mean difference of the skin's channels from its luma: less is a grey picture
FLESH = (0.88, 1.2, 1.5)  # exponents of R, G, B: what lies in shade is lit through flesh
PHILTRUM = [2, 164, 0]  # mesh points under which the dental midline lies
BEHIND_LIPS = 5.0  # mm
VARIETY_SEED = 7  # teeth differ a little in brightness, the same way in every mouth


@dataclass(frozen=True)
class MouthInside:
    upper: Rgba
    lower: Rgba
    tongue: Rgba
    cavity: Float32[np.ndarray, " 3"]  # colour of the dark
    shading: tuple[float, float, float]  # exponents of R, G and B in the lips' shade
    origin: Float32[np.ndarray, " 2"]  # canvas pixels of (0, 0) mm
    depth: float  # pixels, of the incisors
    photographed: bool  # the portrait shows its teeth


@dataclass(frozen=True)
class _Light:
    """What the picture's light makes of things in the mouth."""

    brightness: float  # of the brighter skin
    coloured: bool  # not a grey picture
    teeth: Colour
    gums: Colour
    tongue: Colour
    cavity: Colour


@dataclass(frozen=True)
class _SeenTeeth:
    edge: float  # v of the upper teeth's biting edge, pixels
    colour: Colour
    brightness: float  # of the brighter pixels in the opening


def mouth_inside(canvas: Canvas, frame: HeadFrame, mouth: Mouth) -> MouthInside:
    slit, mm = mouth.slit, frame.mm
    light = _light_on(canvas.rgb, frame)
    off = (frame.points[PHILTRUM, :2].mean(0) - slit.centre) @ slit.along
    middle = float(np.clip(off, -3 / mm, 3 / mm))
    seen = _seen_teeth(canvas.rgb, slit, middle, mm) if mouth.open else None
    colour = seen.colour if seen else light.teeth
    edge = seen.edge if seen else float(slit.upper_at(np.array(middle))) + 2.8 / mm
    variety = np.random.default_rng(VARIETY_SEED)
    soft = max(0.25, 0.45 * max(1.0, canvas.scale) * mm) * PIXELS_A_MM
    upper = blurred(dental_arch(UPPER, 1, colour, light.gums, variety), soft)
    lower = blurred(dental_arch(LOWER, -1, colour * 0.86, light.gums * 0.85, variety), soft)
    origin = slit.at(np.array(middle), np.array(edge))
    if seen:
        upper = _with_photo(upper, canvas.rgb, slit, origin, mm, seen.brightness)
    return MouthInside(
        upper=upper,
        lower=lower,
        tongue=blurred(drawn_tongue(light.tongue), soft),
        cavity=light.cavity.astype(np.float32),
        shading=FLESH if light.coloured else (FLESH[1],) * 3,
        origin=origin.astype(np.float32),
        depth=float(frame.stomion[2] - BEHIND_LIPS / mm),
        photographed=seen is not None,
    )


def _light_on(rgb: Float32[np.ndarray, "height width 3"], frame: HeadFrame) -> _Light:
    """Exposure and white balance from the skin of the cheeks."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    for points in (RIGHT_CHEEK_SKIN, LEFT_CHEEK_SKIN):
        cv2.fillConvexPoly(mask, cv2.convexHull(frame.points[points, :2].astype(np.int32)), 1)
    skin = rgb[mask > 0]
    light = luma(skin)
    bright = skin[light >= np.median(light)].mean(0) if len(skin) else rgb.mean((0, 1))
    brightness = float(bright @ LUMA)
    warm = bright / max(brightness, 0.02)
    teeth = np.array([1.03, 0.995, 0.92]) * (1 + 0.52 * (warm - 1))
    teeth *= np.clip(0.98 * brightness + 0.08, 0.30, 0.90) / (teeth @ LUMA)
    colours: list[Colour] = [
        teeth,
        np.array([0.70, 0.36, 0.36]) * brightness * 0.85,
        np.array([0.90, 0.47, 0.46]) * brightness * 0.92,
        np.array([0.20, 0.062, 0.055]) * (0.35 + 0.65 * brightness),
    ]
    coloured = not len(skin) or float(np.abs(skin - light[:, None]).mean()) > GREY
    if not coloured:
        colours = [np.full(3, colour @ LUMA) for colour in colours]
    return _Light(brightness, coloured, *colours)


def _seen_teeth(
    rgb: Float32[np.ndarray, "height width 3"], slit: Slit, middle: float, mm: float
) -> _SeenTeeth | None:
    """The teeth in the portrait's open mouth, if bright enough to be teeth."""
    columns = []
    for u, upper, lower in zip(slit.u, slit.upper, slit.lower, strict=True):
        if lower - upper < 2:
            continue
        v = np.arange(upper + 1, lower - 0.5, 0.5)
        columns.append((u, v, look_up(rgb, slit.at(np.full(len(v), u), v)[None])[0]))
    if not columns:
        return None
    colours = np.concatenate([pixels for _, _, pixels in columns])
    light = luma(colours)
    bright = float(np.percentile(light, 85))
    ends = []
    for u, v, pixels in columns:
        tooth = v[luma(pixels) > 0.62 * bright]
        if len(tooth) and abs(u - middle) < 0.4 * slit.half_width:
            ends.append(tooth.max())
    if bright <= 0.35 or len(ends) <= 5:
        return None
    colour = colours[light >= np.percentile(light, 60)].mean(0) * 1.02
    return _SeenTeeth(float(np.median(ends)) + 0.3 / mm, colour, bright)


def _with_photo(
    upper: Rgba,
    rgb: Float32[np.ndarray, "height width 3"],
    slit: Slit,
    origin: Float[np.ndarray, " 2"],
    mm: float,
    brightness: float,
) -> Rgba:
    """The upper arch with the portrait's own teeth where they show."""
    x, y = millimetres()
    points = origin + (x / mm)[..., None] * slit.along + (y / mm)[..., None] * slit.across
    colours = look_up(rgb, points)
    u, v = slit.local(points)
    inside = smoothstep(0.5, 2.2, v - slit.upper_at(u)) * smoothstep(1.2, 3.2, slit.lower_at(u) - v)
    inside = inside * (np.abs(u) < 0.93 * slit.half_width)
    tooth = smoothstep(0.30 * brightness, 0.55 * brightness, luma(colours))
    share = blurred((inside * tooth).astype(np.float32), 0.8)[..., None]
    photo = np.dstack([colours, np.ones(x.shape, np.float32)])
    return np.asarray(photo * share + upper * (1 - share), np.float32)
