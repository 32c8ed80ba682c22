"""Key points to pictures, batched over sessions: the last stage of the engine."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, groupby, pairwise
from typing import Any, TypeAlias, cast

import cv2
import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from talkhead.engines.ditto.appearance import (
    DittoAppearance,
    Pictures,
    arrays_of,
    stored,
    volume_of,
)
from talkhead.engines.ditto.host_copy import CopyOut, HostCopy
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

# Frames drawn at once. A GPU gets few sizes, for each of which cuDNN has found its fastest ways.
TOGETHER_ON_CPU, TOGETHER_ELSEWHERE = (1,), (16, 8, 4, 2, 1)
PASTERS = 8  # threads that paste while the device draws: as fast as it, in the largest size too

# each item has its own number of frames: not an axis all of them share
ItsMotion: TypeAlias = Float32[np.ndarray, "_frames 63"]
ItsFrames: TypeAlias = UInt8[np.ndarray, "_frames _size _size 3"]


@dataclass(frozen=True)
class Drawing:
    """The two networks that make pictures, and how they are run."""

    warp: WarpNetworkLike
    decoder: DecoderLike
    device: torch.device
    dtype: torch.dtype  # of the features

    def draw(
        self,
        source: Opaque,
        still: Float32[Tensor, "frames 21 3"],
        driven: Float32[Tensor, "frames 21 3"],
    ) -> Float32[Tensor, "frames 512 512 3"]:
        """Faces in [0, 255], on the device, in one pass; `source` has one item a frame."""
        features = self.warp(source, still, driven)
        pictures = self.decoder(features.to(self.dtype)).float().mul_(255)
        return pictures.permute(0, 2, 3, 1).contiguous()


def drawing_with(warp: Any, decoder: Any, device: torch.device) -> Drawing:
    """On a GPU in half precision, pixel by pixel in memory: as its matrix units like it."""
    if device.type == "cpu":
        return Drawing(warp, decoder, device, torch.float32)
    # For the whole process, there is no other way: batches come in few sizes, see above.
    torch.backends.cudnn.benchmark = True
    for network in (warp, decoder):
        if isinstance(network, torch.nn.Module):
            network.half()
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # its stubs lack it
    return Drawing(warp, decoder, device, torch.float16)


class DittoRenderer:
    """Implements `Renderer`. Each frame is drawn for itself: batches do not mix."""

    def __init__(self, drawing: Drawing, registration: RegistrationModels) -> None:
        # For the whole process, there is no other way: pasting has threads of its own.
        cv2.setNumThreads(1)
        self._drawing, self._registration = drawing, registration
        self._copied = CopyOut(drawing.device)
        on_cpu = drawing.device.type == "cpu"
        self._together = TOGETHER_ON_CPU if on_cpu else TOGETHER_ELSEWHERE
        self._tried = False  # each size, by the thread that draws
        self._pasting = ThreadPoolExecutor(PASTERS, thread_name_prefix="paste")
        # One thread: what a GPU's libraries found to be fast is known to the thread that asked.
        self._studying = ThreadPoolExecutor(1, thread_name_prefix="study")

    def close(self) -> None:
        """End its threads."""
        self._pasting.shutdown(wait=False)
        self._studying.shutdown(wait=False)

    def register(self, portrait: Image) -> DittoAppearance:
        """Study a portrait.

        Raises:
            PortraitError: what is wrong with it, with the measured value.
        """
        return self._studying.submit(self._study, portrait).result()

    def _study(self, portrait: Image) -> DittoAppearance:
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

    @torch.inference_mode()
    def render(
        self, items: Sequence[tuple[Appearance, ItsMotion, Controls]], size: int
    ) -> list[ItsFrames]:
        """Frames of `size` x `size` pixels, RGB, for each item; portraits may differ."""
        frames = [(cast(DittoAppearance, who), row) for who, motion, _ in items for row in motion]
        pasting: list[Future[Image]] = []
        for who, faces in self._drawn(frames):
            for index, appearance in enumerate(who):
                job = partial(_paste, appearance.pictures, faces, index, size)
                pasting.append(self._pasting.submit(job))
        pictures = [future.result() for future in pasting]
        edges = accumulate((len(motion) for _, motion, _ in items), initial=0)
        empty = np.zeros((0, size, size, 3), np.uint8)
        return [np.stack(pictures[a:b]) if b > a else empty for a, b in pairwise(edges)]

    def _drawn(
        self, frames: Sequence[tuple[DittoAppearance, Float32[np.ndarray, " 63"]]]
    ) -> Iterator[tuple[list[DittoAppearance], HostCopy]]:
        """The faces of some frames after the other, as soon as the device knows its work.

        It is handed all that it needs at once, and so never waits for the next.
        """
        if not frames:
            return
        who = [appearance for appearance, _ in frames]
        still = np.stack([appearance.key_points for appearance in who])
        driven = np.stack([row.reshape(POINTS, 3) for _, row in frames])
        points = torch.tensor(np.stack([still, driven]), device=self._drawing.device)
        if not self._tried:
            self._tried = True
            self._try_sizes(who[0], points[:, :1])
        for start, stop in pairwise(accumulate(self._sizes(len(frames)), initial=0)):
            source = _joined(who[start:stop])
            faces = self._drawing.draw(source, *points[:, start:stop])
            yield who[start:stop], self._copied(faces)

    def _sizes(self, frames: int) -> Iterator[int]:
        while frames > 0:
            some = next(size for size in self._together if size <= frames)
            yield some
            frames -= some

    def _try_sizes(self, who: DittoAppearance, points: Float32[Tensor, "2 1 21 3"]) -> None:
        """A GPU's libraries look for the fastest way at the first batch of each size, for seconds.

        What they found is known only to the thread that asked.
        """
        if self._drawing.device.type == "cuda":
            for size in self._together:
                self._drawing.draw(_joined([who] * size), *points.expand(-1, size, -1, -1))


def _paste(pictures: Pictures, faces: HostCopy, index: int, size: int) -> Image:
    return pictures.paste(faces.array()[index], size)


def _joined(appearances: Sequence[DittoAppearance]) -> Opaque:
    """The sources of the frames, each with its own portrait's."""
    runs = [(one, len(list(run))) for one, run in groupby(appearances)]
    parts = zip(
        *((part.expand(count, *part.shape[1:]) for part in one.source) for one, count in runs),
        strict=True,
    )
    return tuple(torch.cat(part) if len(part) > 1 else part[0] for part in parts)
