"""What the deployments of the stages have in common: engines to models, threads, health."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from talkhead.engines.engine import Engine
from talkhead.errors import InternalError
from talkhead.limits import Limits
from talkhead.pipeline.local import BatchLimits


class Warmable(Protocol):
    def warm_up(self, engine: Engine) -> None:
        """Do once all that a stream needs, so that the first one is not slower. Blocks."""


Part = TypeVar("Part", bound=Warmable)

_STUCK_S = 60.0  # a batch takes milliseconds to seconds; after this the device hangs


@dataclass(frozen=True)
class StageSettings:
    """What a replica needs to load its models; small, and it crosses processes."""

    engines: tuple[str, ...]
    on_gpu: bool  # where there is one
    data_root: Path
    weights_root: Path
    deterministic: bool
    limits: Limits


def prepare(settings: StageSettings) -> tuple[str, BatchLimits]:
    """Set up this replica's process: the device its models run on, and what a batch may hold.

    Torch may use all cores: Ray tells it one. A GPU is looked for here, not in the builder: the
    machine that builds the graph may have none.
    """
    import torch

    torch.set_num_threads(os.cpu_count() or 1)
    on_gpu = settings.on_gpu and torch.cuda.is_available()
    limits = BatchLimits(
        frames=64 if on_gpu else BatchLimits.frames,
        deterministic=settings.deterministic,
        out_of_memory=torch.OutOfMemoryError,
    )
    return "cuda" if on_gpu else "cpu", limits


def per_engine(settings: StageSettings, load: Callable[[Engine], Part]) -> dict[str, Part]:
    """`load(engine)` for every engine that is served, warm before Serve calls the replica ready."""
    from talkhead.engines.registry import ready_engine

    stages: dict[str, Part] = {}
    for name in settings.engines:
        engine = ready_engine(name, settings.weights_root)
        stages[name] = load(engine)
        stages[name].warm_up(engine)
    return stages


def check_progress(running_s: float) -> None:
    """Fail the replica's health check when its device no longer answers."""
    if running_s > _STUCK_S:
        raise InternalError(f"a batch has been running for {running_s:.0f} s")
