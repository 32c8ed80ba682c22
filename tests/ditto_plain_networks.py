"""The two rendering networks of `ditto` once more, word by word after ditto.md §2.3 and §2.4.

Nothing is folded, shared or computed ahead: slow, and plain to compare with the text.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

Weights = Mapping[str, Tensor]


def decoded(w: Weights, feature: Tensor) -> Tensor:
    x = _conv(w, "fc", feature)
    for index in range(6):
        x = _spade_block(w, f"G_middle_{index}", x, feature)
    for name in ("up_0", "up_1"):
        x = _spade_block(w, name, F.interpolate(x, scale_factor=2, mode="nearest"), feature)
    return torch.sigmoid(F.pixel_shuffle(_conv(w, "conv_img.0", F.leaky_relu(x, 0.2)), 2))


def _spade_block(w: Weights, name: str, x: Tensor, seg: Tensor) -> Tensor:
    shortcut = x
    if f"{name}.conv_s.weight_orig" in w:
        shortcut = _spectral(w, f"{name}.conv_s", _spade(w, f"{name}.norm_s", x, seg))
    for part in "01":
        x = F.leaky_relu(_spade(w, f"{name}.norm_{part}", x, seg), 0.2)
        x = _spectral(w, f"{name}.conv_{part}", x)
    return shortcut + x


def _spade(w: Weights, name: str, x: Tensor, seg: Tensor) -> Tensor:
    resized = F.interpolate(seg, size=x.shape[2:], mode="nearest")
    shared = F.relu(_conv(w, f"{name}.mlp_shared.0", resized))
    gamma, beta = (_conv(w, f"{name}.mlp_{part}", shared) for part in ("gamma", "beta"))
    return F.instance_norm(x, eps=1e-5) * (1 + gamma) + beta


def _spectral(w: Weights, name: str, x: Tensor) -> Tensor:
    weight = w[f"{name}.weight_orig"]
    sigma = w[f"{name}.weight_u"] @ weight.flatten(1) @ w[f"{name}.weight_v"]
    return F.conv2d(x, weight / sigma, w.get(f"{name}.bias"), padding=weight.shape[-1] // 2)


def warped(w: Weights, volume: Tensor, kp_source: Tensor, kp_driving: Tensor) -> Tensor:
    motion = "dense_motion_network."
    small = F.relu(_batch_norm(w, f"{motion}norm", _conv(w, f"{motion}compress", volume)))
    ends = [torch.linspace(-1, 1, points) for points in volume.shape[2:]]
    grid = torch.stack(torch.meshgrid(*ends, indexing="ij")[::-1], -1)
    places, parts = [grid.expand(len(volume), -1, -1, -1, -1)], []
    for point in range(21):
        by, to = kp_source[:, point], kp_driving[:, point]
        places.append(grid - to[:, None, None, None] + by[:, None, None, None])
    for index, place in enumerate(places):
        heat = torch.zeros_like(place[..., 0])
        if index:
            to, by = kp_driving[:, index - 1], kp_source[:, index - 1]
            heat = _blob(grid, to) - _blob(grid, by)
        parts += [heat[:, None], _sampled(small, place)]
    hidden = _hourglass(w, f"{motion}hourglass", torch.cat(parts, 1))
    mask = _conv(w, f"{motion}mask", hidden).softmax(1)
    deformation = (mask[..., None] * torch.stack(places, 1)).sum(1)
    occlusion = torch.sigmoid(_conv(w, f"{motion}occlusion", hidden.flatten(1, 2)))
    x = _conv(w, "third.conv", _sampled(volume, deformation).flatten(1, 2))
    x = F.leaky_relu(_batch_norm(w, "third.norm", x), 0.01)
    return _conv(w, "fourth", x) * occlusion


def _hourglass(w: Weights, name: str, x: Tensor) -> Tensor:
    skips = [x]
    for index in range(5):
        block = f"{name}.encoder.down_blocks.{index}"
        x = F.relu(_batch_norm(w, f"{block}.norm", _conv(w, f"{block}.conv", x)))
        x = F.avg_pool3d(x, (1, 2, 2))
        skips.append(x)
    skips.pop()
    for index in range(5):
        block = f"{name}.decoder.up_blocks.{index}"
        x = F.interpolate(x, scale_factor=(1, 2, 2), mode="nearest")
        x = F.relu(_batch_norm(w, f"{block}.norm", _conv(w, f"{block}.conv", x)))
        x = torch.cat([x, skips.pop()], 1)
    return F.relu(_batch_norm(w, f"{name}.decoder.norm", _conv(w, f"{name}.decoder.conv", x)))


def _blob(grid: Tensor, point: Tensor) -> Tensor:
    return torch.exp(-0.5 * (grid - point[:, None, None, None]).square().sum(-1) / 0.01)


def _sampled(volume: Tensor, places: Tensor) -> Tensor:
    return F.grid_sample(volume, places, align_corners=False)


def _conv(w: Weights, name: str, x: Tensor) -> Tensor:
    weight = w[f"{name}.weight"]
    conv = F.conv2d if weight.ndim == 4 else F.conv3d
    return conv(x, weight, w[f"{name}.bias"], padding=weight.shape[-1] // 2)


def _batch_norm(w: Weights, name: str, x: Tensor) -> Tensor:
    mean, variance = w[f"{name}.running_mean"], w[f"{name}.running_var"]
    return F.batch_norm(x, mean, variance, w[f"{name}.weight"], w[f"{name}.bias"], eps=1e-5)
