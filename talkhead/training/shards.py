"""Data sets on disk: many clips in one .npz file, made by one process from one seed."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

from talkhead.timing import FRAME_RATE, SAMPLE_RATE
from talkhead.training.clips import Clip, plain_clip, varied_clip
from talkhead.training.sources import ALL, Source
from talkhead.types import Waveform

PART = 0.25  # hours a shard
BACKGROUND = 60  # voices kept for babble


@dataclass(frozen=True)
class Part:
    """One shard to make."""

    source: str
    number: int
    hours: float
    seed: int

    def path(self, folder: Path) -> Path:
        return folder / f"{self.source}-{self.number:02d}.npz"


def parts(sources: tuple[Source, ...], seed: int, scale: float = 1.0) -> list[Part]:
    """The shards of these sources, `scale` times as long as planned."""
    found = []
    for source in sources:
        left, number = source.hours * scale, 0
        while left > 1e-6:
            found.append(Part(source.name, number, min(left, PART), seed))
            left, number = left - PART, number + 1
    return found


def make_all(wanted: list[Part], folder: Path, workers: int) -> Iterator[Path]:
    """Makes the shards that are not there yet, and yields each path when it is."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [part for part in wanted if not part.path(folder).exists()]
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(make, missing, [folder] * len(missing))


def make(part: Part, folder: Path) -> Path:
    """Synthesises one shard; the same part gives the same clips."""
    path = part.path(folder)
    unfinished = path.with_suffix(".unfinished.npz")
    save(unfinished, list(clips(part)), ALL[part.source].test)
    return unfinished.rename(path)


def clips(part: Part) -> Iterator[Clip]:
    source = ALL[part.source]
    # crc32, not hash(): Python salts the latter anew in every process.
    random = np.random.default_rng([part.seed, crc32(part.source.encode()), part.number])
    speak = source.speak(source.test)
    others: list[Waveform] = []
    left = part.hours * 3600 * FRAME_RATE
    while left > 0:
        said = speak(random)
        if not said:
            continue
        clip = plain_clip(said, random) if source.test else varied_clip(said, random, others)
        if clip is None:
            continue
        others = [*others[-BACKGROUND + 1 :], clip.waveform[: 4 * SAMPLE_RATE]]
        left -= len(clip.motion)
        yield clip


def save(path: Path, made: list[Clip], with_waveforms: bool) -> None:
    lengths = [len(clip.motion) for clip in made]
    arrays = {
        name: np.concatenate([getattr(clip, name) for clip in made])
        for name in ("mel", "motion", "phones", "tracks")
    }
    if with_waveforms:
        arrays["waveform"] = np.concatenate([clip.waveform for clip in made]).astype(np.float16)
    arrays["condition"] = np.stack([clip.condition for clip in made])
    arrays["starts"] = np.cumsum([0, *lengths])
    arrays["voice"] = np.array([clip.voice for clip in made])
    np.savez(path, allow_pickle=False, **arrays)
