"""What is kept of a face: its motion at rest, its eyes, its look, and where it was found."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Float32, Float64, UInt8
from torch import Tensor

from talkhead.engines.ditto.motion.layout import joined
from talkhead.engines.ditto.registration.crop import FOR_NETWORKS, Crop
from talkhead.engines.ditto.registration.eye_state import EyeState
from talkhead.engines.ditto.registration.eyes import eyes_in_crop
from talkhead.engines.ditto.registration.face_points import FacePoints
from talkhead.engines.ditto.registration.locate import speaker
from talkhead.engines.ditto.registration.models import RegistrationModels
from talkhead.errors import NoFaceFound
from talkhead.types import Image

SIZE = 256  # pixels, side of the pictures that the networks take

Small = UInt8[np.ndarray, "256 256 3"]
Volume = Float32[np.ndarray, "32 16 64 64"]


@dataclass(frozen=True)
class Sight:
    """What is seen of a face before the networks of Ditto look at it."""

    points: FacePoints  # in the picture: the next frame of a video is searched around them
    matrix: Float64[np.ndarray, "3 3"]  # from pixels of the 512 x 512 crop to the picture's
    small: Small  # the crop, as the networks take it
    eyes: EyeState


@dataclass(frozen=True)
class SourceFace:
    """A registered portrait (ditto.md §6)."""

    row: Float32[np.ndarray, " 265"]  # its motion: `motion.layout`
    canonical: Float32[np.ndarray, " 63"]  # its key points at rest
    volume: Volume  # its look
    sight: Sight


def register(picture: Image, models: RegistrationModels) -> SourceFace:
    """Study a portrait, of a size as `limited` makes it.

    Raises:
        PortraitError: what is wrong with it.
    """
    return studied(first_sight(picture, models), models)


def studied(sight: Sight, models: RegistrationModels) -> SourceFace:
    rows, canonical = face_motion([sight.small], models)
    return SourceFace(rows[0], canonical[0], volumes([sight.small], models)[0], sight)


def first_sight(picture: Image, models: RegistrationModels) -> Sight:
    """The face that will speak.

    Raises:
        PortraitError: what is wrong with it.
    """
    sight = seen(picture, speaker(picture, models), models)
    if sight is None:
        raise NoFaceFound("the face was lost on a closer look; it should be sharp and well lit")
    return sight


def seen(picture: Image, points: FacePoints, models: RegistrationModels) -> Sight | None:
    """The face at `points`; None if there is none after all."""
    crop = FOR_NETWORKS.around(points)
    face = crop.cut(picture)
    eyes = eyes_in_crop(face, models)
    if eyes is None:
        return None
    return Sight(points, crop.to_picture, _reduced(face), eyes)


def cut_small(picture: Image, crop: Crop) -> Small:
    """The crop, or what else is there, as the networks take it (ditto.md §6 step 5)."""
    return _reduced(crop.cut(picture))


def _reduced(crop: UInt8[np.ndarray, "512 512 3"]) -> Small:
    return np.asarray(cv2.resize(crop, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)


def face_motion(
    faces: Sequence[Small], models: RegistrationModels
) -> tuple[Float32[np.ndarray, "faces 265"], Float32[np.ndarray, "faces 63"]]:
    """Motion rows and canonical key points."""
    with torch.inference_mode():
        motion = models.motion(_batch(faces, models.device))
    parts = {name: value.float().cpu().numpy() for name, value in motion._asdict().items()}
    return joined(parts), parts["kp"]


def volumes(
    faces: Sequence[Small], models: RegistrationModels
) -> Float32[np.ndarray, "faces 32 16 64 64"]:
    """Feature volumes, 8 MiB a face."""
    with torch.inference_mode():
        features = models.appearance(_batch(faces, models.device))
    array: np.ndarray = features.float().cpu().numpy()
    return array


def _batch(faces: Sequence[Small], device: str) -> Tensor:
    pictures = torch.from_numpy(np.stack(faces)).to(device)
    return pictures.permute(0, 3, 1, 2).float() / 255
