"""What the 265 numbers of a motion row mean, and how a row moves the 21 key points."""

from typing import TypeAlias

import numpy as np
from jaxtyping import Float32

MOTION_DIM = 265
POINTS = 21
BINS = 66  # an angle is a distribution over so many bins of three degrees

# Order of the columns (ditto.md §3.4). "scale" is stored less one, so that zero is no change.
PARTS = {
    "scale": slice(0, 1),
    "pitch": slice(1, 67),
    "yaw": slice(67, 133),
    "roll": slice(133, 199),
    "t": slice(199, 202),
    "exp": slice(202, 265),
}
ANGLES = ("pitch", "yaw", "roll")

Rows: TypeAlias = Float32[np.ndarray, "*batch 265"]
Parts: TypeAlias = dict[str, np.ndarray]  # by the names of PARTS, each "*batch columns"
KeyPoints: TypeAlias = Float32[np.ndarray, "*batch 21 3"]

_BIN_DEGREES = np.arange(BINS, dtype=np.float32) * 3


def split(rows: Rows) -> Parts:
    """Rows as named parts; "scale" is the true factor."""
    parts = {name: rows[..., columns] for name, columns in PARTS.items()}
    return parts | {"scale": parts["scale"] + np.float32(1)}


def joined(parts: Parts) -> Rows:
    """The inverse of `split`; parts of other names (the canonical points `kp`) are left out."""
    stored = parts | {"scale": parts["scale"] - np.float32(1)}
    return np.concatenate([stored[name] for name in PARTS], -1).astype(np.float32)


def clipped(rows: Rows, limits: Float32[np.ndarray, "limits 265"]) -> Rows:
    """Rows within the published statistics: row 0 of `limits` is the least, row 1 the most."""
    return np.clip(rows, limits[0], limits[1])


def degrees(logits: Float32[np.ndarray, "*batch 66"]) -> Float32[np.ndarray, "*batch"]:
    """The mean of an angle's distribution, -97.5 to 97.5 (ditto.md §3.4)."""
    # Rounding must not depend on what else is in the call: so no matrix product, which looks at
    # the number of rows, and one order in memory, along which sums are taken.
    weights = np.exp(logits - logits.max(-1, keepdims=True), order="C")
    return (weights * _BIN_DEGREES).sum(-1) / weights.sum(-1) - np.float32(97.5)


def rotation(
    pitch: Float32[np.ndarray, "*batch"],
    yaw: Float32[np.ndarray, "*batch"],
    roll: Float32[np.ndarray, "*batch"],
) -> Float32[np.ndarray, "*batch 3 3"]:
    """(Rz Ry Rx) transposed, to multiply points from the right; angles in degrees."""
    x, y, z = (np.deg2rad(angle) for angle in (pitch, yaw, roll))
    return np.swapaxes(_turn(z, 0, 1) @ _turn(y, 2, 0) @ _turn(x, 1, 2), -1, -2)


def _turn(angle: np.ndarray, first: int, second: int) -> np.ndarray:
    """A rotation that takes the axis `first` towards the axis `second`."""
    matrix = np.zeros((*angle.shape, 3, 3), angle.dtype)
    matrix[..., (0, 1, 2), (0, 1, 2)] = 1
    matrix[..., first, first] = matrix[..., second, second] = np.cos(angle)
    matrix[..., second, first] = np.sin(angle)
    matrix[..., first, second] = -np.sin(angle)
    return matrix


def key_points(
    canonical: Float32[np.ndarray, "*#batch 63"],
    parts: Parts,
    turned: Float32[np.ndarray, "*#batch 3 3"],
) -> KeyPoints:
    """Points moved: scale (canonical R + exp) + (t_x, t_y, 0), ditto.md §5 step 9."""
    points = canonical.reshape(*canonical.shape[:-1], POINTS, 3) @ turned
    expression = parts["exp"].reshape(*parts["exp"].shape[:-1], POINTS, 3)
    flat = parts["t"] * np.array([1, 1, 0], np.float32)
    return parts["scale"][..., None] * (points + expression) + flat[..., None, :]


def placed(canonical: Float32[np.ndarray, "*#batch 63"], rows: Rows) -> KeyPoints:
    """Key points of rows as they stand."""
    parts = split(rows)
    return key_points(canonical, parts, rotation(*(degrees(parts[name]) for name in ANGLES)))
