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
from talkhead.engines.control import number
from talkhead.engines.engine import Appearance
from talkhead.engines.lone_thread import lone_thread
from talkhead.faces.onnx_models import FaceModels
from talkhead.types import Controls, Image

# each item has its own number of frames: not an axis all of them share
ItsMotion: TypeAlias = Float32[np.ndarray, "_frames 58"]
ItsFrames: TypeAlias = UInt8[np.ndarray, "_frames _size _size 3"]

MINIMUM_SIZE, MAXIMUM_SIZE = 128, 1024  # pixels
TOGETHER_ON_CPU = 5  # frames drawn at once: the cache holds them, and chunks are multiples
TOGETHER_ELSEWHERE = 32


class BuiltinRenderer:
    """Implements `Renderer`. Each frame is drawn as if alone: batches do not matter."""

    def __init__(self, device: str = "cpu") -> None:
        # For the whole process, there is no other way: what is drawn is too small to be split.
        cv2.setNumThreads(1)
        self._device = torch.device(device)
        self._models = FaceModels()
        on_cpu = self._device.type == "cpu"
        self._together = TOGETHER_ON_CPU if on_cpu else TOGETHER_ELSEWHERE
        # A new portrait takes as long as thirty frames: those of others go on meanwhile.
        self._drawing, self._studying = lone_thread(), lone_thread()

    def close(self) -> None:
        """End its threads."""
        self._drawing.shutdown(wait=False)
        self._studying.shutdown(wait=False)

    def register(self, portrait: Image) -> PortraitAppearance:
        """Study a portrait.

        Raises:
            PortraitError: what is wrong with it, with the measured value.
        """
        arrays = self._studying.submit(study, portrait, self._models).result()
        return PortraitAppearance(arrays, self._device)

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
        return self._drawing.submit(self._render_all, items, size).result()

    def _render_all(
        self, items: Sequence[tuple[Appearance, ItsMotion, Controls]], size: int
    ) -> list[ItsFrames]:
        results = [np.empty((len(motion), size, size, 3), np.uint8) for _, motion, _ in items]
        for (appearance, motion, controls), frames in zip(items, results, strict=True):
            ours, neutral = cast(PortraitAppearance, appearance), _neutral(controls)
            for start in range(0, len(motion), self._together):
                some = slice(start, start + self._together)
                self._draw(ours, motion[some], neutral, frames[some])
        return results

    @torch.inference_mode()
    def _draw(
        self, appearance: PortraitAppearance, motion: ItsMotion, neutral: float, out: ItsFrames
    ) -> None:
        rows = torch.from_numpy(np.array(motion, np.float32)).to(self._device)
        if out.shape[1] == SIZE:
            appearance.layers.draw(rows, neutral, out)
            return
        native = np.empty((len(out), SIZE, SIZE, 3), np.uint8)
        appearance.layers.draw(rows, neutral, native)
        resize(native, out)


def _neutral(controls: Controls) -> float:
    return number(controls, NEUTRAL_EXPRESSION.name)


def resize(frames: ItsFrames, out: ItsFrames) -> None:
    """Into frames of another size: means to shrink, cubic to enlarge."""
    size = out.shape[1]
    way = cv2.INTER_AREA if size < SIZE else cv2.INTER_CUBIC
    for frame, resized in zip(frames, out, strict=True):
        cv2.resize(frame, (size, size), dst=resized, interpolation=way)
