"""Teeth, tongue and the dark behind the lips: flat pictures at their own depths.

The upper teeth are fixed to the skull; the lower ones and the tongue ride on the jaw.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from talkhead.engines.builtin.renderer.frame.head_turn import HeadTurn
from talkhead.engines.builtin.renderer.frame.layering import affine
from talkhead.engines.builtin.renderer.frame.sampling import Texture
from talkhead.engines.builtin.renderer.portrait.dental_arch import HALF_WIDTH, PIXELS_A_MM, TOP
from talkhead.engines.builtin.renderer.portrait.study import Arrays
from talkhead.engines.builtin.renderer.ramps import smoothstep_tensor
from talkhead.engines.builtin.renderer.shapes.jaw import SLIDE
from talkhead.engines.builtin.renderer.shapes.shape_set import INDEX

OVERBITE = 2.2  # mm the lower incisors rest above the upper ones' edge

Plane = Float[Tensor, "frames height width"]
Pixels = Float[Tensor, "frames 2 height width"]
Colours = Float[Tensor, "frames 3 height width"]
Row = Float[Tensor, "frames 4 height width"]  # premultiplied colours, alpha
Scalars = Float[Tensor, " frames"]


class MouthInside:
    def __init__(self, arrays: Arrays, device: torch.device) -> None:
        rows = torch.from_numpy(arrays["mouth.rows"]).float().to(device)
        self._upper, self._lower, self._tongue = (Texture(row[None]) for row in rows)
        self._cavity = torch.from_numpy(arrays["mouth.cavity"]).to(device)[:, None, None]
        self._shading = [float(exponent) for exponent in arrays["mouth.shading"]]
        place = torch.from_numpy(arrays["mouth.place"]).to(device)
        self._origin, self.depth = place[:2], place[2:]
        along_x, along_y = (float(value) for value in arrays["mouth.axis"][2:4])
        self._axes = torch.tensor([[along_x, along_y], [-along_y, along_x]], device=device)
        self._mm = float(arrays["head.mm"][0])
        self._drop, self._forward = (float(value) for value in arrays["mouth.jaw"])
        self.photographed = bool(arrays["mouth.photographed"][0])

    def draw(
        self,
        pixels: Pixels,
        below_upper: Plane,
        above_lower: Plane,
        expression: Float[Tensor, "frames names"],
        turn: HeadTurn,
    ) -> Colours:
        """Colour levels at output pixels, given their distances (pixels) to the lips' margins."""
        upper, lower, tongue = self._rows(pixels, expression, turn)
        below, above = (edge.clamp_min(0) * self._mm for edge in (below_upper, above_lower))
        gap = below + above  # mm
        light = self._light(gap, expression)
        upper_shade, lower_shade = self._shades(below, above)
        deep = 0.50 + 0.50 * smoothstep_tensor(3, 14, gap)
        dark = smoothstep_tensor(2, 16, gap) * (1 - smoothstep_tensor(0, 22, below))
        inside = self._cavity * (0.35 + 0.65 * dark)[:, None]
        inside = self._over(inside, tongue, 0.75 * deep)
        inside = self._over(inside, lower, 0.92 * lower_shade * light)
        out = expression[:, INDEX["tongueOut"], None, None, None].clamp(0, 1)
        inside = inside.lerp(self._over(inside, tongue, 0.86 + 0.14 * deep), out)
        return self._over(inside, upper, upper_shade * light)

    def _over(self, below: Colours, row: Row, shade: Plane) -> Colours:
        lit = torch.stack([shade**exponent for exponent in self._shading], 1)
        return row[:, :3] * lit + below * (1 - row[:, 3:])

    def _rows(
        self, pixels: Pixels, expression: Float[Tensor, "frames names"], turn: HeadTurn
    ) -> tuple[Row, Row, Row]:
        """Upper teeth, lower teeth and tongue at the pixels."""
        jaw, out = (expression[:, INDEX[name]] for name in ("jawOpen", "tongueOut"))
        slide = SLIDE * (expression[:, INDEX["jawLeft"]] - expression[:, INDEX["jawRight"]])
        drop = jaw * self._drop
        upper = self._texels(turn, self.depth)
        lower = self._texels(turn, self.depth + jaw * self._forward)
        lower = _shifted(lower, slide, drop - OVERBITE)
        sunk = 13.0 * (jaw / 0.5).clamp(0, 1.2) ** 1.4  # mm: an open mouth shows the tongue's front
        tongue = _shifted(lower, torch.zeros_like(jaw), 3.0 - sunk - out * (3.4 + 0.55 * drop))
        return (
            self._upper.at(affine(upper, pixels)),
            self._lower.at(affine(lower, pixels)),
            self._tongue.at(affine(tongue, pixels)),
        )

    def _texels(
        self, turn: HeadTurn, depth: Float[Tensor, "#frames"]
    ) -> Float[Tensor, "frames 2 3"]:
        """The affine map from output pixels to texels of a row at that depth."""
        source = turn.plane_source(depth)
        scale = self._axes * (self._mm * PIXELS_A_MM)
        turned = scale @ source
        offset = turned[..., 2] - scale @ self._origin
        first = offset.new_tensor([HALF_WIDTH, -TOP]) * PIXELS_A_MM - 0.5
        return torch.cat([turned[..., :2], (offset + first)[..., None]], -1)

    def _light(self, gap: Plane, expression: Float[Tensor, "frames names"]) -> Plane:
        """Light on the teeth: little in narrow slits and behind protruded lips."""
        pucker, funnel = (expression[:, INDEX[f"mouth{name}"]] for name in ("Pucker", "Funnel"))
        free = 1 - (0.58 * pucker + 0.24 * funnel).clamp(0, 0.7)[:, None, None]
        light = (0.62 + 0.38 * smoothstep_tensor(1, 9, gap)) * free
        return light + (free - light).clamp_min(0) * 0.4

    def _shades(self, below: Plane, above: Plane) -> tuple[Plane, Plane]:
        """What the lips leave of the light on the teeth next to them."""
        upper = 0.66 + 0.34 * smoothstep_tensor(0, 2.6, below)
        lower = 0.62 + 0.38 * smoothstep_tensor(0, 3.0, above)
        if self.photographed:  # the photo has most of its shade already
            upper = upper + (1 - upper) * 0.65
        return upper, lower


def _shifted(texels: Float[Tensor, "frames 2 3"], x: Scalars, y: Scalars) -> Tensor:
    """The map for a row that has moved by x and y millimetres."""
    move = torch.stack([x, y], 1) * PIXELS_A_MM
    return torch.cat([texels[..., :2], texels[..., 2:] - move[..., None]], -1)
