"""Our own mesh in a crop, with finer eyes and irises, numbered like the 478 published points."""

import numpy as np
from jaxtyping import Float64

from talkhead.engines.ditto.registration.face_points import MESH_POINTS
from talkhead.faces.cropping import Square
from talkhead.faces.iris import LIDS, SIDES, eye_of
from talkhead.faces.mesh import FaceMesh, mesh_in
from talkhead.faces.onnx_models import FaceModels
from talkhead.types import Image

# Where the crop rule puts a face: middle and side of the mesh's own square, as shares of the crop.
MIDDLE, DOWN, SIDE = 0.5, 0.585, 0.74
IRISES = 10  # points of both, five each, the middle first


def mesh_in_crop(picture: Image, models: FaceModels) -> FaceMesh:
    """The mesh of the face that a crop for the networks was made around, in crop pixels."""
    size = len(picture)
    square = Square(MIDDLE * size, DOWN * size, SIDE * size, 0.0)
    return mesh_in(picture, mesh_in(picture, square, models).square, models)


def with_irises(picture: Image, mesh: FaceMesh, models: FaceModels) -> Float64[np.ndarray, "478 3"]:
    """The mesh with the eyes of the iris network; an iris is as deep as its lids on average."""
    points = np.concatenate([mesh.points, np.zeros((IRISES, 3))])
    for first, side in zip((MESH_POINTS, MESH_POINTS + IRISES // 2), SIDES, strict=True):
        eye = eye_of(picture, mesh, side, models)
        points[LIDS[side], :2] = eye.lids
        points[first : first + IRISES // 2] = [*eye.centre, points[LIDS[side], 2].mean()]
    return points
