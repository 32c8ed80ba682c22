"""Moves a face's features to where the driving key points want them.

What depends on the portrait alone is worked out by `WarpNetwork.source`, once for each portrait.
"""

from typing import NamedTuple

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from talkhead.engines.ditto.networks.dense_motion import DenseMotion, grid, sampled
from talkhead.engines.ditto.networks.folding import conv_norm_2d

CHANNELS, DEPTH, OUT_CHANNELS = 32, 16, 256


class WarpSource(NamedTuple):
    """Of a portrait. Every part has a leading batch axis: those of several can be joined."""

    feature: Float[Tensor, "batch 32 16 height width"]
    compressed: Float[Tensor, "batch 4 16 height width"]
    background: Float[Tensor, "batch 4 16 height width"]


class WarpNetwork(nn.Module):
    """ditto.md §2.3."""

    def __init__(self) -> None:
        super().__init__()
        self.dense_motion_network = DenseMotion()
        self.third = conv_norm_2d(CHANNELS * DEPTH, OUT_CHANNELS)
        self.fourth = nn.Conv2d(OUT_CHANNELS, OUT_CHANNELS, 1)

    def source(self, feature_3d: Float[Tensor, "batch 32 16 height width"]) -> WarpSource:
        compressed = self.dense_motion_network.compressed(feature_3d)
        background = sampled(compressed, grid(compressed).expand(len(compressed), -1, -1, -1, -1))
        return WarpSource(feature_3d, compressed, background)

    def forward(
        self,
        source: tuple[Tensor, ...],
        kp_source: Float[Tensor, "batch 21 3"],
        kp_driving: Float[Tensor, "batch 21 3"],
    ) -> Float[Tensor, "batch 256 height width"]:
        """The decoder's features for each frame; `source` from the method of that name.

        Of a network in half precision the points may stay exact: the motion is float32 anyway.
        """
        feature, compressed, background = source
        deformation, occlusion = self.dense_motion_network(
            compressed, background, kp_source, kp_driving
        )
        warped = sampled(feature, deformation).flatten(1, 2)
        return self.fourth(F.leaky_relu(self.third(warped))) * occlusion
