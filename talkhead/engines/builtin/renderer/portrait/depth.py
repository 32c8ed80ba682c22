"""How deep each pixel lies, and how much of the head's motion it takes."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Float32
from scipy.ndimage import gaussian_filter1d

from talkhead.engines.builtin.renderer.portrait.canvas import SIZE
from talkhead.engines.builtin.renderer.portrait.grid import canvas_grid
from talkhead.engines.builtin.renderer.portrait.head_frame import STEEPEST, HeadFrame
from talkhead.engines.builtin.renderer.portrait.matte import Mask
from talkhead.engines.builtin.renderer.portrait.pictures import (
    blurred,
    distance_to,
    filled_polygon,
    look_up,
)
from talkhead.engines.builtin.renderer.portrait.rbf import Multiquadric
from talkhead.engines.builtin.renderer.ramps import smoothstep
from talkhead.faces.landmarks import (
    CHIN,
    JAW_LINE,
    LEFT_JAW,
    LEFT_LOBE,
    OVAL,
    RIGHT_JAW,
    RIGHT_LOBE,
)

STRIDE = 4  # pixels between the nodes of what spans the canvas
GRID = canvas_grid(SIZE, STRIDE)
BELOW_CHIN_STEEPEST = 3.2  # depth per distance: under the chin it may drop faster
OUTLINE_BEHIND_EARS, NECK_BEFORE_EARS = 6.0, 18.0  # mm
NECK_SPOTS = [(x, y) for x in (-60, -20, 20, 60) for y in (26, 50, 90)]  # mm from the chin
SWEEPS = 64  # nodes the slope bound reaches


@dataclass(frozen=True)
class Relief:
    """Fields over the canvas."""

    depth: Float32[np.ndarray, "nodes nodes"]  # pixels, at the nodes of GRID
    jaw_line: Float[np.ndarray, " columns"]  # y of the jaw's lower edge at x = -SIZE .. 2 SIZE
    off_oval: Float32[np.ndarray, "height width"]  # mm outside the face's oval
    lobes: float  # y of the ear lobes
    middle: float  # x of the mouth
    mm: float

    def depth_at(self, points: Float[np.ndarray, "*shape 2"]) -> Float32[np.ndarray, "*shape"]:
        """Z in pixels, towards the camera."""
        return look_up(self.depth, (points - GRID.left) / STRIDE)

    def head_weight_at(
        self, points: Float[np.ndarray, "points 2"]
    ) -> Float32[np.ndarray, " points"]:
        """1 on the head, 0 on the body and what stays with it."""
        x, y = points[:, 0], points[:, 1]
        below = (y - np.interp(x, np.arange(-SIZE, 2 * SIZE), self.jaw_line)) * self.mm
        beside = np.maximum(np.abs(x - self.middle) * self.mm - 52, 0)  # mm: falls off faster there
        falling = smoothstep(0, 1, below / (25 + 49 * np.exp(-((beside / 22) ** 2))))
        # collars, helmets and long hair beside the jaw stay with the body
        lobes = smoothstep(self.lobes - 4 / self.mm, self.lobes + 18 / self.mm, y)
        side = lobes * smoothstep(10, 34, look_up(self.off_oval, points[:, None])[:, 0])
        return ((1 - falling) * (1 - side)).astype(np.float32)


def relief_of(frame: HeadFrame, alpha: Mask) -> Relief:
    points, mm = frame.points, frame.mm
    lobes = float(points[[RIGHT_LOBE, LEFT_LOBE], 1].mean())
    oval = filled_polygon(SIZE + 1, points[OVAL, :2], inside=0)
    return Relief(
        depth=_depth(frame, _outline(alpha, lobes)),
        jaw_line=_jaw_line(points, mm),
        off_oval=distance_to(oval) * np.float32(mm),
        lobes=lobes,
        middle=float(frame.stomion[0]),
        mm=mm,
    )


def _outline(alpha: Mask, lobes: float) -> Float[np.ndarray, "points 2"]:
    """Points on the silhouette above the ear lobes."""
    person = (alpha > 127).astype(np.uint8)
    contours, _ = cv2.findContours(person, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return np.zeros((0, 2))
    points = np.asarray(max(contours, key=cv2.contourArea)[:, 0], np.float64)
    x, y = points.T
    inside = (y < lobes) & (x > 2) & (x < SIZE - 3) & (y > 2) & (y < SIZE - 3)
    return points[inside][::12]


def _depth(
    frame: HeadFrame, outline: Float[np.ndarray, "points 2"]
) -> Float32[np.ndarray, "nodes nodes"]:
    """The mesh's depth, carried on to the silhouette and the neck, nowhere too steep."""
    mm = frame.mm
    chin = np.array([frame.stomion[0], frame.vertices[CHIN, 1] / mm + frame.stomion[1]])
    neck = chin + np.array(NECK_SPOTS) / mm
    behind = np.full(len(outline), frame.ear_depth - OUTLINE_BEHIND_EARS / mm)
    before = np.full(len(neck), frame.ear_depth + NECK_BEFORE_EARS / mm)
    centres = np.concatenate([frame.points[:, :2], outline, neck])
    values = np.concatenate([frame.points[:, 2], behind, before])
    surface = Multiquadric(centres, 8 / mm, 0.3)
    depth = surface.evaluate(GRID.points, surface.fit(values[:, None]))
    depth = depth.reshape(GRID.rows, GRID.columns)
    under_chin = GRID.points[:: GRID.columns, 1] > frame.points[CHIN, 1] - 4 / mm
    return blurred(_bounded(depth, under_chin), 1.6)


def _bounded(
    depth: Float32[np.ndarray, "nodes nodes"], under_chin: np.ndarray
) -> Float32[np.ndarray, "nodes nodes"]:
    """The lowest surface above `depth` within the slope bounds."""
    from_above = np.where(under_chin, BELOW_CHIN_STEEPEST, STEEPEST).astype(np.float32)[:, None]
    neighbours = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx]
    for _ in range(SWEEPS):
        padded = np.pad(depth, 1, mode="edge")
        before, depth = depth, depth.copy()
        for dy, dx in neighbours:
            drop = (from_above if dy < 0 else STEEPEST) * (STRIDE * math.hypot(dy, dx))
            there = padded[1 + dy : 1 + dy + GRID.rows, 1 + dx : 1 + dx + GRID.columns]
            np.maximum(depth, there - drop, out=depth)
        if np.array_equal(depth, before):
            break
    return depth


def _jaw_line(points: Float[np.ndarray, "468 3"], mm: float) -> Float[np.ndarray, " columns"]:
    """The lower edge of the jaw, smoothed; level beyond the face."""
    jaw = points[JAW_LINE, :2]
    jaw = jaw[np.argsort(jaw[:, 0])]
    level = points[[RIGHT_JAW, LEFT_JAW], 1].mean()
    x = np.concatenate([[jaw[0, 0] - 60 / mm], jaw[:, 0], [jaw[-1, 0] + 60 / mm]])
    y = np.concatenate([[level], np.maximum(jaw[:, 1], level), [level]])
    columns = np.interp(np.arange(-SIZE, 2 * SIZE), x, y)
    return np.asarray(gaussian_filter1d(columns, 14 / mm))
