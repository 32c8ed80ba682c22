"""One session, start to end. Read this file first.

    audio blocks -> windows -> features -> motion -> chunks -> H.264 -> MP4 fragments

A session is one async generator: its state is its local variables, closing it ends it, and a
file and a live stream take the same path. Whoever iterates it closes it, with `aclosing`: a
generator that is merely dropped keeps its calls until the garbage collector comes by.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from talkhead.engines.engine import NOTHING, MotionWindow
from talkhead.media.muxer import FragmentMuxer
from talkhead.media.resampling import SoundBlock
from talkhead.pipeline.features import feature_windows
from talkhead.pipeline.flow import in_order
from talkhead.pipeline.pacing import Pacer
from talkhead.pipeline.sound import SoundBuffer
from talkhead.pipeline.stages import RenderRequest, Stages
from talkhead.pipeline.windows import ChunkCutter, MotionChunk
from talkhead.types import Controls, Fragment, Motion, VideoChunk

AI_LABEL = "AI-generated: a still portrait animated by talkhead"  # in the container of every video

# Calls of one session at once: while one chunk is encoded, the next is rendered.
_IN_FLIGHT = 2


@dataclass(frozen=True)
class VideoSpec:
    """Everything that decides what the video shows, besides the audio."""

    portrait: str  # a key of the blob store, registered with the renderer
    controls: Controls  # complete: from EngineInfo.check_controls
    chunks: tuple[int, ...]  # frames a chunk
    size: int = 512
    seed: int = 0
    character: str | None = None  # key of another portrait, for whose face the motion is made


async def generate(
    stages: Stages, spec: VideoSpec, audio: AsyncGenerator[SoundBlock, None], pacer: Pacer
) -> AsyncGenerator[Fragment, None]:
    """Yield the video as playable fragments while `audio` is still arriving."""
    schedule = stages.info.schedule_for(spec.controls)
    sound = SoundBuffer(ahead=min(2, schedule.look_ahead))
    chunks = _chunks(_motion(stages, spec, sound.tap(audio), pacer), spec.chunks, pacer)
    render = partial(_render, stages, spec, pacer)
    muxer: FragmentMuxer | None = None
    async with aclosing(in_order(render, chunks, _IN_FLIGHT)) as rendered:
        async for chunk in rendered:
            muxer = muxer or FragmentMuxer(sound.channels, AI_LABEL)
            fragment = await asyncio.to_thread(muxer.write, chunk, sound.take(chunk.frames))
            pacer.start()
            yield fragment
    if muxer and (last := await asyncio.to_thread(muxer.finish)):
        yield last


async def _chunks(
    motion: AsyncGenerator[Motion, None], sizes: tuple[int, ...], pacer: Pacer
) -> AsyncGenerator[MotionChunk, None]:
    cutter = ChunkCutter(sizes)
    async with aclosing(motion):
        async for rows in motion:
            for chunk in cutter.push(rows):
                await pacer.wait_for(chunk.start)
                yield chunk
    for chunk in cutter.finish():
        await pacer.wait_for(chunk.start)
        yield chunk


async def _motion(
    stages: Stages, spec: VideoSpec, audio: AsyncGenerator[SoundBlock, None], pacer: Pacer
) -> AsyncGenerator[Motion, None]:
    """Rows of motion, window after window: each continues the one before."""
    windows = feature_windows(stages, stages.info.schedule_for(spec.controls), audio, pacer)
    reference = await _reference(stages, spec.portrait)
    character = await _reference(stages, spec.character)
    tail = NOTHING
    async with aclosing(windows):
        async for heard in windows:
            window = MotionWindow(
                features=heard.features,
                tail=tail,
                frames=heard.frames,
                seed=spec.seed,
                index=heard.index,
                controls=spec.controls,
                start=heard.start,
                total=heard.total,
                reference=reference,
                character=character,
            )
            step = await stages.motion.generate(window, pacer.priority(heard.start))
            tail = step.tail
            yield step.motion


async def _reference(stages: Stages, portrait: str | None) -> Motion:
    if portrait is None or not stages.info.reference_dim:
        return NOTHING
    return await stages.renderer.reference(portrait)


async def _render(stages: Stages, spec: VideoSpec, pacer: Pacer, chunk: MotionChunk) -> VideoChunk:
    request = RenderRequest(spec.portrait, chunk.motion, spec.controls, spec.size)
    return await stages.renderer.render(request, pacer.priority(chunk.start))
