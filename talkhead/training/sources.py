"""The speakers of the training and test sets: who speaks, what, and how many hours."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from talkhead.training.speech import espeak, festival, flite, hts
from talkhead.training.speech.texts import pick
from talkhead.training.speech.utterance import Utterance

Speak = Callable[[np.random.Generator], list[Utterance]]  # sentences by one speaker

BATCH = 24  # sentences for one start of festival
FOREIGN = ("de", "es", "it", "pt", "nl")  # read with the voice's own letter-to-sound rules


@dataclass(frozen=True)
class Source:
    name: str
    hours: float
    speak: Callable[[bool], Speak]  # given whether the texts are those held out
    test: bool = False  # plain, neutral, unaugmented, held-out texts


def _flite(*voices: str) -> Callable[[bool], Speak]:
    def make(held_out: bool) -> Speak:
        def speak(random: np.random.Generator) -> list[Utterance]:
            voice = str(random.choice(voices))
            slowness = 1.0 if held_out else random.uniform(0.85, 1.35)
            pitch = 1.0 if held_out else float(np.exp(random.uniform(np.log(0.8), np.log(1.7))))
            native = held_out or random.random() < 0.6
            language = "en" if native else str(random.choice(FOREIGN))
            texts = [pick(language, random, held_out) for _ in range(random.integers(2, 6))]
            said = [flite.speak(text, voice, slowness, pitch) for text in texts]
            return [utterance for utterance in said if utterance]

        return speak

    return make


def _espeak(held_out: bool) -> Speak:
    engine = espeak.library()
    weights = np.array(list(espeak.ENGLISH.values()), float)
    variants = espeak.HELD_OUT_VARIANTS if held_out else espeak.VARIANTS

    def speak(random: np.random.Generator) -> list[Utterance]:
        english = random.random() < 0.6
        voice = (
            random.choice(list(espeak.ENGLISH), p=weights / weights.sum())
            if english
            else random.choice(espeak.OTHER_LANGUAGES)
        )
        language = "en" if english else str(voice)[:2]
        variant = str(random.choice(variants))
        speed, pitch, span = (int(random.integers(*r)) for r in ((120, 215), (20, 80), (25, 85)))
        texts = [pick(language, random, held_out) for _ in range(random.integers(2, 6))]
        said = [engine.speak(text, str(voice), variant, speed, pitch, span) for text in texts]
        return [utterance for utterance in said if utterance]

    return speak


def _in_turns(batch: Speak) -> Speak:
    """Hands out the many sentences of a batch two to five at a time."""
    waiting: list[Utterance] = []

    def speak(random: np.random.Generator) -> list[Utterance]:
        if not waiting:
            waiting.extend(batch(random))
        count = int(random.integers(2, 6))
        said, waiting[:] = waiting[:count], waiting[count:]
        return said

    return speak


def _festival(**voices: float) -> Callable[[bool], Speak]:
    """`voices` are weights by name."""
    chances = np.array(list(voices.values())) / sum(voices.values())

    def make(held_out: bool) -> Speak:
        def batch(random: np.random.Generator) -> list[Utterance]:
            voice = str(random.choice(list(voices), p=chances))
            language = festival.VOICES[voice].language
            texts = [pick(language, random, held_out) for _ in range(BATCH)]
            return festival.speak(texts, voice, random.uniform(0.85, 1.25))

        return _in_turns(batch)

    return make


def _hts(voice: str) -> Callable[[bool], Speak]:
    def make(held_out: bool) -> Speak:
        def batch(random: np.random.Generator) -> list[Utterance]:
            native = random.random() < 0.5
            other = ("en", "es", "it", "de")
            language = festival.VOICES[voice].language if native else str(random.choice(other))
            texts = [pick(language, random, held_out) for _ in range(8)]
            return hts.speak(texts, voice, hts.Speaker.random(random))

        return _in_turns(batch)

    return make


SOURCES = (
    Source("espeak", 2.2, _espeak),
    Source("flite", 3.0, _flite("rms", "awb", "rms", "awb", "kal16")),
    Source("diphones", 0.8, _festival(kal=1, ked=1)),
    Source("russian", 0.5, _festival(nsh=1)),
    Source("catalan", 0.4, _festival(ona=1)),
    Source("speakers", 1.6, _hts("ona")),
)
SLT_SOURCES = (  # the speaker that the gate holds out
    Source("slt", 1.2, _flite("slt")),
    Source("slt-speakers", 0.6, _hts("slt")),
    Source("slt-festival", 0.2, _festival(slt=1)),
)
TESTS = (
    Source("test-slt", 0.16, _flite("slt"), test=True),
    Source("test-flite", 0.1, _flite("rms", "awb"), test=True),
    Source("test-espeak", 0.1, _espeak, test=True),
)
ALL = {source.name: source for source in SOURCES + SLT_SOURCES + TESTS}
