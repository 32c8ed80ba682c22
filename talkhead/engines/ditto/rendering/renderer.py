"""Key points to pictures, batched over sessions: the last stage of the engine."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from typing import TypeAlias, cast

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from talkhead.engines.ditto.controls import CANVAS
from talkhead.engines.ditto.motion.condition import FaceCondition
from talkhead.engines.ditto.motion.layout import KeyPoints
from talkhead.engines.ditto.motion.source import SourceMotion
from talkhead.engines.ditto.networks.signatures import Opaque
from talkhead.engines.ditto.reference import FaceReference
from talkhead.engines.ditto.registration.models import RegistrationModels
from talkhead.engines.ditto.registration.picture_size import limited
from talkhead.engines.ditto.registration.register import register
from talkhead.engines.ditto.registration.video_source import SourceWindow
from talkhead.engines.ditto.rendering.appearance import (
    DittoAppearance,
    arrays_of,
    stored,
    volume_of,
)
from talkhead.engines.ditto.rendering.drawing import FaceDrawer
from talkhead.engines.ditto.rendering.paste_back import pasted, place_in_frame
from talkhead.engines.engine import Appearance
from talkhead.faces.framing import framed
from talkhead.faces.portrait_check import check_portrait
from talkhead.types import Controls, Image

# each item has its own number of frames: not an axis all of them share
ItsMotion: TypeAlias = Float32[np.ndarray, "_frames 63"]
ItsFrames: TypeAlias = UInt8[np.ndarray, "_frames _size _size 3"]


class DittoRenderer:
    """Implements `Renderer`. Each frame is drawn for itself: batches do not mix."""

    def __init__(self, drawer: FaceDrawer, registration: RegistrationModels) -> None:
        self.drawer, self.registration = drawer, registration
        # One thread: what a GPU's libraries found to be fast is known to the thread that asked.
        self._studying = ThreadPoolExecutor(1, thread_name_prefix="study")

    def close(self) -> None:
        """End its threads."""
        self.drawer.close()
        self._studying.shutdown(wait=False)

    def register(self, portrait: Image) -> DittoAppearance:
        """Study a portrait.

        Raises:
            PortraitError: what is wrong with it, with the measured value.
        """
        return self._studying.submit(self._study, portrait).result()

    def _study(self, portrait: Image) -> DittoAppearance:
        picture = limited(portrait)
        finding = check_portrait(picture, self.registration.own)
        face = register(picture, self.registration)
        canvas, to_canvas = framed(picture, finding.mesh, CANVAS)
        eyes = face.sight.eyes
        reference = FaceReference(
            SourceMotion(face.row[None], face.canonical[None]),
            FaceCondition(eyes.openness[None], eyes.movement[None], face.canonical),
        )
        checks = {
            "faces": float(finding.faces),
            "face_pixels": finding.face,
            "eye_span_pixels": finding.eye_span,
            "yaw_degrees": finding.yaw,
        }
        matrix = np.vstack([to_canvas, [0, 0, 1]]) @ face.sight.matrix
        identity = self.registration.identity
        return self._ready(stored(canvas, matrix, face.volume, reference, checks, identity))

    def load(self, data: bytes) -> DittoAppearance:
        """The inverse of `DittoAppearance.to_bytes`.

        Raises:
            CheckpointMismatch: another version made it, or other weights.
        """
        return self._ready(arrays_of(data, self.registration.identity))

    @torch.inference_mode()
    def _ready(self, arrays: dict[str, np.ndarray]) -> DittoAppearance:
        volume = volume_of(arrays, self.drawer.drawing.device, self.drawer.drawing.dtype)
        return DittoAppearance(arrays, self.drawer.drawing.warp.source(volume))

    def render(
        self, items: Sequence[tuple[Appearance, ItsMotion, Controls]], size: int
    ) -> list[ItsFrames]:
        """Frames of `size` x `size` pixels, RGB, for each item; portraits may differ."""
        who = [cast(DittoAppearance, one) for one, motion, _ in items for _ in motion]
        rows = [row for _, motion, _ in items for row in motion]
        pastes = [partial(one.pictures.paste, size=size) for one in who]
        pictures = self.drawer.pictures(who, rows, pastes)
        edges = accumulate((len(motion) for _, motion, _ in items), initial=0)
        empty = np.zeros((0, size, size, 3), np.uint8)
        return [np.stack(pictures[a:b]) if b > a else empty for a, b in pairwise(edges)]

    def render_onto(
        self, frames: Sequence[Image], window: SourceWindow, motion: ItsMotion
    ) -> list[Image]:
        """The frames of a source video, of any size, each with its face driven by a row.

        `frames` are those that `window` was registered from.
        """
        who = self._faces(window)
        pastes = [
            partial(pasted, frame, place=place_in_frame(matrix, *frame.shape[:2]))
            for frame, matrix in zip(frames, window.matrices, strict=True)
        ]
        return self.drawer.pictures(who, list(motion), pastes)

    @torch.inference_mode()
    def _faces(self, window: SourceWindow) -> list["VideoFace"]:
        drawing = self.drawer.drawing
        volumes = torch.tensor(window.volumes, device=drawing.device, dtype=drawing.dtype)
        source = drawing.warp.source(volumes)
        return [
            VideoFace(tuple(part[at : at + 1] for part in source), points)
            for at, points in enumerate(window.motion.key_points())
        ]


@dataclass(frozen=True, eq=False)
class VideoFace:
    """The face of one frame of a source video."""

    source: Opaque
    key_points: KeyPoints
