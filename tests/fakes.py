"""An engine without networks, and media without files. Deterministic, exact, CPU only."""

import io
import wave
from collections.abc import AsyncGenerator, Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import cv2
import numpy as np

from talkhead.engines.control import Control
from talkhead.engines.engine import (
    NOTHING,
    Appearance,
    AudioEncoder,
    EngineInfo,
    MotionGenerator,
    MotionStep,
    MotionWindow,
    Renderer,
    Schedule,
)
from talkhead.media.resampling import SoundBlock
from talkhead.timing import SAMPLE_RATE, SAMPLES_PER_FRAME
from talkhead.types import AudioFeatures, Controls, Frames, Image, Motion, Sound, Waveform
from talkhead.weights.files import EngineWeights

SCHEDULE = Schedule(first=4, step=10, look_ahead=4, context=10)


class Threadless:
    def close(self) -> None:
        pass


class LoudnessEncoder(Threadless):
    """The feature of a frame is its loudness."""

    def encode(self, waveforms: Sequence[Waveform]) -> list[AudioFeatures]:
        rows = [waveform.reshape(-1, SAMPLES_PER_FRAME) for waveform in waveforms]
        return [np.abs(row).mean(axis=1, keepdims=True).astype(np.float32) for row in rows]


class MotionIsLoudness(Threadless):
    """Column 0 is the loudness, column 1 counts the frames: it shows a lost or repeated window."""

    def kind(self, window: MotionWindow) -> Hashable:
        return window.features.shape

    def generate(self, windows: Sequence[MotionWindow]) -> list[MotionStep]:
        return [self._one(window) for window in windows]

    def _one(self, window: MotionWindow) -> MotionStep:
        first = SCHEDULE.context
        loudness = window.features[first : first + window.frames, 0]
        start = window.tail[-1, 1] + 1 if len(window.tail) else 0
        counted = start + np.arange(window.frames)
        motion = np.stack([loudness, counted], axis=1).astype(np.float32)
        return MotionStep(motion, motion[-1:])


@dataclass
class Picture:
    pixels: Image

    @property
    def checks(self) -> dict[str, float]:
        return {"face_pixels": float(len(self.pixels))}

    @property
    def reference(self) -> Motion:
        return NOTHING

    def to_bytes(self) -> bytes:
        return png_bytes(self.pixels)


class BrightnessRenderer(Threadless):
    """A frame is the portrait, brighter the larger the motion."""

    def register(self, portrait: Image) -> Appearance:
        return Picture(portrait)

    def load(self, data: bytes) -> Appearance:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
        return Picture(np.asarray(pixels, np.uint8))

    def render(
        self, items: Sequence[tuple[Appearance, Motion, Controls]], size: int
    ) -> list[Frames]:
        return [self._one(appearance, motion, size) for appearance, motion, _ in items]

    def _one(self, appearance: Appearance, motion: Motion, size: int) -> Frames:
        assert isinstance(appearance, Picture)
        pixels = cv2.resize(appearance.pixels, (size, size), interpolation=cv2.INTER_AREA)
        gain = 1 + 2 * motion[:, 0, None, None, None]
        return np.clip(pixels[None] * gain, 0, 255).astype(np.uint8)


@dataclass
class FakeEngine:
    """Louder is brighter."""

    info: EngineInfo = field(
        default_factory=lambda: EngineInfo(
            name="fake",
            title="Louder is brighter",
            code_licence="Apache-2.0",
            weights_licence="none needed",
            default_size=64,
            minimum_size=16,
            maximum_size=256,
            schedule_for=lambda controls: SCHEDULE,
            feature_dim=1,
            motion_dim=2,
            controls=(Control("gain", 1.0, "How bright.", 0.0, 2.0),),
        )
    )

    @property
    def weights(self) -> EngineWeights:
        return EngineWeights(files=(), folder=Path())

    def audio_encoder(self, device: str) -> AudioEncoder:
        return LoudnessEncoder()

    def motion_generator(self, device: str) -> MotionGenerator:
        return MotionIsLoudness()

    def renderer(self, device: str) -> Renderer:
        return BrightnessRenderer()


def tone(seconds: float, hertz: float = 220) -> Waveform:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.5 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def wav_bytes(waveform: Waveform, rate: int = SAMPLE_RATE) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((waveform * 32767).astype("<i2").tobytes())
    return buffer.getvalue()


def grey_portrait(size: int = 64, level: int = 60) -> Image:
    return np.full((size, size, 3), level, np.uint8)


def png_bytes(pixels: Image) -> bytes:
    _, data = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    return data.tobytes()


async def blocks(waveform: Waveform, sizes: Sequence[int]) -> AsyncGenerator[SoundBlock, None]:
    """`waveform` in pieces of these sizes, the last repeated; its sound is each sample thrice."""
    start, turn = 0, 0
    while start < len(waveform):
        size = sizes[min(turn, len(sizes) - 1)]
        piece = waveform[start : start + size]
        yield SoundBlock(np.repeat(piece, 3)[:, None], piece)
        start, turn = start + size, turn + 1


def decode(mp4: bytes) -> tuple[Frames, Sound]:
    """The pictures of a video, and its sound as (samples, channels)."""
    with av.open(io.BytesIO(mp4), "r") as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with av.open(io.BytesIO(mp4), "r") as container:
        sound = [frame.to_ndarray().T for frame in container.decode(audio=0)]
    return np.stack(pictures), np.concatenate(sound)
