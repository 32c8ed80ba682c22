"""Where a face's key points are and how they are turned: a ConvNeXt V2 with seven heads."""

from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

DEPTHS = (3, 3, 9, 3)  # blocks of each stage
WIDTHS = (96, 192, 384, 768)
EPSILON = 1e-6
HEADS = {"kp": 63, "scale": 1, "pitch": 66, "yaw": 66, "roll": 66, "t": 3, "exp": 63}


class FaceMotion(NamedTuple):
    """As the network says it (ditto.md §2.2): angles as logits of 66 classes, key points flat."""

    pitch: Float[Tensor, "batch 66"]
    yaw: Float[Tensor, "batch 66"]
    roll: Float[Tensor, "batch 66"]
    t: Float[Tensor, "batch 3"]
    exp: Float[Tensor, "batch 63"]
    scale: Float[Tensor, "batch 1"]
    kp: Float[Tensor, "batch 63"]


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of pictures."""

    def forward(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ResponseNorm(nn.Module):
    """Global response normalisation (Woo et al. 2023)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, 1, width))
        self.beta = nn.Parameter(torch.zeros(1, 1, 1, width))

    def forward(
        self, x: Float[Tensor, "batch height width channels"]
    ) -> Float[Tensor, "batch height width channels"]:
        response = torch.linalg.vector_norm(x, dim=(1, 2), keepdim=True, dtype=torch.float32)
        relative = response / (response.mean(-1, keepdim=True) + EPSILON)
        return self.gamma * (x * relative.to(x.dtype)) + self.beta + x


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, EPSILON)
        self.pwconv1 = nn.Linear(width, 4 * width)
        self.grn = ResponseNorm(4 * width)
        self.pwconv2 = nn.Linear(4 * width, width)

    def forward(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        inner = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        inner = self.pwconv2(self.grn(F.gelu(self.pwconv1(inner))))
        return x + inner.permute(0, 3, 1, 2)


class Detector(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        stem = nn.Sequential(nn.Conv2d(3, WIDTHS[0], 4, 4), ChannelNorm(WIDTHS[0], EPSILON))
        self.downsample_layers = nn.ModuleList([stem])
        for narrow, wide in pairwise(WIDTHS):
            norm = ChannelNorm(narrow, EPSILON)
            self.downsample_layers.append(nn.Sequential(norm, nn.Conv2d(narrow, wide, 2, 2)))
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(width) for _ in range(depth)))
            for width, depth in zip(WIDTHS, DEPTHS, strict=True)
        )
        self.norm = nn.LayerNorm(WIDTHS[-1], EPSILON)
        for name, values in HEADS.items():
            self.add_module(f"fc_{name}", nn.Linear(WIDTHS[-1], values))

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> FaceMotion:
        x = image
        for down, stage in zip(self.downsample_layers, self.stages, strict=True):
            x = stage(down(x))
        x = self.norm(x.mean((2, 3)))
        return FaceMotion(**{name: self.get_submodule(f"fc_{name}")(x) for name in HEADS})


class MotionExtractor(nn.Module):
    """ditto.md §2.2."""

    def __init__(self) -> None:
        super().__init__()
        self.detector = Detector()

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> FaceMotion:
        """RGB in [0, 1], published for 256 x 256 pixels."""
        return self.detector(image)
