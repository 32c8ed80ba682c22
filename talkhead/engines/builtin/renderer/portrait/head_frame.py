"""The head's own axes and scale: millimetres from the middle of the mouth."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from talkhead.engines.builtin.renderer.portrait.canvas import Canvas
from talkhead.faces.landmarks import (
    CHIN,
    FOREHEAD,
    LEFT_CHEEK,
    LOWER_LIP_MIDDLE,
    RIGHT_CHEEK,
    UPPER_LIP_MIDDLE,
)

IRIS_DISTANCE = 63.0  # mm, of an adult: the ruler for everything else
SIDEWAYS_PAIRS = (
    (454, 234),
    (356, 127),
    (323, 93),
    (263, 33),
    (361, 132),
    (291, 61),
)  # left, right
STEEPEST = 1.6  # depth per distance kept: bounds how the picture folds when the head turns
PIVOT_BELOW_EARS = 26.0  # mm: the head turns about the neck


@dataclass(frozen=True)
class HeadFrame:
    """x to the subject's left (picture right), y down, z towards the camera."""

    axes: Float[np.ndarray, "3 3"]  # rows: unit vectors in pixels
    mm: float  # millimetres per pixel
    stomion: Float[np.ndarray, " 3"]  # the origin, pixels: between the lips
    points: Float[np.ndarray, "468 3"]  # the mesh, pixels, its depth bounded in slope
    vertices: Float[np.ndarray, "468 3"]  # the same in millimetres
    ear_depth: float  # pixels, before bounding
    pivot: Float[np.ndarray, " 3"]  # pixels: what the head turns about

    def to_pixels(self, millimetres: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, "... 3"]:
        """A displacement or direction in canvas axes, pixels."""
        return millimetres @ self.axes / self.mm


def head_frame(canvas: Canvas) -> HeadFrame:
    axes = _axes(canvas.points)
    irises = np.linalg.norm(canvas.eyes["Left"].centre - canvas.eyes["Right"].centre)
    foreshortening = max(float(np.hypot(axes[0, 0], axes[0, 1])), 0.5)
    mm = IRIS_DISTANCE / (float(irises) / foreshortening)
    ear_depth = float(canvas.points[[RIGHT_CHEEK, LEFT_CHEEK], 2].mean())
    points = canvas.points.copy()
    points[:, 2] = bounded_depth(points)
    stomion = (points[UPPER_LIP_MIDDLE] + points[LOWER_LIP_MIDDLE]) / 2
    vertices = (points - stomion) @ axes.T * mm
    below_ears = vertices[[RIGHT_CHEEK, LEFT_CHEEK]].mean(0) + np.array([0, PIVOT_BELOW_EARS, 0])
    pivot = below_ears @ axes / mm + stomion
    pivot[2] = ear_depth
    return HeadFrame(axes, mm, stomion, points, vertices, ear_depth, pivot)


def bounded_depth(points: Float[np.ndarray, "points 3"]) -> Float[np.ndarray, " points"]:
    """The lowest surface above the points that is nowhere steeper than STEEPEST."""
    distances = np.linalg.norm(points[:, None, :2] - points[None, :, :2], axis=-1)
    return np.asarray((points[None, :, 2] - STEEPEST * distances).max(1))


def _axes(points: Float[np.ndarray, "468 3"]) -> Float[np.ndarray, "3 3"]:
    across = sum((points[left] - points[right] for left, right in SIDEWAYS_PAIRS), np.zeros(3))
    across /= np.linalg.norm(across)
    down = points[CHIN] - points[FOREHEAD]
    down[2] = 0
    down -= down @ across * across
    down /= np.linalg.norm(down)
    return np.stack([across, down, np.cross(across, down)])
