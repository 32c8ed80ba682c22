"""Key points to pictures, batched over sessions: the last stage of the engine."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise
from typing import TypeAlias, cast

import cv2
import numpy as np
import torch
from jaxtyping import Float32, UInt8

from talkhead.engines.ditto.appearance import (
    DittoAppearance,
    arrays_of,
    stored,
    volume_of,
)
from talkhead.engines.ditto.motion.condition import Reference
from talkhead.engines.ditto.motion.layout import POINTS
from talkhead.engines.ditto.motion.source import SourceMotion
from talkhead.engines.ditto.networks.signatures import DecoderLike, Opaque, WarpNetworkLike
from talkhead.engines.ditto.reference import FaceReference
from talkhead.engines.ditto.registration.models import RegistrationModels
from talkhead.engines.ditto.registration.picture_size import CANVAS, limited
from talkhead.engines.ditto.registration.register import register
from talkhead.engines.engine import Appearance
from talkhead.faces.framing import framed
from talkhead.faces.portrait_check import check_portrait
from talkhead.types import Controls, Image

TOGETHER_ON_CPU, TOGETHER_ELSEWHERE = 1, 16  # frames drawn at once
PASTERS = 4  # threads that paste while the device draws

# each item has its own number of frames: not an axis all of them share
ItsMotion: TypeAlias = Float32[np.ndarray, "_frames 63"]
ItsFrames: TypeAlias = UInt8[np.ndarray, "_frames _size _size 3"]
Faces: TypeAlias = Float32[np.ndarray, "frames 512 512 3"]


@dataclass(frozen=True)
class Drawing:
    """The two networks that make pictures, and how they are run."""

    warp: WarpNetworkLike
    decoder: DecoderLike
    device: torch.device
    dtype: torch.dtype  # of the features


class DittoRenderer:
    """Implements `Renderer`. Each frame is drawn for itself: batches do not mix."""

    def __init__(self, drawing: Drawing, registration: RegistrationModels) -> None:
        # For the whole process, there is no other way: pasting has threads of its own.
        cv2.setNumThreads(1)
        self._drawing, self._registration = drawing, registration
        on_cpu = drawing.device.type == "cpu"
        self._together = TOGETHER_ON_CPU if on_cpu else TOGETHER_ELSEWHERE
        self._pasting = ThreadPoolExecutor(PASTERS, thread_name_prefix="paste")

    def register(self, portrait: Image) -> DittoAppearance:
        """Study a portrait.

        Raises:
            PortraitError: what is wrong with it, with the measured value.
        """
        picture = limited(portrait)
        finding = check_portrait(picture, self._registration.own)
        face = register(picture, self._registration)
        canvas, to_canvas = framed(picture, finding.mesh, CANVAS)
        eyes = face.sight.eyes
        reference = FaceReference(
            SourceMotion(face.row[None], face.canonical[None]),
            Reference(eyes.openness[None], eyes.movement[None], face.canonical),
        )
        checks = {
            "faces": float(finding.faces),
            "face_pixels": finding.face,
            "eye_span_pixels": finding.eye_span,
            "yaw_degrees": finding.yaw,
        }
        matrix = np.vstack([to_canvas, [0, 0, 1]]) @ face.sight.matrix
        return self._ready(stored(canvas, matrix, face.volume, reference, checks))

    def load(self, data: bytes) -> DittoAppearance:
        """The inverse of `DittoAppearance.to_bytes`.

        Raises:
            CheckpointMismatch: another version made it.
        """
        return self._ready(arrays_of(data))

    @torch.inference_mode()
    def _ready(self, arrays: dict[str, np.ndarray]) -> DittoAppearance:
        volume = volume_of(arrays, self._drawing.device, self._drawing.dtype)
        return DittoAppearance(arrays, self._drawing.warp.source(volume))

    def render(
        self, items: Sequence[tuple[Appearance, ItsMotion, Controls]], size: int
    ) -> list[ItsFrames]:
        """Frames of `size` x `size` pixels, RGB, for each item; portraits may differ."""
        frames = [(cast(DittoAppearance, who), row) for who, motion, _ in items for row in motion]
        pasting = []
        for start in range(0, len(frames), self._together):
            some = frames[start : start + self._together]
            for (appearance, _), face in zip(some, self._draw(some), strict=True):
                pasting.append(self._pasting.submit(appearance.pictures.paste, face, size))
        pictures = [future.result() for future in pasting]
        edges = accumulate((len(motion) for _, motion, _ in items), initial=0)
        empty = np.zeros((0, size, size, 3), np.uint8)
        return [np.stack(pictures[a:b]) if b > a else empty for a, b in pairwise(edges)]

    @torch.inference_mode()
    def _draw(self, frames: Sequence[tuple[DittoAppearance, Float32[np.ndarray, " 63"]]]) -> Faces:
        """The faces in [0, 255], all in one pass."""
        drawing = self._drawing
        still = np.stack([appearance.key_points for appearance, _ in frames])
        driven = np.stack([row.reshape(POINTS, 3) for _, row in frames])
        points = (torch.tensor(some, device=drawing.device) for some in (still, driven))
        features = drawing.warp(_joined([appearance for appearance, _ in frames]), *points)
        pictures = drawing.decoder(features.to(drawing.dtype)).float().mul_(255)
        faces: Faces = pictures.permute(0, 2, 3, 1).contiguous().cpu().numpy()
        return faces


def _joined(appearances: Sequence[DittoAppearance]) -> Opaque:
    """The sources of the frames, each with its own portrait's."""
    runs = [(one, len(list(run))) for one, run in groupby(appearances)]
    parts = zip(
        *((part.expand(count, *part.shape[1:]) for part in one.source) for one, count in runs),
        strict=True,
    )
    return tuple(torch.cat(part) if len(part) > 1 else part[0] for part in parts)
