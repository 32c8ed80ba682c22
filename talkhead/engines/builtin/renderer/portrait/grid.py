"""A rectangle of nodes over the canvas, on which displacement fields are kept."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32


@dataclass(frozen=True)
class Grid:
    """Nodes at (left + stride * column, top + stride * row), in pixels."""

    left: float
    top: float
    stride: int
    columns: int
    rows: int

    @property
    def points(self) -> Float32[np.ndarray, "nodes 2"]:
        x = self.left + self.stride * np.arange(self.columns, dtype=np.float32)
        y = self.top + self.stride * np.arange(self.rows, dtype=np.float32)
        return np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)


def canvas_grid(size: int, stride: int) -> Grid:
    """Nodes in the middles of the canvas' `stride` x `stride` cells."""
    middle = (stride - 1) / 2  # of pixels 0 .. stride - 1
    return Grid(middle, middle, stride, size // stride, size // stride)


def grid_about(x: int, y: int, half_width: int, half_height: int, stride: int) -> Grid:
    return Grid(
        float(x - half_width),
        float(y - half_height),
        stride,
        2 * half_width // stride + 1,
        2 * half_height // stride + 1,
    )
