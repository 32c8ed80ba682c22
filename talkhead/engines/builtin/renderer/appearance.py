"""One portrait, ready to be drawn: its arrays for storage, its layers for drawing."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, UInt8
from safetensors import SafetensorError
from safetensors.numpy import load, save
from torch import Tensor

from talkhead.engines.builtin.renderer.frame.eye_layer import EyeLayer
from talkhead.engines.builtin.renderer.frame.face_layer import FaceLayer
from talkhead.engines.builtin.renderer.frame.mouth_layer import MouthLayer
from talkhead.engines.builtin.renderer.frame.sampling import to_pixels
from talkhead.engines.builtin.renderer.motion_rows import expression_of, turn_of
from talkhead.engines.builtin.renderer.portrait.study import Arrays
from talkhead.errors import CheckpointMismatch
from talkhead.faces.iris import SIDES

VERSION = 1  # of the stored form
_CHECKS = "checks."


class PortraitLayers:
    """The layers of one portrait on one device."""

    def __init__(self, arrays: Arrays, device: torch.device) -> None:
        self._image = torch.from_numpy(arrays["image"]).to(device)
        self._face = FaceLayer(arrays, device)
        mouth = MouthLayer(arrays, self._face.skin, device)
        eyes = (EyeLayer(arrays, side, self._face.skin, device) for side in SIDES)
        self._features: tuple[EyeLayer | MouthLayer, ...] = (*eyes, mouth)
        left, top, right, bottom = self._face.box
        background = torch.from_numpy(arrays["background"][top:bottom, left:right])
        self._background = background.movedim(2, 0).contiguous().to(device, torch.float32)
        self._pivot = torch.from_numpy(arrays["head.pivot"]).to(device)

    def draw(
        self, motion: Float[Tensor, "frames 58"], neutral: float
    ) -> UInt8[Tensor, "frames height width 3"]:
        """Canvas-sized frames. What lies outside the moving box is the portrait, untouched."""
        expression, turn = expression_of(motion, neutral), turn_of(motion, self._pivot)
        face, box = self._face.draw(expression, turn), self._face.box
        for layer in self._features:
            layer.draw_on(face, box, expression, turn)
        behind = 1 - face[:, 3:]
        colours = torch.addcmul(face[:, :3], behind, self._background)
        left, top, right, bottom = box
        frames = self._image.repeat(len(motion), 1, 1, 1)
        frames[:, top:bottom, left:right] = to_pixels(colours)
        return frames


@dataclass(frozen=True, eq=False)
class PortraitAppearance:
    """What `study` found, and layers made of it when first drawn."""

    arrays: Arrays
    device: torch.device

    @cached_property
    def layers(self) -> PortraitLayers:
        return PortraitLayers(self.arrays, self.device)

    @property
    def checks(self) -> dict[str, float]:
        """What was measured of the face in the portrait."""
        named = {name: array for name, array in self.arrays.items() if name.startswith(_CHECKS)}
        return {name.removeprefix(_CHECKS): float(array[0]) for name, array in named.items()}

    def to_bytes(self) -> bytes:
        data: bytes = save(self.arrays | {"version": np.array([VERSION], np.int32)})
        return data


def from_bytes(data: bytes, device: torch.device) -> PortraitAppearance:
    """The inverse of `PortraitAppearance.to_bytes`.

    Raises:
        CheckpointMismatch: it was not made by this version; register the portrait again.
    """
    try:
        arrays = load(data)
    except SafetensorError as error:
        raise CheckpointMismatch(f"the stored appearance cannot be read: {error}") from error
    version = arrays.pop("version", None)
    if version is None or version[0] != VERSION:
        raise CheckpointMismatch(
            f"the stored appearance is not of version {VERSION}; register the portrait again"
        )
    return PortraitAppearance(arrays, device)
