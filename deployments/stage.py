"""What the deployments of the stages have in common: engines to models, threads, health."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from talkhead.engines.engine import Engine
from talkhead.errors import InternalError
from talkhead.limits import Limits

Part = TypeVar("Part")

_STUCK_S = 60.0  # a batch takes milliseconds to seconds; after this the device hangs


@dataclass(frozen=True)
class StageSettings:
    """What a replica needs to load its models; small, and it crosses processes."""

    engines: tuple[str, ...]
    device: str
    data_root: Path
    deterministic: bool
    threads: int  # 0: all cores
    limits: Limits


def use_threads(threads: int) -> None:
    """Let torch and OpenCV compute with that many threads: Ray tells them one."""
    import cv2
    import torch

    count = threads or os.cpu_count() or 1
    torch.set_num_threads(count)
    cv2.setNumThreads(count)


def per_engine(settings: StageSettings, load: Callable[[Engine], Part]) -> dict[str, Part]:
    """`load(engine)` for every engine that is served."""
    from talkhead.engines.registry import find_engine

    return {name: load(find_engine(name)) for name in settings.engines}


def check_progress(running_s: float) -> None:
    """Fail the replica's health check when its device no longer answers."""
    if running_s > _STUCK_S:
        raise InternalError(f"a batch has been running for {running_s:.0f} s")
