"""The whole head as one layer over the background."""

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from talkhead.engines.builtin.renderer.frame.basis import Basis
from talkhead.engines.builtin.renderer.frame.head_turn import HeadTurn
from talkhead.engines.builtin.renderer.frame.inversion import inverted_gentle
from talkhead.engines.builtin.renderer.frame.layering import Box
from talkhead.engines.builtin.renderer.frame.sampling import Texture, doubled, enlarged
from talkhead.engines.builtin.renderer.portrait.canvas import SIZE
from talkhead.engines.builtin.renderer.portrait.depth import GRID, STRIDE
from talkhead.engines.builtin.renderer.portrait.study import Arrays

REACH = 0.11  # of the canvas: the largest displacement
STEPS = 5  # of the inversion


class FaceLayer:
    """Premultiplied colours: the picture less what shows of the background at the matte's edge.

    So at rest the layer over the background is the picture again, whatever the matte.
    """

    def __init__(self, arrays: Arrays, device: torch.device) -> None:
        self.box = moving_box(arrays)
        self.skin = Texture(doubled(_foreground(arrays)).to(device)[None])
        self._basis = Basis(arrays, "face", device)
        self._cells = _cells(arrays["face.grid"])
        nodes = torch.from_numpy(GRID.points.T.reshape(2, GRID.rows, GRID.columns))
        depth = torch.from_numpy(arrays["head.depth"])[None]
        self._rest = torch.cat([nodes, depth]).flatten(1).to(device)
        self._weight = torch.from_numpy(arrays["head.weight"]).to(device)
        self._nodes = ((nodes - GRID.left) / STRIDE)[None].to(device)
        left, top, right, bottom = self.box
        y, x = torch.meshgrid(torch.arange(top, bottom), torch.arange(left, right), indexing="ij")
        self._texels = 2 * torch.stack([x, y])[None].to(device, torch.float32)

    def flow(
        self, expression: Float[Tensor, "frames names"], turn: HeadTurn
    ) -> Float[Tensor, "frames 2 rows columns"]:
        """From each node in the box to where it comes from; texels, of which a pixel has two."""
        nodes = self._nodes.expand(len(expression), -1, -1, -1)
        source = inverted_gentle(self._field(expression, turn), nodes, STEPS)
        left, top, right, bottom = (edge // STRIDE for edge in self.box)
        return (source - nodes)[..., top:bottom, left:right] * (2 * STRIDE)

    def draw(
        self, flow: Float[Tensor, "frames 2 rows columns"]
    ) -> Float[Tensor, "frames 4 height width"]:
        """The box, warped: premultiplied levels and alpha."""
        return self.skin.at(self._texels + enlarged(flow, STRIDE))

    def _field(
        self, expression: Float[Tensor, "frames names"], turn: HeadTurn
    ) -> Float[Tensor, "frames 2 rows columns"]:
        """Where every node of the canvas goes, in node units."""
        frames = len(expression)
        top, bottom, left, right = self._cells
        moved = self._rest.new_zeros(frames, 1, 3, GRID.rows, GRID.columns)
        face = self._basis.at(expression)
        moved[..., top:bottom, left:right] = face.view(frames, 1, 3, bottom - top, right - left)
        turned = turn.displacement(moved.flatten(3) + self._rest)
        turned = turned.view(frames, 2, GRID.rows, GRID.columns)
        return torch.addcmul(moved[:, 0, :2], turned, self._weight) / STRIDE


def _foreground(arrays: Arrays) -> Float32[Tensor, "4 height width"]:
    image, background = (
        torch.from_numpy(arrays[name]).movedim(2, 0).float() for name in ("image", "background")
    )
    alpha = torch.from_numpy(arrays["alpha"]).float() / 255
    return torch.cat([image - (1 - alpha) * background, alpha[None]])


def _cells(grid: Float32[np.ndarray, " 5"]) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of a part of GRID, in nodes."""
    left, top = (int((edge - GRID.left) / STRIDE) for edge in grid[:2])
    columns, rows = (int(count) for count in grid[3:])
    return top, top + rows, left, left + columns


def moving_box(arrays: Arrays) -> Box:
    """Left, top, right and bottom of all that can ever change, whole cells of the node grid."""
    top, bottom, left, right = _cells(arrays["face.grid"])
    free = arrays["head.weight"] > 0
    free[top:bottom, left:right] = True
    person = arrays["alpha"].reshape(GRID.rows, STRIDE, GRID.columns, STRIDE).max((1, 3)) > 0
    rows, columns = np.nonzero(free & person)
    margin = int(np.ceil(REACH * SIZE / STRIDE))
    low = max(int(columns.min()) - margin, 0), max(int(rows.min()) - margin, 0)
    # downwards the head's weight has faded out where the box ends
    high = min(int(columns.max()) + 1 + margin, GRID.columns), min(int(rows.max()) + 2, GRID.rows)
    return low[0] * STRIDE, low[1] * STRIDE, high[0] * STRIDE, high[1] * STRIDE
