"""Pseudo-speakers from a statistical voice: festival reads the text, hts_engine bends the voice."""

import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from talkhead.training.phones import Segment, segments
from talkhead.training.speech import festival
from talkhead.training.speech.utterance import Utterance, read_speech

MODELS = {
    "slt": "us/cmu_us_slt_arctic_hts/hts/cmu_us_slt_arctic_hts.htsvoice",
    "ona": "catalan/upc_ca_ona_hts/hts/upc_ca_ona.htsvoice",
}
ALL_PASS = {"slt": 0.45, "ona": 0.42}  # the models' own frequency warping
VOICES_FOLDER = Path("/usr/share/festival/voices")
PATIENCE = 60  # seconds for one sentence
TICK = 1e-7  # seconds: HTS labels count tenths of a microsecond


@dataclass(frozen=True)
class Speaker:
    """What hts_engine's command line can change of a voice."""

    warp: float  # added to the all-pass constant: more is a shorter vocal tract
    semitones: float  # added to F0
    rate: float  # speed factor
    spectrum_weight: float  # of the global variance of the spectrum: 0 is muffled
    pitch_weight: float  # of the global variance of F0: 0 is monotonous

    @staticmethod
    def random(random: np.random.Generator) -> "Speaker":
        return Speaker(
            warp=random.uniform(-0.06, 0.09),
            semitones=random.uniform(-9, 4),
            rate=random.uniform(0.8, 1.3),
            spectrum_weight=random.uniform(0.7, 1.05),
            pitch_weight=random.uniform(0.6, 1.6),
        )

    def options(self, voice: str) -> list[str]:
        values = {
            "-a": ALL_PASS[voice] + self.warp,
            "-fm": self.semitones,
            "-r": self.rate,
            "-jm": self.spectrum_weight,
            "-jf": self.pitch_weight,
        }
        return [word for name, value in values.items() for word in (name, f"{value:.3f}")]


def speak(texts: Sequence[str], voice: str, speaker: Speaker) -> list[Utterance]:
    """Every sentence that the voice could say, by one pseudo-speaker."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save = '(hts_dump_feats u hts_feats_list "{path}.lab")'
        festival.run(texts, voice, folder, save)
        labels = [path for path in festival.in_order(folder, "lab") if path.stat().st_size]
        said = [_say(path, voice, speaker) for path in labels]
        return [utterance for utterance in said if utterance.segments]


def _say(label: Path, voice: str, speaker: Speaker) -> Utterance:
    sound, times = label.with_suffix(".wav"), label.with_suffix(".dur")
    files = ["-m", str(VOICES_FOLDER / MODELS[voice]), "-od", str(times), "-ow", str(sound)]
    command = ["hts_engine", *files, *speaker.options(voice), str(label)]
    subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE)
    found = _segments(times.read_text(), voice)
    name = f"hts {voice} {speaker.warp:+.2f} {speaker.semitones:+.0f}"
    return Utterance(read_speech(sound), tuple(found), name)


def _segments(durations: str, voice: str) -> list[Segment]:
    """Parses `-od`: start and end in ticks, then a label whose phone stands between - and +."""
    found: list[Segment] = []
    for line in durations.splitlines():
        start, end, label = line.split()[:3]
        symbol = re.search(r"-([^+]+)\+", label)
        if symbol and int(end) > int(start):
            names = festival.VOICES[voice].phones(symbol.group(1))
            found += segments(names, int(start) * TICK, int(end) * TICK)
    return found
