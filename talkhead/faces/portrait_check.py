"""Whether a portrait can be animated; if not, what is wrong with it, measured."""

from dataclasses import dataclass

import cv2
import numpy as np

from talkhead.errors import FaceCutOff, FaceTooSmall, FaceTurnedAway, NoFaceFound, SeveralFaces
from talkhead.faces.detector import Detection, detect, shrunk
from talkhead.faces.landmarks import LEFT_CHEEK, RIGHT_CHEEK
from talkhead.faces.mesh import FaceMesh, mesh_of
from talkhead.faces.onnx_models import FaceModels
from talkhead.types import Image


@dataclass(frozen=True)
class PortraitLimits:
    face: float = 64.0  # pixels, at least: the larger side of the face's box
    eye_span: float = 24.0  # pixels, at least: between the outer corners of the eyes
    yaw: float = 30.0  # degrees, at most, to either side
    rival: float = 0.5  # area of the second face over the first, at most
    inside: float = 0.9  # share of the face that lies in the picture, at least
    presence: float = 0.5  # how sure the mesh must be that this is a face, 0 to 1


@dataclass(frozen=True)
class FaceFinding:
    """What was found, in pixels of the picture."""

    mesh: FaceMesh
    faces: int  # in the picture
    face: float  # larger side of the face's box
    eye_span: float  # between the outer corners of the eyes
    yaw: float  # degrees, positive towards the picture's right
    inside: float  # share of the face that lies in the picture


def check_portrait(
    image: Image, models: FaceModels, limits: PortraitLimits = PortraitLimits()
) -> FaceFinding:
    """The face that would speak.

    Raises:
        NoFaceFound: there is none.
        SeveralFaces: it is not clear which one should speak.
        FaceCutOff: too much of it lies beyond the border.
        FaceTooSmall: it has too few pixels.
        FaceTurnedAway: it looks too far to the side.
    """
    faces = [(face, mesh_of(image, face, models)) for face in detect(image, models)]
    faces = [(face, mesh) for face, mesh in faces if mesh.presence >= limits.presence]
    if not faces:
        _refuse_missing(image, models, limits)
    _refuse_rivals([face for face, _ in faces], limits)
    finding = _measure(image, faces[0][1], len(faces))
    _refuse_poor(finding, limits)
    return finding


def yaw_of(mesh: FaceMesh) -> float:
    """How far the head is turned to the picture's right, degrees, from the line cheek to cheek."""
    dx, dy, dz = mesh.points[LEFT_CHEEK] - mesh.points[RIGHT_CHEEK]
    return float(np.degrees(np.arctan2(dz, np.hypot(dx, dy))))


def _measure(image: Image, mesh: FaceMesh, faces: int) -> FaceFinding:
    x, y = mesh.points[:, 0], mesh.points[:, 1]
    height, width = image.shape[:2]
    inside = float(np.mean((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)))
    face = float(max(np.ptp(x), np.ptp(y)))
    return FaceFinding(
        mesh, faces, face, float(np.linalg.norm(mesh.eye_line)), yaw_of(mesh), inside
    )


def _refuse_missing(image: Image, models: FaceModels, limits: PortraitLimits) -> None:
    """Half a face makes a whole one when its border is a mirror: then it was cut, not missing."""
    small, _ = shrunk(image)
    height, width = small.shape[:2]
    margins = (height // 2, height // 2, width // 2, width // 2)
    mirrored = np.asarray(cv2.copyMakeBorder(small, *margins, cv2.BORDER_REFLECT_101))
    for face in detect(mirrored, models):
        share = _share_inside(face, width // 2, height // 2, width, height)
        if 0 < share < limits.inside:
            raise FaceCutOff(f"about {share:.0%} of a face is in the picture; all of it should be")
    raise NoFaceFound(
        "no face was found; a portrait shows one from the front, upright and well lit,"
        " not much smaller than a twentieth of the picture"
    )


def _share_inside(face: Detection, left: int, top: int, width: int, height: int) -> float:
    """The share of the face's box inside the given one."""
    box = Detection(left, top, width, height, 1.0, face.keypoints)
    return face.overlap(box) * min(face.area, box.area) / max(face.area, 1e-9)


def _refuse_rivals(faces: list[Detection], limits: PortraitLimits) -> None:
    if len(faces) < 2:
        return
    share = faces[1].area / faces[0].area
    if share > limits.rival:
        raise SeveralFaces(
            f"{len(faces)} faces were found and the second has {share:.0%} of the first's area;"
            f" the speaker's face should stand alone or have {1 / limits.rival:g} times"
            " the area of the next"
        )


def _refuse_poor(finding: FaceFinding, limits: PortraitLimits) -> None:
    if finding.inside < limits.inside:
        raise FaceCutOff(
            f"{finding.inside:.0%} of the face is in the picture;"
            f" at least {limits.inside:.0%} should be"
        )
    if finding.face < limits.face:
        raise FaceTooSmall(
            f"the face is {finding.face:.0f} pixels large; {limits.face:g} are needed"
        )
    if finding.eye_span < limits.eye_span:
        raise FaceTooSmall(
            f"the outer eye corners are {finding.eye_span:.0f} pixels apart;"
            f" {limits.eye_span:g} are needed"
        )
    if abs(finding.yaw) > limits.yaw:
        side = "right" if finding.yaw > 0 else "left"
        raise FaceTurnedAway(
            f"the head is turned {abs(finding.yaw):.0f} degrees to the picture's {side};"
            f" up to {limits.yaw:g} are possible"
        )
