"""The laws of a session, on an engine whose pictures can be predicted."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress

import numpy as np
import pytest

from talkhead.engines.engine import Appearance, AudioEncoder, Renderer
from talkhead.pipeline.generate import VideoSpec, generate
from talkhead.pipeline.local import BatchLimits, LocalStages
from talkhead.pipeline.pacing import Pacer, Unpaced
from talkhead.pipeline.stages import Stages
from talkhead.pipeline.windows import STREAM_CHUNKS
from talkhead.storage.blobs import MemoryBlobs
from talkhead.timing import SAMPLE_RATE, SAMPLES_PER_FRAME, SOUND_RATE
from talkhead.types import AudioFeatures, Controls, Frames, Motion, Waveform
from tests.fakes import (
    BrightnessRenderer,
    FakeEngine,
    LoudnessEncoder,
    blocks,
    decode,
    grey_portrait,
    png_bytes,
    tone,
)

GREY, DARK = "portraits/grey", "portraits/dark"


@asynccontextmanager
async def local(
    engine: FakeEngine | None = None, limits: BatchLimits = BatchLimits()
) -> AsyncIterator[Stages]:
    blobs = MemoryBlobs()
    blobs.put(GREY, png_bytes(grey_portrait(level=60)))
    blobs.put(DARK, png_bytes(grey_portrait(level=20)))
    async with LocalStages.load(engine or FakeEngine(), blobs, limits=limits) as stages:
        yield stages


async def video(
    stages: Stages, waveform: Waveform, sizes: Sequence[int], portrait: str = GREY
) -> bytes:
    spec = VideoSpec(portrait, {"gain": 1.0}, STREAM_CHUNKS, size=64)
    fragments = generate(stages, spec, blocks(waveform, sizes), Unpaced())
    return b"".join([fragment.payload async for fragment in fragments])


@pytest.mark.parametrize("sizes", [[160], [160_000], [700, 1, 9_000, 3_201]])
async def test_streaming_equals_offline(sizes: list[int]) -> None:
    """10 ms pieces, 10 s pieces, anything: the same bytes."""
    waveform = tone(2.33)
    async with local() as stages:
        assert await video(stages, waveform, sizes) == await video(
            stages, waveform, [len(waveform)]
        )


@pytest.mark.parametrize("samples", [640, 641, 16_000, 33_333, 80_001])
async def test_the_length_is_exact(samples: int) -> None:
    async with local() as stages:
        pictures, sound = decode(await video(stages, tone(samples / SAMPLE_RATE), [1_000]))
    assert len(pictures) == -(-samples // SAMPLES_PER_FRAME)
    # The container says where the last packet ends; FFmpeg's decoder gives all of it.
    assert 0 <= len(sound) - len(pictures) * SOUND_RATE // 25 < 1024


@pytest.mark.parametrize("frame", [0, 3, 4, 13, 40, 59])
async def test_a_click_and_a_flash_meet_in_the_same_frame(frame: int) -> None:
    waveform = np.zeros(60 * SAMPLES_PER_FRAME, np.float32)
    middle = frame * SAMPLES_PER_FRAME + SAMPLES_PER_FRAME // 2
    waveform[middle - 100 : middle + 100] = 0.9
    async with local() as stages:
        pictures, sound = decode(await video(stages, waveform, [1_600]))
    brightness = pictures.mean(axis=(1, 2, 3))
    assert int(brightness.argmax()) == frame
    assert brightness[frame] > np.median(brightness) + 20
    loudest = int(np.abs(sound[:, 0]).argmax())
    assert loudest // (SOUND_RATE // 25) == frame


async def test_no_window_is_lost_or_repeated() -> None:
    """Brightness follows a staircase of loudness, so every frame shows its own window."""
    steps = np.repeat(np.linspace(0.05, 0.8, 45, dtype=np.float32), SAMPLES_PER_FRAME)
    async with local() as stages:
        pictures, _ = decode(await video(stages, steps, [999]))
    assert len(pictures) == 45
    assert (np.diff(pictures.mean(axis=(1, 2, 3))) > 0.5).all()


async def test_sessions_with_different_portraits_do_not_mix() -> None:
    waveform = tone(1.5)
    async with local() as stages:
        alone = [await video(stages, waveform, [640], name) for name in (GREY, DARK)]
        together = await asyncio.gather(
            *[video(stages, waveform, [640], name) for name in (GREY, DARK, GREY, DARK)]
        )
    assert together == alone + alone
    assert alone[0] != alone[1]


class Counting(LoudnessEncoder):
    """Counts the windows that were really computed."""

    def __init__(self) -> None:
        self.windows = 0

    def encode(self, waveforms: Sequence[Waveform]) -> list[AudioFeatures]:
        self.windows += len(waveforms)
        return super().encode(waveforms)


class CountingEngine(FakeEngine):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = Counting()

    def audio_encoder(self, device: str) -> AudioEncoder:
        return self.encoder


async def test_closing_stops_the_work_and_leaks_nothing() -> None:
    engine = CountingEngine()
    waveform = tone(60.0)  # 150 windows
    spec = VideoSpec(GREY, {"gain": 1.0}, STREAM_CHUNKS, size=64)
    async with local(engine) as stages:
        before = len(asyncio.all_tasks())
        for _ in range(200):
            fragments = generate(stages, spec, blocks(waveform, [6_400]), Unpaced())
            async with aclosing(fragments):
                await anext(fragments)
            started = engine.encoder.windows
            await asyncio.sleep(0)
            assert engine.encoder.windows <= started + 1
        await asyncio.sleep(0.05)
        # The batchers' own tasks stay: one for each stage that was used.
        assert len(asyncio.all_tasks()) <= before + 3
    assert engine.encoder.windows < 200 * 15


async def test_a_consumer_that_stops_stops_the_work() -> None:
    engine = CountingEngine()
    spec = VideoSpec(GREY, {"gain": 1.0}, STREAM_CHUNKS, size=64)
    async with local(engine) as stages:
        fragments = generate(stages, spec, blocks(tone(60.0), [640]), Unpaced())
        async with aclosing(fragments):
            await anext(fragments)
            await asyncio.sleep(0.3)
            stalled_at = engine.encoder.windows
            await asyncio.sleep(0.3)
            assert engine.encoder.windows == stalled_at
            assert stalled_at <= 12  # two chunks in flight, and what leads up to them


async def test_a_paced_stream_keeps_its_lead() -> None:
    spec = VideoSpec(GREY, {"gain": 1.0}, STREAM_CHUNKS, size=64)
    async with local() as stages:
        loop = asyncio.get_running_loop()
        fragments = generate(stages, spec, blocks(tone(4.0), [6_400]), Pacer(lead_s=1.0))
        arrivals = []
        async with aclosing(fragments):
            async for fragment in fragments:
                arrivals.append((loop.time(), (fragment.first_frame + fragment.frames) / 25))
    started = arrivals[0][0]
    # Work on a chunk begins at most a lead before it is due; a chunk is one second long.
    assert all(shown - (at - started) <= 1.0 + 1.0 + 0.1 for at, shown in arrivals)
    assert arrivals[-1][0] - started >= 4.0 - 1.0 - 1.0 - 0.1


class Broken(BrightnessRenderer):
    def render(
        self, items: Sequence[tuple[Appearance, Motion, Controls]], size: int
    ) -> list[Frames]:
        if any(motion[-1, 1] >= 39 for _, motion, _ in items):
            raise ZeroDivisionError("the device broke")
        return super().render(items, size)


class BrokenEngine(FakeEngine):
    def renderer(self, device: str) -> Renderer:
        return Broken()


async def test_a_failure_comes_after_all_that_worked() -> None:
    spec = VideoSpec(GREY, {"gain": 1.0}, STREAM_CHUNKS, size=64)
    frames = 0
    async with local(BrokenEngine()) as stages:
        with suppress(ZeroDivisionError):
            async for fragment in generate(stages, spec, blocks(tone(4.0), [640]), Unpaced()):
                frames += fragment.frames
            raise AssertionError("it did not break")
    assert frames == 39


async def test_no_audio_no_video() -> None:
    async with local() as stages:
        assert await video(stages, np.zeros(0, np.float32), [640]) == b""
