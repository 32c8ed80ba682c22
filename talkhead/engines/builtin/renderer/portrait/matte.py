"""What moves with the head and what stays: the person's matte and the background behind it."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from talkhead.engines.builtin.renderer.portrait.canvas import Canvas
from talkhead.engines.builtin.renderer.portrait.head_frame import HeadFrame
from talkhead.engines.builtin.renderer.portrait.pictures import blurred
from talkhead.engines.builtin.renderer.ramps import smoothstep
from talkhead.faces.landmarks import LEFT_LOBE, RIGHT_LOBE
from talkhead.faces.matting import person_mask
from talkhead.faces.onnx_models import FaceModels
from talkhead.types import Image

Plane = Float32[np.ndarray, "height width"]
Mask = UInt8[np.ndarray, "height width"]

THIN = 21  # pixels: what is thinner, above the ear lobes, is not the head
SURE_INSIDE, SURE_OUTSIDE = 7, 6  # pixels from the coarse edge beyond which the matte is certain
GUIDE_RADIUS = 5  # pixels
GUIDE_EPSILON = 4e-4  # of the guided filter, for colours in [0, 1]


@dataclass(frozen=True)
class Matte:
    alpha: Mask  # 0 background .. 255 person
    background: Image  # without the person


def matte_of(canvas: Canvas, frame: HeadFrame, models: FaceModels) -> Matte:
    coarse = _coarse(canvas, frame, models)
    alpha = _refined(canvas, coarse)
    alpha[alpha > 0.99] = 1
    alpha[alpha < 0.01] = 0
    rounded = np.rint(alpha * 255).astype(np.uint8)
    known = cv2.erode((rounded == 0).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    if not known.any():
        return Matte(rounded, canvas.image.copy())
    levels = np.rint(_filled(canvas.rgb, known.astype(np.float32)) * 255)
    background = np.where(known[..., None], canvas.image, np.clip(levels, 0, 255).astype(np.uint8))
    return Matte(rounded, background)


def _disc(radius: int) -> Mask:
    size = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def _coarse(canvas: Canvas, frame: HeadFrame, models: FaceModels) -> Mask:
    """The largest piece of the median of three views; thin things beside the head left out."""
    mirrored = np.ascontiguousarray(canvas.image[:, ::-1])
    size = canvas.image.shape[1::-1]
    here = cv2.resize(person_mask(canvas.image, models), size)
    there = cv2.resize(person_mask(mirrored, models), size)[:, ::-1]
    votes = np.median(np.stack([here, there, canvas.person]), 0)
    pieces = (votes > 0.5).astype(np.uint8)
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(pieces)
    largest = 1 + int(statistics[1:, cv2.CC_STAT_AREA].argmax()) if len(statistics) > 1 else 1
    person = (labels == largest).astype(np.uint8)
    opened = cv2.morphologyEx(person, cv2.MORPH_OPEN, _disc(THIN // 2))
    lobes = int(frame.points[[RIGHT_LOBE, LEFT_LOBE], 1].mean())
    person[:lobes] = opened[:lobes]
    return person


def _refined(canvas: Canvas, coarse: Mask) -> Plane:
    """The coarse mask with its edge on the picture's edges."""
    core = cv2.erode(coarse, _disc(SURE_INSIDE))
    reach = cv2.dilate(coarse, _disc(SURE_OUTSIDE))
    soft = guided_filter(canvas.rgb, blurred(coarse.astype(np.float32), 1.5))
    alpha = smoothstep(0.12, 0.88, np.clip(soft, 0, 1))
    fading = smoothstep(0.5, 1, blurred(reach.astype(np.float32), 1.5))
    return np.where(core > 0, 1, alpha * fading).astype(np.float32)


def _box(picture: np.ndarray) -> np.ndarray:
    size = 2 * GUIDE_RADIUS + 1
    return np.asarray(cv2.boxFilter(picture, -1, (size, size), borderType=cv2.BORDER_REFLECT))


def guided_filter(guide: Float32[np.ndarray, "height width 3"], mask: Plane) -> Plane:
    """`mask`, smoothed along the colours of `guide` (He et al., TPAMI 2013)."""
    mean, mask_mean = _box(guide), _box(mask)
    covariance = _box(guide * mask[..., None]) - mean * mask_mean[..., None]
    second = {
        (i, j): _box(guide[..., i] * guide[..., j]) - mean[..., i] * mean[..., j]
        for i in range(3)
        for j in range(i, 3)
    }
    for i in range(3):
        second[i, i] = second[i, i] + GUIDE_EPSILON
    slope = _solved(second, covariance)
    offset = mask_mean - (slope * mean).sum(-1)
    return np.asarray((_box(slope) * guide).sum(-1) + _box(offset), np.float32)


def _solved(
    matrix: dict[tuple[int, int], Plane], right: Float32[np.ndarray, "height width 3"]
) -> Float32[np.ndarray, "height width 3"]:
    """The solutions of a symmetric 3 x 3 system a pixel, by cofactors."""
    a, b, c = matrix[0, 0], matrix[0, 1], matrix[0, 2]
    d, e, f = matrix[1, 1], matrix[1, 2], matrix[2, 2]
    first, second, third = d * f - e * e, c * e - b * f, b * e - c * d
    determinant = a * first + b * second + c * third
    x, y, z = right[..., 0], right[..., 1], right[..., 2]
    fifth = b * c - a * e
    solution = (
        first * x + second * y + third * z,
        second * x + (a * f - c * c) * y + fifth * z,
        third * x + fifth * y + (a * d - b * b) * z,
    )
    return np.stack(solution, -1) / determinant[..., None]


def _filled(
    picture: Float32[np.ndarray, "height width 3"], known: Plane
) -> Float32[np.ndarray, "height width 3"]:
    """Unknown pixels from known ones: normalised convolution, fine scales first, so no streaks."""
    height, width = known.shape
    colours, weights = picture * known[..., None], known
    filled = np.zeros_like(picture)
    share = np.zeros_like(known)
    for _ in range(7):
        near, sure = blurred(colours, 1.6), blurred(weights, 1.6)
        mean = near / np.maximum(sure, 1e-6)[..., None]
        trust = smoothstep(0.02, 0.25, sure).astype(np.float32)
        new = cv2.resize(trust, (width, height)) * (1 - share)
        filled += cv2.resize(mean, (width, height)) * new[..., None]
        share = share + new
        if min(weights.shape) < 8:
            break
        half = (weights.shape[1] // 2, weights.shape[0] // 2)
        colours = cv2.resize(colours, half, interpolation=cv2.INTER_AREA)
        weights = cv2.resize(weights, half, interpolation=cv2.INTER_AREA)
    return np.asarray(filled / np.maximum(share, 1e-6)[..., None], np.float32)
