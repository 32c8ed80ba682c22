"""One portrait, ready to be drawn: its arrays for storage, its layers for drawing."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.numpy import load, save
from torch import Tensor

from talkhead.engines.builtin.renderer.frame.eye_layer import EyeLayer
from talkhead.engines.builtin.renderer.frame.face_layer import FaceLayer
from talkhead.engines.builtin.renderer.frame.mouth_layer import MouthLayer
from talkhead.engines.builtin.renderer.frame.sampling import put_pixels
from talkhead.engines.builtin.renderer.motion_rows import expression_of, turn_of
from talkhead.engines.builtin.renderer.portrait.study import Arrays
from talkhead.engines.engine import NOTHING
from talkhead.errors import CheckpointMismatch
from talkhead.faces.iris import SIDES
from talkhead.types import Frames, Motion

VERSION = 1  # of the stored form
_CHECKS = "checks."


class PortraitLayers:
    """The layers of one portrait on one device."""

    def __init__(self, arrays: Arrays, device: torch.device) -> None:
        self._image = arrays["image"]
        self._face = FaceLayer(arrays, device)
        eyes = (EyeLayer(arrays, side, self._face.skin, device) for side in SIDES)
        mouth = MouthLayer(arrays, self._face.skin, device)
        self._features: tuple[EyeLayer | MouthLayer, ...] = (*eyes, mouth)
        background = torch.from_numpy(arrays["background"]).movedim(2, 0).contiguous()
        self._background = background.to(device, torch.float32)
        self._pivot = torch.from_numpy(arrays["head.pivot"]).to(device)

    def draw(self, motion: Float[Tensor, "frames 58"], neutral: float, out: Frames) -> None:
        """Canvas-sized frames into `out`; where nothing moves they are the portrait itself."""
        expression, turn = expression_of(motion, neutral), turn_of(motion, self._pivot)
        patches = [feature.draw(expression, turn) for feature in self._features]
        flow = self._face.flow(expression, turn)
        for frame, (box, picture) in enumerate(zip(self._face.boxes(flow), out, strict=True)):
            left, top, right, bottom = box
            face = self._face.draw(flow[frame], box)
            for patch in patches:
                patch.lay_over(face, box, frame)
            background = self._background[:, top:bottom, left:right]
            picture[:] = self._image
            put_pixels(_over(face, background), picture[top:bottom, left:right])


def _over(
    face: Float[Tensor, "4 height width"], background: Float[Tensor, "3 height width"]
) -> Float[Tensor, "3 height width"]:
    return face[:3].addcmul_(1 - face[3:], background)


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

    @property
    def reference(self) -> Motion:
        """Nothing: motion is the same for every face."""
        return NOTHING

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
