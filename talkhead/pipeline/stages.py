"""What a stage must do; who does it (this process, another one, a test) is not our business."""

from dataclasses import dataclass
from typing import Protocol

from talkhead.batching import Priority
from talkhead.engines.engine import EngineInfo, MotionStep, MotionWindow
from talkhead.errors import OptionError, PortraitError
from talkhead.types import AudioFeatures, Controls, Motion, VideoChunk, Waveform


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """Frames to make: any replica can, at any time, with the same bytes as result."""

    portrait: str  # where the picture is in the blob store
    motion: Motion
    controls: Controls
    size: int  # frame height and width, pixels


def appearance_key(engine: str, portrait: str) -> str:
    """Where the blob store keeps what an engine has learnt of a portrait."""
    return f"appearances/{engine}-{portrait.rpartition('/')[2]}"


class AudioEncoderStage(Protocol):
    async def encode(self, waveform: Waveform, priority: Priority) -> AudioFeatures: ...

    async def ping(self) -> None:
        """Answer, once the models are loaded."""


class MotionStage(Protocol):
    async def generate(self, window: MotionWindow, priority: Priority) -> MotionStep: ...

    async def ping(self) -> None: ...


class RendererStage(Protocol):
    async def register(self, portrait: str) -> dict[str, float]:
        """Study the portrait stored under that key, once for all replicas; what was measured.

        Raises:
            PortraitError: it cannot be animated.
        """

    async def reference(self, portrait: str) -> Motion:
        """What the motion stage must know of that portrait: `Appearance.reference`."""

    async def render(self, request: RenderRequest, priority: Priority) -> VideoChunk: ...

    async def ping(self) -> None: ...


@dataclass(frozen=True)
class Stages:
    """The three stages of one engine."""

    info: EngineInfo
    audio_encoder: AudioEncoderStage
    motion: MotionStage
    renderer: RendererStage
    live: bool = True  # fast enough for streams

    async def register(self, portrait: str, character: str | None = None) -> None:
        """Study the faces of a video.

        Raises:
            PortraitError: one cannot be animated; it says which.
        """
        await self.renderer.register(portrait)
        if character is None:
            return
        try:
            await self.renderer.register(character)
        except PortraitError as error:
            raise type(error)(error.message, "options.character") from None


def refuse_slow(stages: Stages, param: str) -> None:
    """Raises:
    OptionError: the engine does not keep up with playback here.
    """
    if not stages.live:
        raise OptionError(
            f"engine {stages.info.name!r} streams only on a GPU, and there is none here;"
            " without stream it makes a file, slowly",
            param,
        )
