"""From key points to dense motion: for every place of a volume, where its content comes from.

21 motions, one a key point, and a resting background are candidates; a network weighs them.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32
from torch import Tensor, nn

from talkhead.engines.ditto.networks.folding import Foldable, merged
from talkhead.engines.ditto.networks.hourglass import Hourglass
from talkhead.engines.ditto.networks.slices import StackedConv, SummedConv, missing_channels

CHANNELS, COMPRESSED, DEPTH = 32, 4, 16
CANDIDATES = 22  # the background and 21 key points
VARIANCE = 0.01  # of the blobs that mark key points


def axis(points: int, like: Tensor) -> Float32[Tensor, " points"]:
    """Coordinates from -1 to 1, both included."""
    return torch.arange(points, device=like.device) * (2 / (points - 1)) - 1


def grid(
    like: Float[Tensor, "batch channels depth height width"],
) -> Float32[Tensor, "1 depth height width 3"]:
    """The coordinates x, y, z of every place."""
    depth, height, width = (axis(points, like) for points in like.shape[2:])
    z, y, x = torch.meshgrid(depth, height, width, indexing="ij")
    return torch.stack([x, y, z], -1)[None]


def sampled(
    volume: Float[Tensor, "batch channels depth height width"],
    places: Float32[Tensor, "batch depth_out height_out width_out 3"],
) -> Float[Tensor, "batch channels depth_out height_out width_out"]:
    """The volume at those places, zero outside: in float32, since half would shift it visibly."""
    exact = F.grid_sample(volume.float(), places, "bilinear", "zeros", align_corners=False)
    return exact.to(volume.dtype)


def blobs(
    points: Float[Tensor, "batch points 3"], like: Float[Tensor, "batch channels *size"]
) -> Float32[Tensor, "batch points *size"]:
    """A Gaussian about each point: the product of one along each axis."""

    def along(count: int, coordinate: int) -> Float32[Tensor, "batch points count"]:
        off = axis(count, like) - points[..., coordinate, None].float()
        return torch.exp(off.square() * (-0.5 / VARIANCE))

    depth, height, width = like.shape[2:]
    flat = along(height, 1)[..., :, None] * along(width, 0)[..., None, :]
    return along(depth, 2)[..., None, None] * flat[:, :, None]


class DenseMotion(Foldable):
    """ditto.md §2.3, steps 1 to 7."""

    def __init__(self) -> None:
        super().__init__()
        self.more = 0  # channels without meaning, that the folded hourglass takes
        self.hourglass = Hourglass(CANDIDATES * (1 + COMPRESSED))
        channels = self.hourglass.out_channels
        self.mask = nn.Conv3d(channels, CANDIDATES, 7, padding=3)
        self.compress = nn.Conv3d(CHANNELS, COMPRESSED, 1)
        self.norm: nn.Module = nn.BatchNorm3d(COMPRESSED)
        self.occlusion = nn.Conv2d(channels * DEPTH, 1, 7, padding=3)

    def compressed(
        self, feature_3d: Float[Tensor, "batch 32 16 height width"]
    ) -> Float[Tensor, "batch 4 16 height width"]:
        # Sampling reads it channel by channel, however convolutions leave it.
        return F.relu(self.norm(self.compress(feature_3d))).contiguous()

    def forward(
        self,
        compressed: Float[Tensor, "batch 4 16 height width"],
        background: Float[Tensor, "batch 4 16 height width"],
        kp_source: Float[Tensor, "batch 21 3"],
        kp_driving: Float[Tensor, "batch 21 3"],
    ) -> tuple[Float32[Tensor, "batch 16 height width 3"], Float[Tensor, "batch 1 height width"]]:
        """Where the content of every place comes from, and what share of it is to be seen.

        `background` is what the resting candidate samples.
        """
        moves = kp_source.float() - kp_driving.float()
        heat = blobs(kp_driving, compressed) - blobs(kp_source, compressed)
        moved = torch.cat([background[:, None], _each_moved(compressed, moves)], 1)
        seen = torch.cat([F.pad(heat, _REST).to(moved.dtype)[:, :, None], moved], 2)
        seen = F.pad(seen.flatten(1, 2), (0, 0, 0, 0, 0, 0, 0, self.more))
        hidden = self.hourglass(seen.contiguous(memory_format=torch.channels_last_3d))
        weights = self.mask(hidden).float().softmax(1)
        # Each candidate is the grid and one offset, and the weights add up to one.
        offset = torch.einsum("bkdhw,bkc->bdhwc", weights[:, 1:], moves)
        occlusion = torch.sigmoid(self.occlusion(hidden.flatten(1, 2)))
        return grid(compressed) + offset, occlusion

    def fold(self) -> nn.Module:
        self.add_module("compress", StackedConv(merged(self.compress, self.norm)))
        self.norm = nn.Identity()
        self.more = missing_channels(CANDIDATES * (1 + COMPRESSED))
        self.add_module("mask", StackedConv(self.mask))
        self.add_module("occlusion", SummedConv(self.occlusion, DEPTH))
        return self


_REST = (0, 0, 0, 0, 0, 0, 1, 0)  # pads a background without blob before the key points


def _each_moved(
    volume: Float[Tensor, "batch channels depth height width"],
    moves: Float32[Tensor, "batch points 3"],
) -> Float[Tensor, "batch points channels depth height width"]:
    """The volume moved by each of the offsets. All of them are slices of one deep sampling."""
    points = moves.shape[1]
    places = grid(volume)[:, None] + moves[:, :, None, None, None]
    deep = sampled(volume, places.flatten(1, 2))
    return deep.reshape(*volume.shape[:2], points, *volume.shape[2:]).transpose(1, 2)
