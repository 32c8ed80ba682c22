"""Random windows of the shards, cut as the service cuts them: context, earlier motion, window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float16, Float32, Int
from torch import Tensor

from talkhead.engines.builtin.motion.mel import MELS, ROWS_PER_FRAME, SILENCE
from talkhead.engines.builtin.motion.schedule import SCHEDULE
from talkhead.training.mel_augmentation import augment, quieter

BEGINNINGS = 0.12


@dataclass(frozen=True)
class Batch:
    """Stretches of equal length, whose last frames are the window to generate."""

    mel: Float[Tensor, "batch rows mels"]
    motion: Float[Tensor, "batch frames dim"]
    phones: Float[Tensor, "batch frames phones"]
    tracks: Float[Tensor, "batch frames 3"]
    emotion: Int[Tensor, " batch"]
    intensity: Float[Tensor, " batch"]
    styles: Float[Tensor, "batch styles"]
    missing: Int[Tensor, " batch"]  # leading frames that lie before the clip: silence, no motion


class Shard:
    """One file of clips in memory."""

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as file:
            self.mel: Float16[np.ndarray, "rows mels"] = file["mel"]
            self.motion: Float16[np.ndarray, "frames dim"] = file["motion"]
            self.phones: Float16[np.ndarray, "frames phones"] = file["phones"]
            self.tracks: Float16[np.ndarray, "frames 3"] = file["tracks"]
            self.condition: Float32[np.ndarray, "clips numbers"] = file["condition"]
            self.starts: Int[np.ndarray, " clips"] = file["starts"]


class Windows:
    """Draws from groups of shards by weight.

    Every eighth stretch is the beginning of a session: its window starts with the clip, or
    `first` frames later; before the clip there is digital silence.
    """

    def __init__(self, groups: Mapping[str, Sequence[Path]], weights: Mapping[str, float]) -> None:
        self._shards = [[Shard(path) for path in groups[name]] for name in weights]
        self._chances = np.array(list(weights.values())) / sum(weights.values())

    @property
    def shards(self) -> list[Shard]:
        return [shard for group in self._shards for shard in group]

    def draw(
        self, count: int, frames: int, window: int, random: np.random.Generator, quiet: float = 0.0
    ) -> Batch:
        """`count` stretches of `frames`, the last `window` to be generated, a share made quiet."""
        groups = random.choice(len(self._shards), count, p=self._chances)
        missing = np.zeros(count, np.int64)
        beginning = random.random(count) < BEGINNINGS
        missing[beginning] = frames - window - random.choice((0, SCHEDULE.first), beginning.sum())
        drawn = [
            _stretch(self._shards[group], frames, silent, random)
            for group, silent in zip(groups, missing.tolist(), strict=True)
        ]
        mel, motion, phones, tracks, condition = (
            np.stack(parts).astype(np.float32) for parts in zip(*drawn, strict=True)
        )
        return Batch(
            mel=torch.from_numpy(quieter(augment(mel, random), quiet, random)),
            motion=torch.from_numpy(motion),
            phones=torch.from_numpy(phones),
            tracks=torch.from_numpy(tracks),
            emotion=torch.from_numpy(condition[:, 0]).long(),
            intensity=torch.from_numpy(condition[:, 1]),
            styles=torch.from_numpy(condition[:, 2:]),
            missing=torch.from_numpy(missing),
        )


def _stretch(
    shards: Sequence[Shard], frames: int, silent: int, random: np.random.Generator
) -> tuple[Float[np.ndarray, "..."], ...]:
    """Mel, motion, phones, tracks and condition of `frames` frames, `silent` of them before it."""
    shard = shards[int(random.integers(len(shards)))]
    clip = int(random.integers(len(shard.condition)))
    start, stop = int(shard.starts[clip]), int(shard.starts[clip + 1])
    first = start if silent else int(random.integers(start, stop - frames + 1))
    rows = slice(first, first + frames - silent)
    mel = shard.mel[rows.start * ROWS_PER_FRAME : rows.stop * ROWS_PER_FRAME]
    silence = np.full((silent * ROWS_PER_FRAME, MELS), SILENCE, mel.dtype)
    tracks = (
        np.pad(track[rows], ((silent, 0), (0, 0)), "edge")
        for track in (shard.motion, shard.phones, shard.tracks)
    )
    return np.concatenate([silence, mel]), *tracks, shard.condition[clip]
