"""Skin about an opening: two layers that part at a slit, with whatever lies behind them.

Each margin of the opening is a curve in the source picture. A pixel knows its source in the upper
and in the lower layer; how far those lie from the margins says which layer is in front and whether
the opening shows. So there are no masks: no seam when closed, no crack when half closed, lips that
press into each other split at the contact line, and at rest both layers show the same pixel.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from talkhead.engines.builtin.renderer.frame.basis import Basis
from talkhead.engines.builtin.renderer.frame.head_turn import HeadTurn
from talkhead.engines.builtin.renderer.frame.inversion import Positions, inverted
from talkhead.engines.builtin.renderer.frame.layering import rows_of
from talkhead.engines.builtin.renderer.frame.sampling import Texture, enlarged
from talkhead.engines.builtin.renderer.portrait.study import Arrays
from talkhead.engines.builtin.renderer.ramps import smoothstep_tensor

LookUp: TypeAlias = Callable[[Positions], Float[Tensor, "frames 4 rows columns"]]

NODES = 2  # pixels between the nodes of a window
EDGE_FADE = 6.0  # pixels over which a window fades where its source runs out
CORNER_FADE = 0.05  # of the half width over which the opening closes towards its corners


@dataclass(frozen=True)
class WindowShape:
    """The part of the output that is drawn: it follows the opening."""

    width: int  # pixels, a multiple of NODES * COARSE
    height: int
    below: int  # pixels from the opening's middle down to the window's
    feather: float  # pixels over which it fades into the face layer
    steps: tuple[int, int]  # of the inversion: coarse, fine
    sharpness: float  # pixels over which one layer gives way to the other


@dataclass(frozen=True)
class Window:
    """One opening in each frame; positions in canvas pixels."""

    left: list[int]  # of the frame
    top: list[int]
    pixels: Positions
    upper: Positions  # sources in the upper layer
    lower: Positions
    visible: Float[Tensor, "frames height width"]  # how much of the inside shows, 0 to 1
    in_front: Float[Tensor, "frames height width"]  # the upper layer's share of the skin
    below_upper: Float[Tensor, "frames height width"]  # pixels from the upper margin
    above_lower: Float[Tensor, "frames height width"]
    mask: Float[Tensor, "frames 1 height width"]  # how much the window hides the face layer

    def skin(self, lower: LookUp, upper: LookUp) -> Float[Tensor, "frames 4 height width"]:
        """Both layers' skin; each is looked up only in the rows that show it."""
        upper_end = rows_of(self.in_front > 0).stop
        lower_start = min(rows_of(self.in_front < 1).start, upper_end)
        over = upper(self.upper[:, :, :upper_end])
        under = lower(self.lower[:, :, lower_start:])
        both = upper_end - lower_start
        under[:, :, :both].lerp_(
            over[:, :, lower_start:], self.in_front[:, None, lower_start:upper_end]
        )
        return torch.cat([over[:, :, :lower_start], under], 2)


class SlitLayer:
    """The region about one opening of a portrait."""

    def __init__(
        self, arrays: Arrays, prefix: str, shape: WindowShape, device: torch.device
    ) -> None:
        self.shape = shape
        left, top, stride, columns, rows = arrays[f"{prefix}.grid"]
        self.left, self.top = float(left), float(top)
        self._stride, self._columns, self._rows = int(stride), int(columns), int(rows)
        self._basis = Basis(arrays, prefix, device)
        self._rest = self._points(arrays[f"{prefix}.depth"]).to(device)
        self._weight = torch.from_numpy(arrays[f"{prefix}.weight"]).to(device)
        self._distances = Texture(self._margin_distances(arrays, prefix).to(device)[None])
        y, x = (torch.arange(size, device=device) for size in (shape.height, shape.width))
        self._pixels = torch.stack(torch.meshgrid(x, y, indexing="xy")).float()
        self._feather = _feather(shape).to(device)

    def window(self, expression: Float[Tensor, "frames names"], turn: HeadTurn) -> Window:
        shape, stride = self.shape, self._stride
        field = self._field(expression, turn)
        frames = len(field)
        middle = field[
            ..., self._rows // 2, self._columns // 2
        ]  # where the region goes, as a whole
        corner = self._corner(middle)
        wanted = self._wanted(corner)[:, None].expand(-1, 2, -1, -1, -1).flatten(0, 1)
        start = wanted - middle.flatten(0, 1)[..., None, None] / stride
        source = inverted(field.flatten(0, 1) / stride, wanted, start, *shape.steps)
        inside = self._inside(source).view(frames, 2, 1, *source.shape[-2:]).amin(1)
        flow = ((source - wanted) * stride).view(frames, 4, *source.shape[-2:])
        fine = enlarged(torch.cat([flow, inside], 1), NODES)
        pixels = self._pixels + corner[:, :, None, None]
        upper, lower = fine[:, :2] + pixels, fine[:, 2:4] + pixels
        below, _, place = self.distances(upper).unbind(1)
        _, above, _ = self.distances(lower).unbind(1)
        return Window(
            left=[int(x) for x in corner[:, 0].tolist()],
            top=[int(y) for y in corner[:, 1].tolist()],
            pixels=pixels,
            upper=upper,
            lower=lower,
            visible=_visible(below, above, place, shape.sharpness),
            in_front=smoothstep_tensor(-shape.sharpness, shape.sharpness, above - below),
            below_upper=below,
            above_lower=above,
            mask=self._feather * (fine[:, 4:] / EDGE_FADE).clamp(0, 1),
        )

    def distances(self, sources: Positions) -> Float[Tensor, "frames 3 height width"]:
        """Pixels below the upper margin and above the lower one, and the place along the slit."""
        return self._distances.at(self.texels(sources))

    def texels(self, sources: Positions) -> Positions:
        """In the region's own pictures, which have a texel a pixel."""
        return sources - sources.new_tensor([self.left, self.top])[:, None, None]

    def _field(
        self, expression: Float[Tensor, "frames names"], turn: HeadTurn
    ) -> Float[Tensor, "frames 2 2 rows columns"]:
        """Where every node goes in each layer, pixels."""
        moved = self._basis.at(expression)
        turned = turn.displacement(moved + self._rest)
        field = torch.addcmul(moved[:, :, :2], turned, self._weight)
        return field.view(-1, 2, 2, self._rows, self._columns)

    def _corner(self, middle: Float[Tensor, "frames 2 2"]) -> Float[Tensor, "frames 2"]:
        """The window's top left pixel: it follows the mean of both layers.

        In whole cells, so that nodes stay on their pixels: else each step of the window shows
        where the map is too steep to be linear between nodes.
        """
        stride, shape = self._stride, self.shape
        x = self.left + self._columns // 2 * stride - shape.width / 2
        y = self.top + self._rows // 2 * stride + shape.below - shape.height / 2
        return torch.round((middle.mean(1) + middle.new_tensor([x, y])) / NODES) * NODES

    def _wanted(self, corner: Float[Tensor, "frames 2"]) -> Positions:
        """The window's nodes, in the middles of its cells, in node units of the region."""
        shape = self.shape
        nodes = self._pixels[:, : shape.height // NODES, : shape.width // NODES] * NODES
        first = corner - corner.new_tensor([self.left, self.top]) + (NODES - 1) / 2
        return (nodes + first[:, :, None, None]) / self._stride

    def _inside(self, source: Positions) -> Float[Tensor, "batch 1 rows columns"]:
        """Pixels to the region's border, less one."""
        last = source.new_tensor([self._columns - 1, self._rows - 1])[:, None, None]
        return torch.minimum(source, last - source).amin(1, keepdim=True) * self._stride - 1

    def _points(self, depth: Float32[np.ndarray, " nodes"]) -> Float[Tensor, "3 nodes"]:
        x = self.left + self._stride * torch.arange(self._columns)
        y = self.top + self._stride * torch.arange(self._rows)
        flat = torch.stack(torch.meshgrid(x, y, indexing="xy")).flatten(1)
        return torch.cat([flat.float(), torch.from_numpy(depth)[None]])

    def _margin_distances(self, arrays: Arrays, prefix: str) -> Float32[Tensor, "3 height width"]:
        centre_x, centre_y, along_x, along_y, half_width = arrays[f"{prefix}.axis"].astype(float)
        x = np.arange((self._columns - 1) * self._stride + 1) + self.left - centre_x
        y = np.arange((self._rows - 1) * self._stride + 1)[:, None] + self.top - centre_y
        u, v = x * along_x + y * along_y, y * along_x - x * along_y
        margins = arrays[f"{prefix}.margins"].astype(float)
        columns = np.linspace(-half_width, half_width, margins.shape[1])
        # measured straight down; across the margin it is shorter where the margin slopes
        below, above = (
            sign
            * (v - np.interp(u, columns, margin))
            * np.interp(u, columns, _cosine(margin, columns))
            for sign, margin in zip((1, -1), margins, strict=True)
        )
        return torch.from_numpy(np.stack([below, above, u / half_width])).float()


def _cosine(margin: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return np.asarray(1 / np.sqrt(1 + np.gradient(margin, columns) ** 2))


def _feather(shape: WindowShape) -> Float[Tensor, "height width"]:
    """1 inside, falling to 0 at the window's border."""
    y, x = (
        torch.minimum(torch.arange(size), torch.arange(size).flip(0)).div(shape.feather).clamp(0, 1)
        for size in (shape.height, shape.width)
    )
    return y[:, None] * x


def _visible(
    below: Float[Tensor, "frames height width"],
    above: Float[Tensor, "frames height width"],
    place: Float[Tensor, "frames height width"],
    sharpness: float,
) -> Float[Tensor, "frames height width"]:
    # what both margins leave open, not the lesser of them: a slit thinner than a pixel would
    # show as a dot in each row that its middle crosses
    under, over = ((distance / sharpness).clamp(0, 1) for distance in (below, above))
    open_ = (under + over - 1).clamp_min(0)
    return open_ * ((1 - place.abs()) / CORNER_FADE).clamp(0, 1)
