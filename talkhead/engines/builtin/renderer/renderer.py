"""The `builtin` renderer: studies portraits and draws them."""

from collections.abc import Sequence
from typing import TypeAlias, cast

import cv2
import numpy as np
import torch
from jaxtyping import Float32, UInt8

from talkhead.engines.builtin.renderer.appearance import PortraitAppearance, from_bytes
from talkhead.engines.builtin.renderer.controls import NEUTRAL_EXPRESSION
from talkhead.engines.builtin.renderer.portrait.canvas import SIZE
from talkhead.engines.builtin.renderer.portrait.study import study
from talkhead.engines.engine import Appearance
from talkhead.faces.onnx_models import FaceModels
from talkhead.types import Controls, Frames, Image, Motion

# each item has its own number of frames: not an axis all of them share
ItsMotion: TypeAlias = Float32[np.ndarray, "_frames 58"]
ItsFrames: TypeAlias = UInt8[np.ndarray, "_frames size size 3"]

MINIMUM_SIZE, MAXIMUM_SIZE = 128, 1024  # pixels
TOGETHER = {"cpu": 5}  # frames drawn at once: as many as the cache holds; chunks are multiples
TOGETHER_ELSEWHERE = 32


class BuiltinRenderer:
    """Implements `Renderer`. Each frame is drawn as if alone: batches change nothing."""

    def __init__(self, device: str = "cpu", threads: int = 1) -> None:
        self._device = torch.device(device)
        self._models = FaceModels(threads)
        self._together = TOGETHER.get(self._device.type, TOGETHER_ELSEWHERE)

    def register(self, portrait: Image) -> PortraitAppearance:
        """Study a portrait.

        Raises:
            PortraitError: what is wrong with it, with the measured value.
        """
        return PortraitAppearance(study(portrait, self._models), self._device)

    def load(self, data: bytes) -> PortraitAppearance:
        """The inverse of `PortraitAppearance.to_bytes`.

        Raises:
            CheckpointMismatch: another version made it.
        """
        return from_bytes(data, self._device)

    def render(
        self, items: Sequence[tuple[Appearance, ItsMotion, Controls]], size: int
    ) -> list[ItsFrames]:
        """Frames of `size` x `size` pixels, RGB, for each item; portraits may differ."""
        return [
            self._frames(cast(PortraitAppearance, appearance), motion, controls, size)
            for appearance, motion, controls in items
        ]

    @torch.inference_mode()
    def _frames(
        self, appearance: PortraitAppearance, motion: Motion, controls: Controls, size: int
    ) -> Frames:
        neutral = NEUTRAL_EXPRESSION.check(
            controls.get(NEUTRAL_EXPRESSION.name, NEUTRAL_EXPRESSION.default)
        )
        rows = torch.from_numpy(np.array(motion, np.float32)).to(self._device)
        frames = np.empty((len(motion), SIZE, SIZE, 3), np.uint8)
        for start in range(0, len(motion), self._together):
            some = slice(start, start + self._together)
            appearance.layers.draw(rows[some], float(neutral), frames[some])
        return frames if size == SIZE else resized(frames, size)


def resized(frames: Frames, size: int) -> UInt8[np.ndarray, "frames {size} {size} 3"]:
    """Means to shrink, cubic to enlarge."""
    way = cv2.INTER_AREA if size < SIZE else cv2.INTER_CUBIC
    out = np.empty((len(frames), size, size, 3), np.uint8)
    for frame, small in zip(frames, out, strict=True):
        cv2.resize(frame, (size, size), dst=small, interpolation=way)
    return out
