"""The laws of a session on the engine that ships: real networks, real pictures."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from talkhead.engines.registry import find_engine
from talkhead.media.audio import read_audio
from talkhead.media.h264 import H264Settings, encode_chunk
from talkhead.media.resampling import SoundBlock
from talkhead.pipeline.generate import VideoSpec, generate
from talkhead.pipeline.local import BatchLimits, LocalStages
from talkhead.pipeline.pacing import Unpaced
from talkhead.pipeline.stages import Stages
from talkhead.pipeline.windows import STREAM_CHUNKS
from talkhead.storage.blobs import MemoryBlobs
from tests.fakes import decode

in_module_loop = pytest.mark.asyncio(loop_scope="module")
EXAMPLES = Path(str(files("talkhead") / "examples"))
COLLINS, HOPPER = "portraits/collins", "portraits/hopper"
ENGINE = find_engine("builtin")
SECONDS = 0.9


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["one by one", "batched"])
async def stages(request: pytest.FixtureRequest) -> AsyncGenerator[Stages, None]:
    blobs = MemoryBlobs()
    blobs.put(COLLINS, (EXAMPLES / "collins.png").read_bytes())
    blobs.put(HOPPER, (EXAMPLES / "hopper.png").read_bytes())
    limits = BatchLimits(deterministic=request.param == "one by one")
    async with LocalStages.load(ENGINE, blobs, limits=limits) as stages:
        yield stages


def speech() -> SoundBlock:
    """The start of the example speech, as one block."""
    blocks = list(read_audio(EXAMPLES / "speech.flac", block_seconds=SECONDS))
    return blocks[0]


async def pieces(block: SoundBlock, samples: int) -> AsyncGenerator[SoundBlock, None]:
    for start in range(0, len(block.waveform), samples):
        end = start + samples
        yield SoundBlock(block.sound[3 * start : 3 * end], block.waveform[start:end])


async def video(
    stages: Stages,
    samples: int = 10_000_000,
    portrait: str = COLLINS,
    size: int = 512,
    seed: int = 0,
) -> bytes:
    what = VideoSpec(portrait, ENGINE.info.check_controls({}), STREAM_CHUNKS, size, seed)
    fragments = generate(stages, what, pieces(speech(), samples), Unpaced())
    return b"".join([fragment.payload async for fragment in fragments])


def share_changed(a: bytes, b: bytes) -> float:
    """The share of decoded values that differ by more than two levels."""
    pictures, others = decode(a)[0].astype(np.int16), decode(b)[0].astype(np.int16)
    return float((np.abs(pictures - others) > 2).mean())


@in_module_loop
async def test_streaming_equals_offline(stages: Stages) -> None:
    """10 ms and 10 s pieces, and the same again: one video, to the byte."""
    whole = await video(stages)
    assert len(decode(whole)[0]) == round(SECONDS * 25 + 0.49)
    for samples in (160, 160_000):
        assert await video(stages, samples) == whole


@in_module_loop
async def test_the_seed_decides(stages: Stages) -> None:
    first, again, other = [await video(stages, seed=seed) for seed in (1, 1, 2)]
    assert first == again
    assert first != other


@pytest.fixture
def faithful_codec(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured is the frames: at the usual quality the codec amplifies single levels."""
    encode = partial(encode_chunk, settings=H264Settings(crf=1))
    monkeypatch.setattr("talkhead.pipeline.local.encode_chunk", encode)


@in_module_loop
@pytest.mark.usefixtures("faithful_codec")
async def test_sessions_do_not_mix(stages: Stages, request: pytest.FixtureRequest) -> None:
    batched = "batched" in request.node.name
    alone = [await video(stages, portrait=name) for name in (COLLINS, HOPPER)]
    together = await asyncio.gather(
        *[video(stages, portrait=name) for name in (COLLINS, HOPPER, COLLINS, HOPPER)]
    )
    assert share_changed(alone[0], alone[1]) > 0.5
    for one, other in zip(alone + alone, together, strict=True):
        # Batched, matrix products round differently by shape.
        assert one == other or (batched and share_changed(one, other) <= 0.001)


@pytest.mark.parametrize("size", [128, 256, 640])
@in_module_loop
async def test_other_sizes(stages: Stages, size: int) -> None:
    pictures, _ = decode(await video(stages, size=size))
    assert pictures.shape[1:] == (size, size, 3)


@in_module_loop
async def test_speech_moves_the_face_and_nothing_else(stages: Stages) -> None:
    """The mouth's neighbourhood changes much, the corner of the background not at all."""
    pictures = decode(await video(stages))[0].astype(np.int16)
    change = np.abs(np.diff(pictures, axis=0)).mean(axis=(0, 3))
    assert change[:40, :40].max() <= 1.0  # the codec's own noise
    assert change.max() > 8


def test_every_control_can_be_set_to_its_ends() -> None:
    for control in ENGINE.info.controls:
        ends: Sequence[float | str] = control.choices or (control.minimum, control.maximum)
        for value in (*ends, control.default):
            assert ENGINE.info.check_controls({control.name: value})[control.name] == value
