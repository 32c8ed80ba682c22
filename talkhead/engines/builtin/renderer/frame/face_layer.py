"""The whole head as one layer over the background."""

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from talkhead.engines.builtin.renderer.frame.basis import Basis
from talkhead.engines.builtin.renderer.frame.head_turn import HeadTurn
from talkhead.engines.builtin.renderer.frame.inversion import inverted_gentle
from talkhead.engines.builtin.renderer.frame.layering import Box
from talkhead.engines.builtin.renderer.frame.sampling import Filter, Texture, enlarged
from talkhead.engines.builtin.renderer.portrait.canvas import SIZE
from talkhead.engines.builtin.renderer.portrait.depth import GRID, STRIDE
from talkhead.engines.builtin.renderer.portrait.study import Arrays

REACH = 56  # pixels: further than anything moves
STEPS = 5  # of the inversion


class FaceLayer:
    """Premultiplied colours: the picture less what shows of the background at the matte's edge.

    So at rest the layer over the background is the picture again, whatever the matte.
    """

    def __init__(self, arrays: Arrays, device: torch.device) -> None:
        self.skin = Texture(_foreground(arrays).to(device)[None], Filter.CUBIC)
        self._moving = moving_box(arrays)
        left, top, right, bottom = (edge // STRIDE for edge in grown(self._moving, REACH))
        self._basis = Basis(arrays, "face", device)
        self._left, self._top = left, top  # of the part that is computed, cells
        face_top, face_bottom, face_left, face_right = _cells(arrays["face.grid"])
        self._face = (
            slice(face_top - top, face_bottom - top),
            slice(face_left - left, face_right - left),
        )
        reachable = slice(top, bottom), slice(left, right)
        nodes = torch.from_numpy(GRID.points.T.reshape(2, GRID.rows, GRID.columns))
        depth = torch.from_numpy(arrays["head.depth"])[None]
        self._rest = torch.cat([nodes, depth])[:, *reachable].to(device)
        self._weight = torch.from_numpy(arrays["head.weight"])[reachable].to(device)
        y, x = (torch.arange(size, device=device) for size in self._weight.shape)
        self._nodes = torch.stack(torch.meshgrid(x, y, indexing="xy")).float()[None]
        line = torch.arange(SIZE, device=device, dtype=torch.float32)
        self._pixels = torch.stack(torch.meshgrid(line, line, indexing="xy"))

    def flow(
        self, expression: Float[Tensor, "frames names"], turn: HeadTurn
    ) -> Float[Tensor, "frames 2 rows columns"]:
        """From each node that anything reaches to where it comes from, pixels."""
        nodes = self._nodes.expand(len(expression), -1, -1, -1)
        return (inverted_gentle(self._field(expression, turn), nodes, STEPS) - nodes) * STRIDE

    def boxes(self, flow: Float[Tensor, "frames 2 rows columns"]) -> list[Box]:
        """The part of each frame that differs from the portrait, whole cells of the node grid."""
        longest = flow.abs().amax((1, 2, 3)).tolist()
        return [grown(self._moving, min(int(reach) + 1, REACH)) for reach in longest]

    def draw(
        self, flow: Float[Tensor, "2 rows columns"], box: Box
    ) -> Float[Tensor, "4 height width"]:
        """The box of one frame, warped: premultiplied levels and alpha."""
        left, top, right, bottom = box
        rows = slice(top // STRIDE - self._top, bottom // STRIDE - self._top)
        columns = slice(left // STRIDE - self._left, right // STRIDE - self._left)
        fine = enlarged(flow[None, :, rows, columns], STRIDE)
        return self.skin.at(fine + self._pixels[:, top:bottom, left:right])[0]

    def _field(
        self, expression: Float[Tensor, "frames names"], turn: HeadTurn
    ) -> Float[Tensor, "frames 2 rows columns"]:
        """Where every node goes that moves or may be moved over, in node units."""
        frames = len(expression)
        moved = self._rest.new_zeros(frames, 1, *self._rest.shape)
        face = moved[..., *self._face]
        face.copy_(self._basis.at(expression).view_as(face))
        turned = turn.displacement((moved + self._rest).flatten(3))
        turned = turned.view(frames, 2, *self._weight.shape)
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
    """What can move: the person, where expression or the head's turn reaches; whole cells."""
    top, bottom, left, right = _cells(arrays["face.grid"])
    free = arrays["head.weight"] > 0
    free[top:bottom, left:right] = True
    person = arrays["alpha"].reshape(GRID.rows, STRIDE, GRID.columns, STRIDE).max((1, 3)) > 0
    rows, columns = np.nonzero(free & person)
    cells = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    left, top, right, bottom = (int(cell) * STRIDE for cell in cells)
    return left, top, right, bottom


def grown(box: Box, pixels: int) -> Box:
    """The box with a margin, to whole cells of the node grid and within the canvas."""
    cells = -(-pixels // STRIDE) + 1  # one more: at its edge the flow is not interpolated
    margin = cells * STRIDE
    left, top, right, bottom = box
    return (
        max(left - margin, 0),
        max(top - margin, 0),
        min(right + margin, SIZE),
        min(bottom + margin, SIZE),
    )
