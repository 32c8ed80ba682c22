"""Chunks of speech to features: the first stage of the engine."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from talkhead.engines.ditto.speech.chunking import OFFLINE
from talkhead.engines.ditto.speech.hubert import Encode

# The items of one call may differ in length, so the axis has no name.
Chunk = Float32[np.ndarray, " _"]


class DittoAudioEncoder:
    def __init__(self, encode: Encode) -> None:
        self._encode = encode

    def close(self) -> None:
        """There are no threads."""

    def encode(self, waveforms: Sequence[Chunk]) -> list[Float32[np.ndarray, "rows 1024"]]:
        """Five rows of each chunk of 6480 samples: of the frames in its middle (ditto.md §7.2)."""
        return list(OFFLINE.present_rows(self._encode(np.stack(waveforms))))
