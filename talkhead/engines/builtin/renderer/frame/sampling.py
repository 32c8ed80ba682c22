"""Looking up pictures and fields between their texels, on any device."""

from enum import Enum

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from talkhead.types import Image

PACK = 4  # channels OpenCV looks up fastest


class Filter(Enum):
    """How values between texels are made. At whole texels both give the texel itself."""

    LINEAR = "bilinear"  # for fields
    CUBIC = "bicubic"  # for pictures: they stay sharp while they glide; a = -0.75


OPENCV = {Filter.LINEAR: cv2.INTER_LINEAR, Filter.CUBIC: cv2.INTER_CUBIC}


class Texture:
    """Pictures with values between their texels, too; beyond the border the last one counts.

    On the CPU OpenCV does it, in a third of torch's time; elsewhere torch.
    """

    def __init__(
        self,
        planes: Float[Tensor, "pictures channels height width"],
        between: Filter = Filter.LINEAR,
    ) -> None:
        self._filter = between
        self._on_cpu = planes.device.type == "cpu"
        self._channels = planes.shape[1]
        if self._on_cpu:
            self._packed = [_packed(picture) for picture in planes]
        else:
            self._planes = planes

    def at(
        self, texels: Float[Tensor, "batch 2 height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        """Values at x, y in texels; one picture serves all of the batch, or each has its own."""
        if self._on_cpu:
            return self._at_on_cpu(texels)
        height, width = self._planes.shape[-2:]
        scale = texels.new_tensor([2 / (width - 1), 2 / (height - 1)])
        grid = texels.movedim(1, -1) * scale - 1
        planes = self._planes.expand(len(texels), -1, -1, -1)
        return functional.grid_sample(
            planes, grid, mode=self._filter.value, padding_mode="border", align_corners=True
        )

    def _at_on_cpu(
        self, texels: Float[Tensor, "batch 2 height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        batch, _, height, width = texels.shape
        groups, way = len(self._packed[0]), OPENCV[self._filter]
        out = torch.empty(batch, groups * PACK, height, width)
        if not texels.numel():  # OpenCV refuses empty pictures
            return out[:, : self._channels]
        for item, (x, y) in enumerate(texels.contiguous().numpy()):
            packed = self._packed[item if len(self._packed) > 1 else 0]
            planes = list(out[item].numpy())
            for at, pack in enumerate(packed):
                some = cv2.remap(pack, x, y, way, borderMode=cv2.BORDER_REPLICATE)
                cv2.split(some, planes[at * PACK : (at + 1) * PACK])
        return out[:, : self._channels]


def _packed(planes: Float[Tensor, "channels height width"]) -> list[np.ndarray]:
    """Channels interleaved, in whole packs: the last one is filled up with what is there."""
    missing = -len(planes) % PACK
    arrays = [*planes.numpy(), *planes[:1].expand(missing, -1, -1).numpy()]
    return [np.asarray(cv2.merge(arrays[at : at + PACK])) for at in range(0, len(arrays), PACK)]


def enlarged(
    planes: Float[Tensor, "batch channels rows columns"], factor: int
) -> Float[Tensor, "batch channels height width"]:
    """Bilinear values at the pixels of the nodes' `factor` x `factor` cells."""
    if planes.device.type != "cpu":
        return functional.interpolate(
            planes, scale_factor=factor, mode="bilinear", align_corners=False
        )
    batch, channels, rows, columns = planes.shape
    out = torch.empty(batch, channels, rows * factor, columns * factor)
    size = (columns * factor, rows * factor)
    for small, large in zip(
        planes.contiguous().numpy().reshape(-1, rows, columns),
        out.numpy().reshape(-1, rows * factor, columns * factor),
        strict=True,
    ):
        cv2.resize(small, size, dst=large, interpolation=cv2.INTER_LINEAR)
    return out


def put_pixels(planes: Float[Tensor, "3 height width"], out: Image) -> None:
    """Levels, rounded to 8 bits, into a part of a picture."""
    levels = planes.clamp_(0, 255)
    if levels.device.type == "cpu":
        out[:] = cv2.merge([cv2.convertScaleAbs(plane) for plane in levels.numpy()])
    else:
        out[:] = levels.round().to(torch.uint8).movedim(0, -1).cpu().numpy()
