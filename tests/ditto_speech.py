"""A whole recording through HuBERT at once: what a stream of its chunks is held against."""

import math

import numpy as np
from jaxtyping import Float32

from talkhead.engines.ditto.speech.chunking import OFFLINE, Chunking
from talkhead.engines.ditto.speech.hubert import DIM, Encode
from talkhead.timing import frames_in


def rows_of(chunking: Chunking, samples: int) -> int:
    """Rows for a recording that has ended (ditto.md §7.2).

    Offline one for each begun video frame. Live whole chunks, `present` rows each, until one
    starts at or after the end: more than there are frames, as published.
    """
    if chunking.live:
        return chunking.present * math.ceil((samples + chunking.before) / chunking.hop)
    return frames_in(samples)


def cut(
    chunking: Chunking, audio: Float32[np.ndarray, " samples"], index: int
) -> Float32[np.ndarray, " chunk"]:
    """One chunk, with silence where the recording has nothing."""
    start = index * chunking.hop - chunking.before
    heard = audio[max(start, 0) : max(start + chunking.samples, 0)]
    left = min(max(-start, 0), chunking.samples)
    return np.pad(heard, (left, chunking.samples - left - len(heard)))


def speech_rows(
    audio: Float32[np.ndarray, " samples"], encode: Encode, chunking: Chunking = OFFLINE
) -> Float32[np.ndarray, "rows 1024"]:
    """`rows_of(chunking, len(audio))` rows of a whole recording, 16 kHz mono."""
    rows = rows_of(chunking, len(audio))
    chunks = [cut(chunking, audio, index) for index in range(math.ceil(rows / chunking.present))]
    if not chunks:
        return np.zeros((0, DIM), np.float32)
    found: np.ndarray = chunking.present_rows(encode(np.stack(chunks))).reshape(-1, DIM)
    return found[:rows]
