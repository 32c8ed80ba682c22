"""Teeth and a tongue, drawn in millimetres."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from talkhead.engines.builtin.renderer.ramps import smoothstep

PIXELS_A_MM = 4
HALF_WIDTH, TOP, BOTTOM = 34.0, -16.0, 16.0  # mm; y = 0 is the incisors' edge

Rgba = Float32[np.ndarray, "rows columns 4"]  # colours in [0, 1], premultiplied
Colour = Float[np.ndarray, " 3"]


@dataclass(frozen=True)
class Arch:
    """One row of teeth, from the middle outwards; mm. y grows towards the biting edge."""

    widths: tuple[float, ...]
    heights: tuple[float, ...]
    edges: tuple[float, ...]  # where each tooth ends
    curve: float  # how the edge line bends
    rounding: float  # of the corners


UPPER = Arch(
    widths=(8.3, 6.5, 6.4, 4.8, 3.8, 3.2, 2.6),
    heights=(9.6, 8.3, 9.2, 7.6, 7.0, 6.5, 6.0),
    edges=(0.0, -0.7, -0.25, -0.9, -1.3, -1.6, -1.9),
    curve=0.004,
    rounding=0.35,
)
LOWER = Arch(
    widths=(5.2, 5.5, 5.9, 4.9, 4.0, 3.3, 2.6),
    heights=(8.4, 8.4, 9.0, 7.6, 7.0, 6.5, 6.0),
    edges=(0.0, -0.1, 0.15, -0.3, -0.5, -0.8, -1.0),
    curve=0.0012,
    rounding=0.15,
)


def millimetres() -> tuple[Float[np.ndarray, "height width"], Float[np.ndarray, "height width"]]:
    """X and y of every pixel."""
    x = (np.arange(int(2 * HALF_WIDTH * PIXELS_A_MM)) + 0.5) / PIXELS_A_MM - HALF_WIDTH
    y = (np.arange(int((BOTTOM - TOP) * PIXELS_A_MM)) + 0.5) / PIXELS_A_MM + TOP
    columns, rows = np.meshgrid(x, y)
    return columns, rows


def dental_arch(
    arch: Arch, up: int, colour: Colour, gums: Colour, variety: np.random.Generator
) -> Rgba:
    """One row; `up` is 1 if its teeth hang from above and -1 if they stand."""
    x, y = millimetres()
    row = np.zeros((*x.shape, 4), np.float32)
    for side in (-1, 1):
        start = 0.0
        for width, height, edge in zip(arch.widths, arch.heights, arch.edges, strict=True):
            centre = side * (start + width / 2)
            start += width
            tint = np.array([1, 1 - 0.012 * (width < 6.4), 1 - 0.03 * (abs(centre) > 12)])
            tooth = colour * (1 + 0.025 * variety.standard_normal()) * tint
            columns = np.nonzero(np.abs(x[0] - centre) <= width / 2)[0]
            if not len(columns):
                continue
            here = slice(columns[0], columns[-1] + 1)
            off = np.abs(x[:, here] - centre) / (width / 2)
            above = edge - up * y[:, here]
            bite = arch.curve * centre * centre + arch.rounding * off**3
            _draw_tooth(row[:, here], off, above, above - bite, height, tooth, gums)
    recede = np.clip(1 - 0.80 * (np.abs(x) / 31) ** 2.0, 0.12, 1)  # the arch curves into the dark
    row[..., :3] *= (recede * row[..., 3]).astype(np.float32)[..., None]
    return row


def _draw_tooth(
    row: Rgba,
    off: Float[np.ndarray, "height width"],
    above: Float[np.ndarray, "height width"],
    to_edge: Float[np.ndarray, "height width"],
    height: float,
    colour: Colour,
    gums: Colour,
) -> None:
    """One tooth with its gum, not yet premultiplied, where nothing covers more.

    Args:
        row: the tooth's columns, drawn on.
        off: distance from the tooth's middle, in half widths.
        above: mm to where its middle ends.
        to_edge: mm to its biting edge, rounded and bent.
        height: mm from the edge to the gum in the middle.
        colour: of the tooth.
        gums: of the gum.
    """
    body = smoothstep(-0.45, 0.25, to_edge)
    scallop = 1.3 * off**2.2  # of the gum line
    crown = smoothstep(-0.3, 0.5, height - scallop - above)[..., None]
    bulge = 1 - 0.10 * off**2.5
    t = np.clip(to_edge / height, 0, 1)
    vertical = 0.93 + 0.10 * smoothstep(0.02, 0.30, t) - 0.10 * smoothstep(0.6, 1.0, t)
    between = 0.66 + 0.34 * smoothstep(0, 0.10, 1 - off)
    shaded = colour * (bulge * vertical * between)[..., None]
    gum = gums * (0.9 + 0.1 * bulge)[..., None]
    front = body > row[..., 3]
    row[front, :3] = (shaded * crown + gum * (1 - crown))[front]
    row[..., 3] = np.maximum(row[..., 3], body)


def drawn_tongue(colour: Float[np.ndarray, " 3"]) -> Rgba:
    x, y = millimetres()
    radius = np.sqrt((x / 19.0) ** 2 + ((y - 12) / 12.0) ** 2)
    cover = 1 - smoothstep(0.90, 1.03, radius)
    furrow = np.exp(-((x / 1.6) ** 2)) * smoothstep(0.95, 0.3, radius)
    shade = 0.62 + 0.38 * smoothstep(1.05, 0.45, radius) - 0.16 * furrow
    return np.dstack([colour * (shade * cover)[..., None], cover]).astype(np.float32)
