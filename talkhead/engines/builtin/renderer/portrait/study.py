"""From a portrait to everything the renderer keeps of it, as named arrays."""

from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float32

from talkhead.engines.builtin.renderer.portrait.canvas import SIZE, Canvas, cut_canvas
from talkhead.engines.builtin.renderer.portrait.depth import GRID, Relief, relief_of
from talkhead.engines.builtin.renderer.portrait.eyeball import (
    EyePicture,
    closed_lid_texture,
    eyeball_textures,
)
from talkhead.engines.builtin.renderer.portrait.face_shapes import (
    FaceShapes,
    OwnExpression,
    author_shapes,
)
from talkhead.engines.builtin.renderer.portrait.fields import FaceFields, Fields, face_fields
from talkhead.engines.builtin.renderer.portrait.glasses import freedom, wears_glasses
from talkhead.engines.builtin.renderer.portrait.grid import Grid, grid_about
from talkhead.engines.builtin.renderer.portrait.head_frame import HeadFrame, head_frame
from talkhead.engines.builtin.renderer.portrait.lids import EyeOpening, eye_opening, lid_fields
from talkhead.engines.builtin.renderer.portrait.lips import Mouth, mouth_of
from talkhead.engines.builtin.renderer.portrait.margins import close_margins
from talkhead.engines.builtin.renderer.portrait.matte import matte_of
from talkhead.engines.builtin.renderer.portrait.pictures import look_up
from talkhead.engines.builtin.renderer.portrait.slit import Slit
from talkhead.engines.builtin.renderer.portrait.teeth import mouth_inside
from talkhead.faces.iris import LIDS, SIDES, Side
from talkhead.faces.onnx_models import FaceModels
from talkhead.faces.portrait_check import FaceFinding, check_portrait
from talkhead.types import Image

Arrays: TypeAlias = dict[str, np.ndarray]

MOUTH_HALF, MOUTH_BELOW = 92, 15  # pixels: half the mouth's window, and how far it sits below
EYE_HALF_WIDTH, EYE_HALF_HEIGHT = 64, 53  # pixels
SLIT_STRIDE = 2  # pixels between the nodes about an opening
STILL = 0.1  # pixels: a coefficient that moves nothing further is left out


def study(portrait: Image, models: FaceModels) -> Arrays:
    """The portrait, taken apart into layers. Canvas pixels, colour levels 0 to 255.

    `image`, `background` (SIZE SIZE 3), `alpha` (SIZE SIZE): 8 bits.
    `head.`: `depth`, `weight` (nodes nodes), `pivot` (3) in pixels, `mm` (1) per pixel.
    `face.`, `mouth.`, `right_eye.`, `left_eye.`: a region each, see `_region`; the last three also
    have an opening, see `_opening`, and what lies behind it. `checks.`: (1) each, as measured.

    Raises:
        PortraitError: it cannot be animated.
    """
    finding = check_portrait(portrait, models)
    canvas = cut_canvas(portrait, finding.mesh, models)
    frame = head_frame(canvas)
    mouth = mouth_of(canvas, frame)
    ear_depth = (frame.ear_depth - frame.stomion[2]) * frame.mm
    shapes = author_shapes(frame.vertices, float(ear_depth), _own_expression(mouth, frame.mm))
    fields = face_fields(frame, shapes)
    matte = matte_of(canvas, frame, models)
    relief = relief_of(frame, matte.alpha)
    glasses = wears_glasses(canvas.rgb, canvas.points)
    free = freedom(frame.points, frame.mm) if glasses else np.ones((SIZE, SIZE), np.float32)
    arrays = {"image": canvas.image, "background": matte.background, "alpha": matte.alpha}
    arrays |= _named("checks", _checks(finding))
    arrays |= _named("head", _head(frame, relief))
    arrays |= _named("face", _face(relief, fields, mouth, free))
    arrays |= _named("mouth", _mouth_region(frame, relief, fields, mouth))
    arrays |= _named("mouth", _mouth_parts(canvas, frame, mouth, shapes))
    for side in SIDES:
        opening = eye_opening(canvas, frame, side, glasses)
        grid = _eye_grid(frame, side)
        prefix = f"{side.lower()}_eye"
        arrays |= _named(prefix, _eye_region(frame, relief, fields, opening, side, free))
        arrays |= _named(prefix, _eye_parts(canvas, frame, opening, side, grid))
    return arrays


def _checks(finding: FaceFinding) -> Arrays:
    measured = {
        "faces": finding.faces,
        "face_pixels": finding.face,
        "eye_span_pixels": finding.eye_span,
        "yaw_degrees": finding.yaw,
    }
    return {name: np.array([value], np.float32) for name, value in measured.items()}


def _own_expression(mouth: Mouth, mm: float) -> OwnExpression | None:
    slit = mouth.slit
    place = slit.u / slit.half_width
    return OwnExpression(mouth.smile, place, slit.gap * mm) if mouth.open else None


def _named(prefix: str, arrays: Arrays) -> Arrays:
    return {f"{prefix}.{name}": np.ascontiguousarray(array) for name, array in arrays.items()}


def _region(grid: Grid, layers: list[Fields], relief: Relief) -> Arrays:
    """`grid`: left, top, stride, columns, rows; `names`: the coefficients that move something;
    `bases` (names layers 3 nodes): displacement for each at 1; `depth`, `weight` (nodes).
    """
    points = grid.points
    fields = np.stack(layers, 1)
    moving = np.nonzero(np.abs(fields).max((1, 2, 3)) > STILL)[0]
    return {
        "grid": np.array([grid.left, grid.top, grid.stride, grid.columns, grid.rows], np.float32),
        "names": moving.astype(np.int32),
        "bases": _halved(fields[moving]),
        "depth": relief.depth_at(points),
        "weight": relief.head_weight_at(points),
    }


def _opening(slit: Slit) -> Arrays:
    """`axis`: centre x, y, direction x, y, half width; `margins` (2 columns): upper and lower."""
    axis = [*slit.centre, *slit.along, slit.half_width]
    margins = np.stack([slit.upper, slit.lower])
    return {"axis": np.array(axis, np.float32), "margins": margins.astype(np.float32)}


def _levels(planes: Float32[np.ndarray, "..."]) -> np.ndarray:
    """8-bit levels with a fraction: whole ones are exact."""
    return _halved(planes * np.float32(255))


def _halved(array: Float32[np.ndarray, "..."]) -> np.ndarray:
    """In 16 bits; torch converts ten times as fast as NumPy."""
    return torch.from_numpy(np.asarray(array, np.float32)).half().numpy()


def _head(frame: HeadFrame, relief: Relief) -> Arrays:
    return {
        "depth": relief.depth,
        "weight": relief.head_weight_at(GRID.points).reshape(relief.depth.shape),
        "pivot": frame.pivot.astype(np.float32),
        "mm": np.array([frame.mm], np.float32),
    }


def _face(
    relief: Relief, fields: FaceFields, mouth: Mouth, free: Float32[np.ndarray, "height width"]
) -> Arrays:
    grid = fields.grid
    merged = fields.merged_at(grid.points, mouth) * look_up(free, grid.points)
    return _region(grid, [merged], relief)


def _mouth_region(frame: HeadFrame, relief: Relief, fields: FaceFields, mouth: Mouth) -> Arrays:
    x, y = np.round(mouth.slit.centre).astype(int)
    grid = grid_about(int(x), int(y) + MOUTH_BELOW, MOUTH_HALF, MOUTH_HALF, SLIT_STRIDE)
    upper, lower = (at(grid.points) for at in (fields.upper_at, fields.lower_at))
    upper, lower = close_margins(upper, lower, grid, mouth, frame.mm)
    return _region(grid, [upper, lower], relief)


def _mouth_parts(canvas: Canvas, frame: HeadFrame, mouth: Mouth, shapes: FaceShapes) -> Arrays:
    """The opening; `rows` (3 4 height width): upper teeth, lower teeth, tongue, premultiplied, with
    an alpha of 0 to 1; `cavity` (3): the dark; `shading` (3):
    exponents of the lips' shade; `place`: x, y and depth of the rows' origin;
    `photographed` (1): 1 if the teeth are the portrait's; `jaw`: mm it drops and pixels it comes
    forward at jawOpen = 1.
    """
    inside = mouth_inside(canvas, frame, mouth)
    rows = np.stack([inside.upper, inside.lower, inside.tongue]).transpose(0, 3, 1, 2)
    rows = np.concatenate([_levels(rows[:, :3]), rows[:, 3:].astype(np.float16)], 1)
    return _opening(mouth.slit) | {
        "rows": rows,
        "cavity": inside.cavity * np.float32(255),
        "shading": np.array(inside.shading, np.float32),
        "place": np.array([*inside.origin, inside.depth], np.float32),
        "photographed": np.array([inside.photographed], np.float32),
        "jaw": np.array([shapes.jaw_drop, shapes.jaw_forward / frame.mm], np.float32),
    }


def _eye_grid(frame: HeadFrame, side: Side) -> Grid:
    x, y = np.round(frame.points[LIDS[side], :2].mean(0)).astype(int)
    return grid_about(int(x), int(y), EYE_HALF_WIDTH, EYE_HALF_HEIGHT, SLIT_STRIDE)


def _eye_region(
    frame: HeadFrame,
    relief: Relief,
    fields: FaceFields,
    opening: EyeOpening,
    side: Side,
    free: Float32[np.ndarray, "height width"],
) -> Arrays:
    grid = _eye_grid(frame, side)
    skin = fields.upper_at(grid.points) * look_up(free, grid.points)
    upper, lower = lid_fields(opening, side, grid.points, frame.mm)
    return _region(grid, [skin + upper, skin + lower], relief)


def _eye_parts(
    canvas: Canvas, frame: HeadFrame, opening: EyeOpening, side: Side, grid: Grid
) -> Arrays:
    """The opening; `iris`: x, y, radius and depth; pictures of the region, a pixel apart:
    `eyeball` (6 height width) at rest and cleaned, `lid` (3 height width) when closed.
    """
    columns, rows = 2 * EYE_HALF_WIDTH + 1, 2 * EYE_HALF_HEIGHT + 1
    pixels = Grid(grid.left, grid.top, 1, columns, rows).points.reshape(rows, columns, 2)
    picture = EyePicture(canvas.rgb, opening, pixels)
    resting, cleaned = eyeball_textures(picture)
    lid = closed_lid_texture(picture, opening.lid_height, frame.mm)
    depth = frame.points[LIDS[side], 2].mean()
    return _opening(opening.slit) | {
        "iris": np.array([*opening.eye.centre, opening.eye.radius, depth], np.float32),
        "eyeball": _levels(np.concatenate([resting, cleaned], -1).transpose(2, 0, 1)),
        "lid": _levels(lid.transpose(2, 0, 1)),
    }
