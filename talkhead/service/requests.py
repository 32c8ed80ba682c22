"""What a caller asks for, and the checks that need no model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

from talkhead.engines.engine import EngineInfo
from talkhead.errors import OptionError, UnknownEngine
from talkhead.pipeline.stages import Stages
from talkhead.types import ControlValue

MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class VideoRequest:
    """Nothing in it has been checked."""

    audio: IO[bytes]  # read to its end here, closed by its owner
    portrait: bytes | None = None  # an image file, or
    avatar: str | None = None  # the id of an avatar
    character: str | None = None  # the id of another avatar, whose way of speaking is played
    engine: str = "builtin"
    size: int | None = None  # pixels; None for the engine's default
    seed: int = 0
    controls: Mapping[str, ControlValue] = field(default_factory=dict)


def check_size(size: int | None, info: EngineInfo) -> int:
    """The frame size, or the engine's default for None.

    Raises:
        OptionError: the engine cannot make it, or it is odd (H.264 needs even sizes).
    """
    if size is None:
        return info.default_size
    if not info.minimum_size <= size <= info.maximum_size or size % 2:
        span = f"an even number from {info.minimum_size} to {info.maximum_size}"
        raise OptionError(f"size is {size}; {span} is possible", "options.size")
    return size


def served(engine: str, stages: Mapping[str, Stages]) -> Stages:
    """The stages of that engine.

    Raises:
        UnknownEngine: it is not served here.
    """
    if engine not in stages:
        names = ", ".join(stages)
        raise UnknownEngine(f"engine {engine!r} is not served here; {names} is")
    return stages[engine]


def check_character(character: object | None, info: EngineInfo) -> None:
    """Whether the engine makes anything of another face, if one is given.

    Raises:
        OptionError: it does not.
    """
    if character is not None and not info.plays_characters:
        message = f"engine {info.name!r} cannot play another character; leave it out"
        raise OptionError(message, "options.character")


def check_seed(seed: int) -> int:
    """The seed.

    Raises:
        OptionError: it is not in 0 to 2**63 - 1.
    """
    if not 0 <= seed <= MAX_SEED:
        raise OptionError(f"seed is {seed}; 0 to {MAX_SEED} is possible", "options.seed")
    return seed
