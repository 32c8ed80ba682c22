"""Speech to features, 1024 numbers a video frame, through the published HuBERT."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import onnxruntime as ort
from jaxtyping import Float32

from talkhead.engines.ditto.speech.chunking import OFFLINE

DIM = 1024

Encode: TypeAlias = Callable[
    [Float32[np.ndarray, "chunks samples"]], Float32[np.ndarray, "chunks features 1024"]
]


def silence_rows(count: int, encode: Encode) -> Float32[np.ndarray, "count 1024"]:
    """Rows of so many frames of silence: its chunks are all alike, so one is computed."""
    silence = np.zeros((1, OFFLINE.samples), np.float32)
    rows = OFFLINE.present_rows(encode(silence))[0]
    return np.resize(rows, (count, DIM))


def onnx_encoder(session: ort.InferenceSession) -> Encode:
    """The published graph, which takes one chunk at a time (ditto.md §1.3)."""

    def encode(
        chunks: Float32[np.ndarray, "chunks samples"],
    ) -> Float32[np.ndarray, "chunks features 1024"]:
        feeds = ({"input_values": chunk[None]} for chunk in chunks)
        return np.stack([session.run(["encoding_out"], feed)[0] for feed in feeds])

    return encode
