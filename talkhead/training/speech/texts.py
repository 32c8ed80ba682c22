"""Sentences to speak: Debian's fortunes and word lists, and templates dense in lip closures."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

FORTUNES = Path("/usr/share/games/fortunes")
WORDS = Path("/usr/share/dict")
FORTUNE_LANGUAGES = ("de", "es", "it", "cs", "pl", "ru")  # each has a folder of its own
WORD_LISTS = {
    **{"fr": "french", "de": "ngerman", "es": "spanish", "it": "italian", "pt": "portuguese"},
    **{"pl": "polish", "nl": "dutch", "ca": "catalan"},
}
HELD_OUT = 0.1  # the last tenth of each corpus is only for tests
MOST = {"en": 9000}  # sentences a language; the others have 5000
SMALLEST_FILE = 2000  # bytes: shorter ones are notes about the collection

NAMES = tuple(
    "Bob Pam Mabel Pippa Victor Fiona Wanda Maeve Philip Amber Will Becky Mike Vivian Paul Emma "
    "Ben Molly".split()
)
VERBS = tuple(
    "bought brought found moved made believed helped welcomed watched improved followed described "
    "visited wanted remembered".split()
)
OBJECTS = (
    *("a simple map", "the paper boat", "five red apples", "the wooden bridge", "a warm blanket"),
    *("my favourite film", "the morning bus", "a purple umbrella", "every possible problem"),
    *("some fresh pumpkin pie", "the whole family", "a very old piano", "two big elephants"),
    *("the empty room", "our first week of work"),
)
ENDINGS = (
    *("before breakfast", "in the middle of November", "with a broken arm"),
    *("for the very first time", "because it was important", "near the village pub"),
    *("without asking why", "on a beautiful Friday evening", "and then we both laughed"),
    *("if you do not mind", "while the baby was asleep"),
)


@cache
def corpus(language: str) -> tuple[str, ...]:
    """All sentences of a language, in an order that never changes."""
    random = np.random.default_rng(0)
    found = [*_fortunes(language, random)]
    if language == "en":
        found += _templates(1500, random)
    elif language in WORD_LISTS:
        found += _word_sequences(language, 400 if found else 1500, random)
    return tuple(found)


def pick(language: str, random: np.random.Generator, held_out: bool) -> str:
    """A sentence for training, or one that training never sees."""
    sentences = corpus(language)
    border = int(len(sentences) * (1 - HELD_OUT))
    first, last = (border, len(sentences)) if held_out else (0, border)
    return sentences[int(random.integers(first, last))]


def _fortunes(language: str, random: np.random.Generator) -> list[str]:
    found = sorted({text for file in _fortune_files(language) for text in _sentences(_read(file))})
    random.shuffle(found)
    return found[: MOST.get(language, 5000)]


def _fortune_files(language: str) -> list[Path]:
    if language not in ("en", *FORTUNE_LANGUAGES):
        return []
    folder = FORTUNES if language == "en" else FORTUNES / language
    return [
        path
        for path in sorted(folder.glob("*"))
        if path.is_file()
        and path.suffix not in (".dat", ".u8")
        and not (language == "en" and path.is_symlink())  # links to other languages' files
        and path.stat().st_size >= SMALLEST_FILE
    ]


def _read(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf8")
    except UnicodeDecodeError:
        return data.decode("latin1")


def _sentences(collection: str) -> Iterator[str]:
    for fortune in re.split(r"\n%\n?", collection):
        line = re.sub(r"--.*", "", re.sub(r"\s+", " ", fortune))  # after a dash comes the author
        for sentence in re.findall(r"[^.!?;:\"]{18,140}[.!?]", line):
            text = sentence.strip(" -'\"()")
            plain = sum(letter.isalpha() or letter in " ,.'!?" for letter in text)
            if plain >= 0.97 * len(text) and text.upper() != text:
                yield text


def _templates(count: int, random: np.random.Generator) -> list[str]:
    parts = (NAMES, VERBS, OBJECTS, ENDINGS)
    return [
        " ".join(str(random.choice(part)) for part in parts) + str(random.choice(list("...!?")))
        for _ in range(count)
    ]


def _word_sequences(language: str, count: int, random: np.random.Generator) -> list[str]:
    lines = _read(WORDS / WORD_LISTS[language]).splitlines()
    words = [word for word in lines if 2 <= len(word) <= 11 and word.isalpha() and word.islower()]
    return [
        " ".join(words[i] for i in random.integers(len(words), size=random.integers(4, 11)))
        + str(random.choice(list("..,?!")))
        for _ in range(count)
    ]
