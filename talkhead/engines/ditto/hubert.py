"""Speech to features, 1024 numbers a video frame: short overlapping chunks through HuBERT.

A chunk depends on its own samples alone, so a stream is cut as it arrives and chunks of several
sessions can share a call.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import onnxruntime as ort
from jaxtyping import Float32

SAMPLES_PER_FRAME = 640  # 16 kHz at 25 frames a second
MARGIN = 80  # samples a chunk has beyond its frames: what the network's first layers eat
DIM = 1024
BATCH = 16  # chunks a call: enough for a GPU, and little memory

Encode: TypeAlias = Callable[
    [Float32[np.ndarray, "chunks samples"]], Float32[np.ndarray, "chunks features 1024"]
]


@dataclass(frozen=True)
class Chunking:
    """How many frames a chunk hears before, yields, and hears after (ditto.md §7.2).

    Live, a chunk starts 80 samples later in the recording than offline: features of the two
    forms differ by 5 ms, as published.
    """

    past: int = 3
    present: int = 5
    future: int = 2
    live: bool = False

    @property
    def samples(self) -> int:
        """Length of a chunk."""
        return (self.past + self.present + self.future) * SAMPLES_PER_FRAME + MARGIN

    @property
    def hop(self) -> int:
        """Samples from the start of one chunk to the start of the next."""
        return self.present * SAMPLES_PER_FRAME

    @property
    def before(self) -> int:
        """Zeros that are heard before the first sample."""
        return self.past * SAMPLES_PER_FRAME + (0 if self.live else MARGIN)

    def start(self, index: int) -> int:
        """The recording's sample with which a chunk starts; negative in the silence before it.

        The chunk ends `samples` later: until then it cannot be cut from a stream that goes on.
        """
        return index * self.hop - self.before

    def rows(self, samples: int) -> int:
        """Rows for a recording that has ended.

        Offline one for each begun video frame. Live whole chunks, `present` rows each, until one
        starts at or after the end: more than there are frames, as published.
        """
        if self.live:
            return self.present * math.ceil((samples + self.before) / self.hop)
        return math.ceil(samples / SAMPLES_PER_FRAME)

    def chunks(self, samples: int) -> int:
        """Chunks of a recording that has ended."""
        return math.ceil(self.rows(samples) / self.present)

    def cut(
        self, audio: Float32[np.ndarray, " samples"], index: int
    ) -> Float32[np.ndarray, " chunk"]:
        """One chunk, with silence where the recording has nothing."""
        start = self.start(index)
        heard = audio[max(start, 0) : max(start + self.samples, 0)]
        left = min(max(-start, 0), self.samples)
        return np.pad(heard, (left, self.samples - left - len(heard)))

    def present_rows(
        self, features: Float32[np.ndarray, "chunks features 1024"]
    ) -> Float32[np.ndarray, "chunks present 1024"]:
        """The middle of what the network says of each chunk: 50 features a second to 25 rows."""
        middle = features[:, 2 * self.past : 2 * (self.past + self.present)]
        return middle.reshape(len(features), self.present, 2, -1).mean(2)


OFFLINE = Chunking()
LIVE = Chunking(live=True)


def speech_rows(
    audio: Float32[np.ndarray, " samples"], encode: Encode, chunking: Chunking = OFFLINE
) -> Float32[np.ndarray, "rows 1024"]:
    """`chunking.rows(len(audio))` rows of a whole recording, 16 kHz mono."""
    count = chunking.chunks(len(audio))
    parts = [np.zeros((0, DIM), np.float32)]
    for first in range(0, count, BATCH):
        batch = [chunking.cut(audio, index) for index in range(first, min(first + BATCH, count))]
        parts.append(chunking.present_rows(encode(np.stack(batch))).reshape(-1, DIM))
    return np.concatenate(parts)[: chunking.rows(len(audio))]


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
