"""The `builtin` renderer: studies portraits and draws them."""

from collections.abc import Sequence
from functools import partial
from typing import TypeAlias, cast

import cv2
import numpy as np
import torch
from jaxtyping import Float32, UInt8

from talkhead.engines.builtin.lone_threads import lone_threads
from talkhead.engines.builtin.renderer.appearance import PortraitAppearance, from_bytes
from talkhead.engines.builtin.renderer.controls import NEUTRAL_EXPRESSION
from talkhead.engines.builtin.renderer.portrait.canvas import SIZE
from talkhead.engines.builtin.renderer.portrait.study import study
from talkhead.engines.engine import Appearance
from talkhead.faces.onnx_models import FaceModels
from talkhead.types import Controls, Image

# each item has its own number of frames: not an axis all of them share
ItsMotion: TypeAlias = Float32[np.ndarray, "_frames 58"]
ItsFrames: TypeAlias = UInt8[np.ndarray, "_frames _size _size 3"]

MINIMUM_SIZE, MAXIMUM_SIZE = 128, 1024  # pixels
TOGETHER_ON_CPU = 5  # frames drawn at once: the cache holds them, and chunks are multiples
TOGETHER_ELSEWHERE = 32


class BuiltinRenderer:
    """Implements `Renderer`. Each frame is drawn as if alone: batches and threads do not matter."""

    def __init__(self, device: str = "cpu", threads: int | None = None) -> None:
        """Draw on torch's `device`; on a CPU with `threads` cores, or as many as torch uses."""
        self._device = torch.device(device)
        self._models = FaceModels()
        on_cpu = self._device.type == "cpu"
        self._together = TOGETHER_ON_CPU if on_cpu else TOGETHER_ELSEWHERE
        self._pool = lone_threads((threads or torch.get_num_threads()) if on_cpu else 1)

    def register(self, portrait: Image) -> PortraitAppearance:
        """Study a portrait.

        Raises:
            PortraitError: what is wrong with it, with the measured value.
        """
        arrays = self._pool.submit(study, portrait, self._models).result()
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
        results = [np.empty((len(motion), size, size, 3), np.uint8) for _, motion, _ in items]
        runs = []
        for (appearance, motion, controls), frames in zip(items, results, strict=True):
            neutral = _neutral(controls)
            ours = cast(PortraitAppearance, appearance)
            for start in range(0, len(motion), self._together):
                end = start + self._together
                draw = partial(self._draw, ours, motion[start:end], neutral, frames[start:end])
                runs.append(self._pool.submit(draw))
        for run in runs:
            run.result()
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
    control = NEUTRAL_EXPRESSION
    return float(control.check(controls.get(control.name, control.default)))


def resize(frames: ItsFrames, out: ItsFrames) -> None:
    """Into frames of another size: means to shrink, cubic to enlarge."""
    size = out.shape[1]
    way = cv2.INTER_AREA if size < SIZE else cv2.INTER_CUBIC
    for frame, resized in zip(frames, out, strict=True):
        cv2.resize(frame, (size, size), dst=resized, interpolation=way)
