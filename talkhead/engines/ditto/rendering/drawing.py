"""Faces drawn on a device, many at once, and pasted on the CPU while the next ones are drawn."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise
from typing import Any, Protocol, TypeAlias, runtime_checkable

import cv2
import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from talkhead.engines.ditto.motion.layout import POINTS, KeyPoints
from talkhead.engines.ditto.networks.signatures import DecoderLike, Opaque, WarpNetworkLike
from talkhead.engines.ditto.rendering.host_copy import CopyOut, HostCopy
from talkhead.types import Image

# Frames drawn at once. A GPU gets few sizes, for each of which cuDNN has found its fastest ways.
TOGETHER_ON_CPU, TOGETHER_ELSEWHERE = (1,), (16, 8, 4, 2, 1)
PASTERS = 8  # threads that paste while the device draws: as fast as it, in the largest size too

Row: TypeAlias = Float32[np.ndarray, " 63"]
Paste: TypeAlias = Callable[[Float32[np.ndarray, "512 512 3"]], Image]  # a face in [0, 255]


@runtime_checkable
class Subject(Protocol):
    """A face that can be driven."""

    @property
    def source(self) -> Opaque:
        """Its look, as the warp network has prepared it, on the device; one item."""

    @property
    def key_points(self) -> KeyPoints:
        """As it was photographed."""


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


class FaceDrawer:
    """Draws and pastes. Each face is drawn for itself: batches do not mix."""

    def __init__(self, drawing: Drawing, together: tuple[int, ...] | None = None) -> None:
        """`together` are the sizes of batches, falling, the last one 1; None for the usual ones."""
        # For the whole process, there is no other way: pasting has threads of its own.
        cv2.setNumThreads(1)
        self.drawing = drawing
        self._copied = CopyOut(drawing.device)
        on_cpu = drawing.device.type == "cpu"
        self.together = together or (TOGETHER_ON_CPU if on_cpu else TOGETHER_ELSEWHERE)
        self._tried = False  # each size, by the thread that draws
        self._pasting = ThreadPoolExecutor(PASTERS, thread_name_prefix="paste")

    def close(self) -> None:
        """End its threads."""
        self._pasting.shutdown(wait=False)

    @torch.inference_mode()
    def pictures(
        self, who: Sequence[Subject], rows: Sequence[Row], pastes: Sequence[Paste]
    ) -> list[Image]:
        """For each subject the face that its row of key points drives, in the picture it is of."""
        jobs: list[Future[Image]] = []
        for faces in self._drawn(who, rows):
            some = pastes[len(jobs) : len(jobs) + len(faces.tensor)]
            jobs += [
                self._pasting.submit(_paste, paste, faces, at) for at, paste in enumerate(some)
            ]
        return [job.result() for job in jobs]

    def _drawn(self, who: Sequence[Subject], rows: Sequence[Row]) -> Iterator[HostCopy]:
        """Some faces after the other, as soon as the device knows its work.

        It is handed all that it needs at once, and so never waits for the next.
        """
        if not who:
            return
        still = np.stack([subject.key_points for subject in who])
        driven = np.stack([row.reshape(POINTS, 3) for row in rows])
        points = torch.tensor(np.stack([still, driven]), device=self.drawing.device)
        if not self._tried:
            self._tried = True
            self._try_sizes(who[0], points[:, :1])
        for start, stop in pairwise(accumulate(self._sizes(len(who)), initial=0)):
            source = joined(who[start:stop])
            yield self._copied(self.drawing.draw(source, *points[:, start:stop]))

    def _sizes(self, frames: int) -> Iterator[int]:
        while frames > 0:
            some = next(size for size in self.together if size <= frames)
            yield some
            frames -= some

    def _try_sizes(self, who: Subject, points: Float32[Tensor, "2 1 21 3"]) -> None:
        """A GPU's libraries look for the fastest way at the first batch of each size, for seconds.

        What they found is known only to the thread that asked.
        """
        if self.drawing.device.type == "cuda":
            for size in self.together:
                self.drawing.draw(joined([who] * size), *points.expand(-1, size, -1, -1))


def _paste(paste: Paste, faces: HostCopy, at: int) -> Image:
    return paste(faces.array()[at])


def joined(subjects: Sequence[Subject]) -> Opaque:
    """The sources of the frames, each with its own subject's."""
    runs = [(one, len(list(run))) for one, run in groupby(subjects)]
    parts = zip(
        *((part.expand(count, *part.shape[1:]) for part in one.source) for one, count in runs),
        strict=True,
    )
    return tuple(torch.cat(part) if len(part) > 1 else part[0] for part in parts)
