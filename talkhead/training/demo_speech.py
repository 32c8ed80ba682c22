"""The example speech that ships with the project, made with a freely licensed voice."""

import tempfile
from pathlib import Path

import av
import numpy as np
from jaxtyping import Float

from talkhead.training.speech import festival
from talkhead.training.speech.utterance import read_wav

SENTENCES = (
    "Hello, and welcome! My name is Talkhead.",
    "Give me one portrait, and a few words of speech, and I will bring the picture to life.",
    "Shall we begin with a photo of your own?",
)
VOICE = "slt"  # CMU ARCTIC slt as an HTS voice: festvox-us-slt-hts
PEAK = 0.8
PAUSE = 0.15  # seconds of silence before and after


def make(path: Path) -> float:
    """Writes a mono FLAC file and returns its length in seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        festival.run([" ".join(SENTENCES)], VOICE, folder, '(utt.save.wave u "{path}.wav")')
        waveform, rate = read_wav(folder / "0.wav")
    silence = np.zeros(round(PAUSE * rate), np.float32)
    padded = np.concatenate([silence, waveform, silence])
    _write_flac(path, np.round(padded * (PEAK * 32767 / np.abs(padded).max())), rate)
    return len(padded) / rate


def _write_flac(path: Path, samples: Float[np.ndarray, " samples"], rate: int) -> None:
    with av.open(str(path), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples.astype(np.int16)[None], "s16", "mono")
        frame.sample_rate = rate
        container.mux([*stream.encode(frame), *stream.encode(None)])
