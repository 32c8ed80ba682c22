# As in the kit.
# fmt: off
# ruff: noqa: C901, E501, I001
# mypy: ignore-errors
"""Deterministic weight filling, numpy only.

A tensor's values depend on nothing but (its state_dict name, its shape, the seed), so two
implementations that use the same names and shapes get the same weights whatever their
order of definition.  Only two kinds of tensor look at a neighbour: spectral-norm vectors
(`weight_u`, `weight_v`) and weight-norm magnitudes (`weight_g` / `original0`); both are
computed from the main tensor of the same layer.

    from fill import fill_state, tensor
    sd = fill_state({name: shape, ...}, seed=0)      # {name: np.ndarray}

Rules (N = standard normal drawn from Philox(key=[crc32(name), seed])):
    *num_batches_tracked          int64 zero
    *running_mean                 0.1 N
    *running_var                  1 + 0.1 |N|
    bias vectors                  0.1 N
    1-D *weight (norm layers)     1 + 0.1 N
    GRN gamma / beta (1,1,1,C)    0.5 N / 0.1 N
    null_cond_*, masked_spec_*    N
    rotary `freqs`                10000 ** (-2 i / (2 len))   (not random)
    other weights                 N * gain / sqrt(fan_in); gain sqrt(2) for 4-D/5-D, else 1;
                                  0.1 for `final_layer` (the output layer of the diffusion net)
    weight_u, weight_v            10 power iterations on weight_orig, so the layer's sigma is
                                  (close to) its spectral norm
    weight_g / original0          norm of the direction tensor * (1 + 0.1 N)
"""
from __future__ import annotations
import zlib
import numpy as np


def rng(name: str, seed: int) -> np.random.Generator:
    key = np.array([zlib.crc32(name.encode()), seed], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


def normal(name: str, shape, seed: int) -> np.ndarray:
    """float32 standard normal array that depends only on (name, shape, seed)."""
    return rng(name, seed).standard_normal(tuple(shape), dtype=np.float64).astype(np.float32)


def uniform(name: str, shape, seed: int, lo=0.0, hi=1.0) -> np.ndarray:
    return (lo + (hi - lo) * rng(name, seed).random(tuple(shape), dtype=np.float64)).astype(np.float32)


def fan_in(shape) -> int:
    return int(np.prod(shape[1:])) if len(shape) > 1 else 1


def is_bias(leaf: str) -> bool:
    return leaf == "bias" or leaf.endswith("_bias")


def tensor(name: str, shape, seed: int) -> np.ndarray:
    """The value of one stand-alone tensor (everything but u/v/g)."""
    shape = tuple(int(s) for s in shape)
    leaf = name.rsplit(".", 1)[-1]
    if leaf == "num_batches_tracked":
        return np.zeros(shape, dtype=np.int64)
    if leaf == "freqs":
        n = shape[-1]
        return (1.0 / (10000.0 ** (np.arange(n, dtype=np.float64) * 2 / (2 * n)))).astype(np.float32)
    n = normal(name, shape, seed)
    if leaf == "running_mean":
        return 0.1 * n
    if leaf == "running_var":
        return 1.0 + 0.1 * np.abs(n)
    if is_bias(leaf):
        return 0.1 * n
    if leaf in ("gamma", "beta") and len(shape) == 4:
        return (0.5 if leaf == "gamma" else 0.1) * n
    if leaf.startswith(("null_cond", "masked_spec")):
        return n
    if len(shape) <= 1:
        return 1.0 + 0.1 * n
    gain = np.sqrt(2.0) if len(shape) >= 4 else 1.0
    if ".final_layer." in "." + name:
        gain = 0.1          # keeps the diffusion loop contracting under random weights
    return (n * (gain / np.sqrt(fan_in(shape)))).astype(np.float32)


def _unit(v):
    return v / max(np.linalg.norm(v), 1e-12)


def fill_state(shapes: dict, seed: int, skip=()) -> dict:
    """shapes: {name: shape}.  Returns {name: float32/int64 array}; names in `skip` are left out."""
    out = {}
    for name in sorted(shapes):
        if name in skip:
            continue
        leaf = name.rsplit(".", 1)[-1]
        base = name[: len(name) - len(leaf)]
        if leaf in ("weight_u", "weight_v") and base + "weight_orig" in shapes:
            continue
        if (leaf == "weight_g" and base + "weight_v" in shapes) or leaf == "original0":
            continue
        out[name] = tensor(name, shapes[name], seed)
    for name in sorted(shapes):
        if name in skip:
            continue
        leaf = name.rsplit(".", 1)[-1]
        base = name[: len(name) - len(leaf)]
        if leaf == "weight_u" and base + "weight_orig" in shapes:
            w = out[base + "weight_orig"].astype(np.float64)
            w = w.reshape(w.shape[0], -1)
            u = _unit(normal(name, (w.shape[0],), seed).astype(np.float64))
            for _ in range(10):
                v = _unit(w.T @ u)
                u = _unit(w @ v)
            out[base + "weight_u"] = u.astype(np.float32)
            out[base + "weight_v"] = v.astype(np.float32)
        elif (leaf == "weight_g" and base + "weight_v" in shapes) or leaf == "original0":
            d = out[base + ("weight_v" if leaf == "weight_g" else "original1")]
            shape = tuple(shapes[name])
            axes = tuple(i for i, s in enumerate(shape) if s == 1 and d.shape[i] != 1)
            mag = np.sqrt((d.astype(np.float64) ** 2).sum(axis=axes, keepdims=True))
            out[name] = (mag * (1.0 + 0.1 * normal(name, shape, seed))).astype(np.float32)
    return out


def smooth_image(name: str, h: int, w: int, c: int, seed: int) -> np.ndarray:
    """uint8 (h, w, c) image of a few low-frequency waves plus a little noise."""
    g = rng(name, seed)
    yy, xx = np.mgrid[0:h, 0:w]
    yy, xx = yy / max(h, 1), xx / max(w, 1)
    img = np.zeros((h, w, c))
    for ch in range(c):
        for _ in range(6):
            fy, fx, ph, am = g.uniform(-6, 6), g.uniform(-6, 6), g.uniform(0, 2 * np.pi), g.uniform(0.3, 1)
            img[..., ch] += am * np.sin(2 * np.pi * (fy * yy + fx * xx) + ph)
    img = (img - img.min()) / (img.max() - img.min()) * 235 + 10
    img += g.uniform(-4, 4, img.shape)
    return np.clip(np.floor(img), 0, 255).astype(np.uint8)


def audio(name: str, n: int, seed: int, sr: int = 16000) -> np.ndarray:
    """float32 mono test signal: gliding tones with an envelope, plus low noise, |x| < 1."""
    g = rng(name, seed)
    t = np.arange(n) / sr
    x = np.zeros(n)
    for k in range(5):
        f0, f1, ph = g.uniform(90, 900), g.uniform(-60, 60), g.uniform(0, 6.28)
        env = 0.5 + 0.5 * np.sin(2 * np.pi * g.uniform(1, 5) * t + g.uniform(0, 6.28))
        x += env * np.sin(2 * np.pi * (f0 * t + f1 * t * t) + ph) / (k + 1)
    x = 0.3 * x / max(np.abs(x).max(), 1e-9) + 0.002 * g.standard_normal(n)
    return x.astype(np.float32)
