"""Dense displacement fields from the mesh's shapes: one basis field a coefficient."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32

from talkhead.engines.builtin.renderer.portrait.canvas import SIZE
from talkhead.engines.builtin.renderer.portrait.depth import GRID, STRIDE
from talkhead.engines.builtin.renderer.portrait.face_shapes import FaceShapes
from talkhead.engines.builtin.renderer.portrait.grid import Grid
from talkhead.engines.builtin.renderer.portrait.head_frame import HeadFrame
from talkhead.engines.builtin.renderer.portrait.lips import Mouth
from talkhead.engines.builtin.renderer.portrait.pictures import (
    distance_to,
    filled_polygon,
    look_up,
)
from talkhead.engines.builtin.renderer.portrait.rbf import Multiquadric
from talkhead.engines.builtin.renderer.ramps import smoothstep
from talkhead.faces.landmarks import NOSE_TIP, OVAL

BASIS_WIDTH = 3.0  # mm
SMOOTHING = 0.6  # keeps neighbouring vertices with conflicting weights from rippling
RING_SIDE, RING_BELOW = 26.0, 20.0  # mm outside the face where expression ends; more at the neck
FADE = 16.0  # mm over which it ends

Fields = Float32[np.ndarray, "names 3 nodes"]  # pixels for coefficient 1


@dataclass(frozen=True)
class FaceFields:
    """Evaluates the shapes anywhere on the canvas."""

    frame: HeadFrame
    upper: "LayerField"
    lower: "LayerField"
    window: Float32[np.ndarray, "height width"]  # exactly 0 outside the ring around the face
    ring: Float[np.ndarray, "ring 2"]  # pixels

    def upper_at(self, points: Float32[np.ndarray, "nodes 2"]) -> Fields:
        """The field of the layer above the mouth's slit."""
        return self.upper.at(points) * look_up(self.window, points)

    def lower_at(self, points: Float32[np.ndarray, "nodes 2"]) -> Fields:
        return self.lower.at(points) * look_up(self.window, points)

    def merged_at(self, points: Float32[np.ndarray, "nodes 2"], mouth: Mouth) -> Fields:
        """One layer for the whole face: upper above the slit, lower below, a soft step between."""
        slit = mouth.slit
        u, v = slit.local(points)
        below = v - (slit.upper_at(u) + slit.lower_at(u)) / 2
        reach = 3 / self.frame.mm
        share = smoothstep(-reach, reach, below).astype(np.float32)
        upper, lower = self.upper.at(points), self.lower.at(points)
        return (upper + (lower - upper) * share) * look_up(self.window, points)

    @property
    def grid(self) -> Grid:
        """The nodes of GRID about the whole face: outside it the fields are 0."""
        low = np.floor((self.ring.min(0) - GRID.left) / STRIDE).astype(int)
        high = np.ceil((self.ring.max(0) - GRID.left) / STRIDE).astype(int)
        low, high = np.clip([low, high], 0, GRID.columns - 1)
        columns, rows = high - low + 1
        left, top = GRID.left + low * STRIDE
        return Grid(float(left), float(top), STRIDE, int(columns), int(rows))


class LayerField:
    """Smooth interpolation of one layer's vertex displacements, 0 on the ring."""

    def __init__(
        self,
        frame: HeadFrame,
        displacements: Float[np.ndarray, "names 468 3"],
        present: Bool[np.ndarray, " 468"],
        ring: Float[np.ndarray, "ring 2"],
    ) -> None:
        names = len(displacements)
        values = frame.to_pixels(displacements[:, present]).transpose(1, 0, 2)
        values = values.reshape(values.shape[0], -1)
        values = np.concatenate([values, np.zeros((len(ring), values.shape[1]))])
        self._moving = np.abs(values).max(0) > 1e-4
        self._shape = (names, 3)
        centres = np.concatenate([frame.points[present, :2], ring])
        self._basis = Multiquadric(centres, BASIS_WIDTH / frame.mm, SMOOTHING)
        self._coefficients = self._basis.fit(values[:, self._moving])

    def at(self, points: Float32[np.ndarray, "nodes 2"]) -> Fields:
        out = np.zeros((len(self._moving), len(points)), np.float32)
        out[self._moving] = self._basis.evaluate(points, self._coefficients)
        return out.reshape(*self._shape, len(points))


def face_fields(frame: HeadFrame, shapes: FaceShapes) -> FaceFields:
    ring = _ring(frame)
    inside = distance_to(filled_polygon(SIZE + 1, ring))
    return FaceFields(
        frame=frame,
        upper=LayerField(frame, shapes.upper, shapes.in_upper, ring),
        lower=LayerField(frame, shapes.lower, shapes.in_lower, ring),
        window=smoothstep(0, FADE / frame.mm, inside).astype(np.float32),
        ring=ring,
    )


def _ring(frame: HeadFrame) -> Float[np.ndarray, "ring 2"]:
    """Canvas points around the face: the oval moved outwards."""
    oval = frame.vertices[OVAL, :2]
    centre = np.array([0, (oval[:, 1].mean() + frame.vertices[NOSE_TIP, 1]) / 2])
    away = oval - centre
    outwards = away / np.linalg.norm(away, axis=1, keepdims=True)
    below = np.where(away[:, 1] < 20, 0, RING_BELOW * smoothstep(20, 60, away[:, 1]))
    ring = oval + outwards * (RING_SIDE + below)[:, None]
    return ring @ frame.axes[:2, :2] / frame.mm + frame.stomion[:2]
