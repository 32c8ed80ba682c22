"""Speech from festival, many sentences in one process: it takes long to start."""

import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from talkhead.training.phones import (
    Segment,
    from_catalan,
    from_cmu,
    from_russian,
    segments,
)
from talkhead.training.speech.utterance import Utterance, read_speech

PATIENCE = 900  # seconds for a batch; the Russian voice searches its units slowly


@dataclass(frozen=True)
class FestivalVoice:
    name: str
    call: str  # the Scheme function that selects it
    language: str
    encoding: str  # of the text it expects
    phones: Callable[[str], tuple[str, ...]]
    package: str


_VOICES = (
    FestivalVoice("kal", "voice_kal_diphone", "en", "latin1", from_cmu, "festvox-kallpc16k"),
    FestivalVoice("ked", "voice_ked_diphone", "en", "latin1", from_cmu, "festvox-kdlpc16k"),
    FestivalVoice(
        "slt", "voice_cmu_us_slt_arctic_hts", "en", "latin1", from_cmu, "festvox-us-slt-hts"
    ),
    FestivalVoice(
        "ona", "voice_upc_ca_ona_hts", "ca", "latin1", from_catalan, "festvox-ca-ona-hts"
    ),
    FestivalVoice("nsh", "voice_msu_ru_nsh_clunits", "ru", "utf8", from_russian, "festvox-ru"),
)
VOICES = {voice.name: voice for voice in _VOICES}


def speak(texts: Sequence[str], voice: str, slowness: float = 1.0) -> list[Utterance]:
    """Every sentence that the voice could say: some have no word it knows how to read."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save = '(utt.save.segs u "{path}.seg") (utt.save.wave u "{path}.wav")'
        stretch = f"(Parameter.set 'Duration_Stretch {slowness:.3f})"
        run(texts, voice, folder, save, stretch)
        said = [
            Utterance(read_speech(path), tuple(_segments(path.with_suffix(".seg"), voice)), voice)
            for path in in_order(folder, "wav")
        ]
        return [utterance for utterance in said if utterance.segments]


def run(texts: Sequence[str], voice: str, folder: Path, save: str, prelude: str = "") -> None:
    """Synthesises each text in one process and runs `save`, with {path} filled in, on each.

    A sentence that fails ends the process, so the rest goes to a new one.
    """
    done = 0
    while done < len(texts):
        script = folder / "speak.scm"
        script.write_bytes(_script(texts, done, voice, folder, save, prelude))
        command = ["festival", "-b", str(script)]
        subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE)
        reached = [int(path.stem) for path in folder.glob("*.begun")]
        done = max(reached, default=done) + 1


def _script(
    texts: Sequence[str], first: int, voice: str, folder: Path, save: str, prelude: str
) -> bytes:
    chosen = VOICES[voice]
    lines = [f"({chosen.call})", prelude]
    for number, text in list(enumerate(texts))[first:]:
        path = folder / str(number)
        quoted = re.sub(r'[\\"]', " ", text)
        lines.append(f'(fclose (fopen "{path}.begun" "w"))')
        lines.append(f"(set! u (utt.synth (eval (list 'Utterance 'Text \"{quoted}\"))))")
        lines.append(save.format(path=path))
    return "\n".join(lines).encode(chosen.encoding, "ignore")


def in_order(folder: Path, suffix: str) -> list[Path]:
    return sorted(folder.glob(f"*.{suffix}"), key=lambda path: int(path.stem))


def _segments(path: Path, voice: str) -> list[Segment]:
    """Parses `utt.save.segs`: after the header, lines of end time, a number, the phone."""
    found: list[Segment] = []
    start = 0.0
    for line in path.read_text("latin1").splitlines():
        words = line.split()
        if len(words) == 3 and float(words[0]) > start:
            found += segments(VOICES[voice].phones(words[2]), start, float(words[0]))
            start = float(words[0])
    return found
