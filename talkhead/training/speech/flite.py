"""Speech from flite: the CMU voices slt, rms and awb (statistical) and kal16 (diphones)."""

import subprocess
import tempfile
from pathlib import Path

from talkhead.training.phones import Segment, from_cmu, segments
from talkhead.training.speech.utterance import Utterance, read_speech

PATIENCE = 120  # seconds for one sentence


def speak(text: str, voice: str, slowness: float = 1.0, pitch: float = 1.0) -> Utterance | None:
    """One sentence, or None where flite finds nothing to say.

    `slowness` stretches durations and `pitch` multiplies F0; both are factors around 1.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        settings = [f"duration_stretch={slowness:.3f}", f"f0_shift={pitch:.3f}"]
        options = [option for setting in settings for option in ("--setf", setting)]
        command = ["flite", "-voice", voice, *options, "-psdur", "-t", text, "-o", str(path)]
        done = subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE)
        found = _segments(done.stdout.decode("utf-8", "replace"))
        return Utterance(read_speech(path), tuple(found), f"flite {voice}") if found else None


def _segments(durations: str) -> list[Segment]:
    """Parses `-psdur`: "phone:end" words, ends in seconds since the start."""
    found: list[Segment] = []
    start = 0.0
    for word in durations.split():
        symbol, _, end = word.rpartition(":")
        if symbol and float(end) > start:
            found += segments(from_cmu(symbol), start, float(end))
            start = float(end)
    return found
