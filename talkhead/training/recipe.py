"""The two trainings: the gate, which never hears the speaker slt, and what ships, which does."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from talkhead.training.batches import Windows
from talkhead.training.sources import SLT_SOURCES, SOURCES, Source
from talkhead.training.train import Trainer, TrainingConfig

WEIGHTS = {  # shares of a batch; espeak-ng stays below 0.3
    **{"espeak": 0.24, "flite": 0.34, "diphones": 0.08, "russian": 0.08, "catalan": 0.06},
    "speakers": 0.20,
}
SLT_WEIGHTS = {"slt": 0.14, "slt-speakers": 0.09, "slt-festival": 0.03}
GATE = TrainingConfig(listening_steps=2500, joint_steps=4800)
SHIP = TrainingConfig(
    listening_steps=0,
    joint_steps=4200,
    rate=7e-4,
    audio_share=0.6,
    expression=2.5,
    quiet=0.3,
    seed=1,
)


@dataclass(frozen=True)
class Recipe:
    name: str
    sources: tuple[Source, ...]
    weights: dict[str, float]
    config: TrainingConfig
    after: str | None = None  # the recipe whose weights it starts from


RECIPES = {
    "gate": Recipe("gate", SOURCES, WEIGHTS, GATE),
    "ship": Recipe("ship", SOURCES + SLT_SOURCES, WEIGHTS | SLT_WEIGHTS, SHIP, after="gate"),
}


def shards_of(data: Path, source: str) -> list[Path]:
    return sorted(data.glob(f"{source}-[0-9][0-9].npz"))


def trainer(recipe: Recipe, data: Path, folder: Path, threads: int) -> Trainer:
    """Ready to run; `folder` holds the checkpoint of the recipe it starts from."""
    groups = {name: shards_of(data, name) for name in recipe.weights}
    config = replace(recipe.config, threads=threads)
    made = Trainer(Windows(groups, recipe.weights), config)
    if recipe.after:
        state = torch.load(folder / f"{recipe.after}.pt", weights_only=True)
        made.start_from(state["smoothed"])
    return made
