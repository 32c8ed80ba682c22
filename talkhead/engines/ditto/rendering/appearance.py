"""One portrait, ready to be driven: stored as arrays, drawn from tensors on the device."""

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, UInt8
from safetensors import SafetensorError
from safetensors.numpy import load, save
from torch import Tensor

from talkhead.engines.ditto.controls import CANVAS
from talkhead.engines.ditto.motion.layout import KeyPoints
from talkhead.engines.ditto.networks.signatures import Opaque
from talkhead.engines.ditto.reference import FaceReference
from talkhead.engines.ditto.rendering.paste_back import Place, pasted, place_in_frame
from talkhead.errors import CheckpointMismatch
from talkhead.types import Image, Motion

VERSION = 1  # of the stored form
_CHECKS = "checks."
_SIZES_HELD = 2  # of one portrait at once: the largest takes 9 MB

Arrays = dict[str, np.ndarray]


def stored(
    canvas: UInt8[np.ndarray, "1024 1024 3"],
    matrix: Float64[np.ndarray, "3 3"],
    volume: Float32[np.ndarray, "32 16 64 64"],
    reference: FaceReference,
    checks: dict[str, float],
    identity: str,
) -> Arrays:
    """What is kept of a portrait; `matrix` takes pixels of the 512 crop to pixels of the canvas.

    `identity` is that of the models that found all this. The volume is kept in half precision: it
    is the input of networks that run in it.
    """
    return {
        "version": np.array([VERSION], np.int32),
        "canvas": canvas,
        "matrix": matrix,
        "volume": volume.astype(np.float16),
        "reference": reference.to_rows(),
        "identity": _letters(identity),
    } | {_CHECKS + name: np.array([value], np.float64) for name, value in checks.items()}


class Pictures:
    """The canvas in the sizes last asked for, each with the place of the face in it."""

    def __init__(self, canvas: Image, matrix: Float64[np.ndarray, "3 3"]) -> None:
        self._canvas, self._matrix = canvas, matrix
        self._made: OrderedDict[int, tuple[Image, Place]] = OrderedDict()
        self._lock = Lock()

    def paste(self, face: Float32[np.ndarray, "512 512 3"], size: int) -> Image:
        """A frame of `size` x `size` pixels with the rendered face, [0, 255], in it."""
        with self._lock:
            picture, place = self._made[size] if size in self._made else self._of(size)
            self._made[size] = picture, place
            self._made.move_to_end(size)
            if len(self._made) > _SIZES_HELD:
                self._made.popitem(last=False)
        return pasted(picture, face, place)

    def _of(self, size: int) -> tuple[Image, Place]:
        scale = size / CANVAS
        resized = cv2.resize(self._canvas, (size, size), interpolation=cv2.INTER_AREA)
        shift = (scale - 1) / 2  # pixel centres
        to_size = np.array([[scale, 0, shift], [0, scale, shift], [0, 0, 1]])
        return np.asarray(resized, np.uint8), place_in_frame(to_size @ self._matrix, size, size)


@dataclass(frozen=True, eq=False)
class DittoAppearance:
    arrays: Arrays
    source: Opaque  # the volume as the warp network has prepared it, on the device

    @property
    def checks(self) -> dict[str, float]:
        """What was measured of the face in the portrait."""
        named = {name: array for name, array in self.arrays.items() if name.startswith(_CHECKS)}
        return {name.removeprefix(_CHECKS): float(array[0]) for name, array in named.items()}

    @property
    def reference(self) -> Motion:
        """One row: `FaceReference`."""
        return self.arrays["reference"]

    @cached_property
    def key_points(self) -> KeyPoints:
        """Of the face as it was photographed."""
        points: KeyPoints = FaceReference.from_rows(self.reference).source.key_points()[0]
        return points

    @cached_property
    def pictures(self) -> Pictures:
        return Pictures(self.arrays["canvas"], self.arrays["matrix"])

    def to_bytes(self) -> bytes:
        data: bytes = save(self.arrays)
        return data


def _letters(text: str) -> UInt8[np.ndarray, " letters"]:
    return np.frombuffer(text.encode(), np.uint8)


def arrays_of(data: bytes, identity: str) -> Arrays:
    """The inverse of `DittoAppearance.to_bytes`; `identity` is that of the models in use.

    Raises:
        CheckpointMismatch: it was not made by this version, or from other weights; register the
            portrait again.
    """
    try:
        arrays: Arrays = load(data)
    except SafetensorError as error:
        raise CheckpointMismatch(f"the stored appearance cannot be read: {error}") from error
    version = arrays.get("version")
    if version is None or version[0] != VERSION:
        raise CheckpointMismatch(
            f"the stored appearance is not of version {VERSION}; register the portrait again"
        )
    if not np.array_equal(arrays["identity"], _letters(identity)):
        raise CheckpointMismatch(
            "the stored appearance was made from other weights; register the portrait again"
        )
    return arrays


def volume_of(
    arrays: Arrays, device: torch.device, dtype: torch.dtype
) -> Float[Tensor, "1 32 16 64 64"]:
    return torch.tensor(arrays["volume"], device=device, dtype=dtype)[None]
