"""Waveforms to feature rows, batched: the first stage of the engine."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float32

from talkhead.engines.builtin.motion.mel import log_mel
from talkhead.engines.builtin.motion.model import MotionModel, feature_rows
from talkhead.engines.lone_thread import lone_thread
from talkhead.timing import SAMPLES_PER_FRAME, frames_in

# The items of one call may differ in length, so the axis has no name.
Sound = Float32[np.ndarray, " _"]
Rows = Float32[np.ndarray, "_ dim"]


class BuiltinAudioEncoder:
    def __init__(self, model: MotionModel) -> None:
        self._model = model
        self._thread = lone_thread()

    def close(self) -> None:
        """End its thread."""
        self._thread.shutdown(wait=False)

    def encode(self, waveforms: Sequence[Sound]) -> list[Rows]:
        """A row for every video frame, a part frame included; waveforms of one length share a
        forward pass.
        """
        return self._thread.submit(self._encode_all, waveforms).result()

    def _encode_all(self, waveforms: Sequence[Sound]) -> list[Rows]:
        groups = defaultdict(list)
        for place, waveform in enumerate(waveforms):
            groups[frames_in(len(waveform))].append(place)
        results: dict[int, Rows] = {}
        for frames, places in groups.items():
            rows = self._encode([waveforms[place] for place in places], frames)
            results.update(zip(places, rows, strict=True))
        return [results[place] for place in range(len(waveforms))]

    def _encode(self, waveforms: Sequence[Sound], frames: int) -> list[Rows]:
        if frames == 0:
            width = self._model.config.feature_width
            return [np.zeros((0, width), np.float32) for _ in waveforms]
        padded = [np.pad(w, (0, frames * SAMPLES_PER_FRAME - len(w))) for w in waveforms]
        mels = torch.from_numpy(np.stack([log_mel(waveform) for waveform in padded]))
        with torch.inference_mode():
            heard = self._model.audio(mels.to(self._model.mean.device))
            return list(feature_rows(heard).cpu().numpy())
