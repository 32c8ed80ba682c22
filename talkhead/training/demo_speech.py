"""The example speech that ships with the project, made with a freely licensed voice."""

import tempfile
from pathlib import Path

import numpy as np

from talkhead.training.flac import write
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
    write(path, padded * np.float32(PEAK / np.abs(padded).max()), rate)
    return len(padded) / rate
