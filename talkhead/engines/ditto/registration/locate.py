"""Where the face is: found in a first picture, followed through a video."""

from talkhead.engines.ditto.registration.crop import FOR_NETWORKS
from talkhead.engines.ditto.registration.face_points import FacePoints
from talkhead.engines.ditto.registration.landmarks106 import landmarks106
from talkhead.engines.ditto.registration.landmarks203 import landmarks203
from talkhead.engines.ditto.registration.models import InsightFace, RegistrationModels
from talkhead.engines.ditto.registration.own_mesh import mesh_in_crop
from talkhead.engines.ditto.registration.scrfd import area, scrfd_faces
from talkhead.errors import NoFaceFound
from talkhead.faces.detector import detect
from talkhead.faces.mesh import FaceMesh, mesh_of, steadied
from talkhead.faces.portrait_check import PortraitLimits, check_portrait
from talkhead.types import Image

SURE = PortraitLimits().presence  # how sure the mesh must be that there is a face


def speaker(picture: Image, models: RegistrationModels) -> FacePoints:
    """The face that will speak. With InsightFace the largest, as published; else checked, too.

    Raises:
        NoFaceFound: there is none.
        PortraitError: our checks found it cannot be animated.
    """
    if models.insight_face is None:
        mesh = check_portrait(picture, models.own).mesh
        rough: FacePoints | None = _by_mesh(steadied(picture, mesh, models.own))
    else:
        rough = _by_insight_face(picture, models.insight_face)
    if rough is None:
        raise NoFaceFound("no face was found; a portrait shows one from the front and well lit")
    return _refined(picture, rough, models)


def largest_face(picture: Image, models: RegistrationModels) -> FacePoints | None:
    """In a frame where the face was lost, whatever way it looks; None if there is none."""
    if models.insight_face is None:
        meshes = (mesh_of(picture, face, models.own) for face in detect(picture, models.own))
        sure = next((mesh for mesh in meshes if mesh.presence >= SURE), None)
        rough = _by_mesh(sure) if sure else None
    else:
        rough = _by_insight_face(picture, models.insight_face)
    return _refined(picture, rough, models) if rough else None


def followed(picture: Image, earlier: FacePoints, models: RegistrationModels) -> FacePoints:
    """The points of a face that was at `earlier` one frame before (ditto.md §6 step 2)."""
    if models.landmarks203 is not None:
        return _refined(picture, earlier, models)
    crop = FOR_NETWORKS.around(earlier)
    mesh = mesh_in_crop(crop.cut(picture), models.own)
    return FacePoints.of(crop.in_picture(mesh.points[:, :2]))


def _by_mesh(mesh: FaceMesh) -> FacePoints:
    return FacePoints.of(mesh.points[:, :2])


def _by_insight_face(picture: Image, models: InsightFace) -> FacePoints | None:
    boxes = scrfd_faces(picture, models.detector)
    if not len(boxes):
        return None
    return FacePoints.of(landmarks106(picture, boxes[area(boxes).argmax()], models.landmarks106))


def _refined(picture: Image, rough: FacePoints, models: RegistrationModels) -> FacePoints:
    if models.landmarks203 is None:
        return rough
    return FacePoints.of(landmarks203(picture, rough, models.landmarks203))
