"""The eyes of the face in a crop, by the published mesh or our own."""

from talkhead.engines.ditto.registration.blaze_face import blaze_faces
from talkhead.engines.ditto.registration.eye_state import EyeState, eye_state
from talkhead.engines.ditto.registration.face_mesh import face_mesh
from talkhead.engines.ditto.registration.locate import SURE
from talkhead.engines.ditto.registration.models import RegistrationModels
from talkhead.engines.ditto.registration.own_mesh import mesh_in_crop, with_irises
from talkhead.types import Image


def eyes_in_crop(picture: Image, models: RegistrationModels) -> EyeState | None:
    """In a crop for the networks; None if there is no face in it after all."""
    height, width = picture.shape[:2]
    if models.mesh is not None:
        faces = blaze_faces(picture, models.mesh.blaze_face)
        if not faces:
            return None
        return eye_state(face_mesh(picture, faces[0], models.mesh.face_mesh), width, height)
    mesh = mesh_in_crop(picture, models.own)
    if mesh.presence < SURE:
        return None
    return eye_state(with_irises(picture, mesh, models.own), width, height)
