"""The library in one call: a portrait and speech in, an MP4 out. No server, no Ray."""

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from talkhead.engines.registry import ready_engine
from talkhead.errors import AudioUnreadable, OptionError, PortraitUnreadable
from talkhead.media.audio import AudioInfo, probe_audio, read_audio
from talkhead.media.remux import to_progressive
from talkhead.pipeline.flow import in_thread
from talkhead.pipeline.generate import VideoSpec, generate
from talkhead.pipeline.local import LocalStages, is_live
from talkhead.pipeline.pacing import Unpaced
from talkhead.pipeline.windows import job_chunks
from talkhead.service.requests import check_character, check_seed, check_size
from talkhead.storage.blobs import MemoryBlobs
from talkhead.timing import FRAME_RATE
from talkhead.types import ControlValue, Fragment

OnProgress = Callable[[float], None]  # 0 to 1
_PORTRAIT, _CHARACTER = "portraits/this", "portraits/character"


@dataclass(frozen=True)
class Rendered:
    """What came out of `render`."""

    path: Path
    frames: int
    seconds: float
    real_time_factor: float  # seconds of work a second of video, loading of models included


def render(
    portrait: str | Path,
    speech: str | Path,
    output: str | Path,
    *,
    engine: str = "builtin",
    size: int | None = None,
    seed: int = 0,
    controls: Mapping[str, ControlValue] | None = None,
    character: str | Path | None = None,
    device: str = "cpu",
    weights_dir: str | Path | None = None,
    on_progress: OnProgress = lambda done: None,
) -> Rendered:
    """Make one video file.

    Args:
        portrait: an image with one face; any format OpenCV reads.
        speech: audio, or a video whose sound is taken; any format FFmpeg reads.
        output: the MP4 to write, named so; it appears when it is complete, in folders made for it.
        engine: one of `talkhead.engines.registry.engine_names()`.
        size: frame height and width, pixels, even; None for what the engine likes best.
        seed: the same seed gives the same video.
        controls: what the engine can be told, by name: see `talkhead engines`.
        character: an image of another face, whose way of speaking is played, where an engine can.
        device: "cpu" or "cuda". On either, `builtin` sets OpenCV in this process to one thread.
        weights_dir: has a folder of weights for each engine that is not shipped with its own; None
            for where `talkhead weights pull` puts them.
        on_progress: told how much is done, in this thread.

    Raises:
        InputError: what is wrong with the input, and which parameter it is.
        InternalError: weights are missing, or a stage failed.
    """
    job = _render(
        Path(portrait),
        Path(speech),
        Path(output),
        engine,
        size,
        seed,
        controls,
        Path(character) if character else None,
        device,
        Path(weights_dir) if weights_dir else None,
        on_progress,
    )
    return asyncio.run(job)


async def _render(
    portrait: Path,
    speech: Path,
    output: Path,
    engine_name: str,
    size: int | None,
    seed: int,
    controls: Mapping[str, ControlValue] | None,
    character: Path | None,
    device: str,
    weights_dir: Path | None,
    on_progress: OnProgress,
) -> Rendered:
    started = time.perf_counter()
    _check_device(device)
    engine = ready_engine(engine_name, weights_dir)
    spec = VideoSpec(
        portrait=_PORTRAIT,
        controls=engine.info.check_controls(controls or {}),
        chunks=job_chunks(is_live(device, engine.info)),
        size=check_size(size, engine.info),
        seed=check_seed(seed),
        character=_CHARACTER if character else None,
    )
    check_character(character, engine.info)
    audio = await asyncio.to_thread(_probe, speech)
    blobs = MemoryBlobs()
    blobs.put(_PORTRAIT, await asyncio.to_thread(_read, portrait, "portrait"))
    if character:
        blobs.put(_CHARACTER, await asyncio.to_thread(_read, character, "options.character"))
    await asyncio.to_thread(_check_writable, output)
    async with LocalStages.load(engine, blobs, device=device) as stages:
        await stages.register(_PORTRAIT, spec.character)
        blocks = in_thread(read_audio(speech))
        fragments = generate(stages, spec, blocks, Unpaced())
        frames = await _write(fragments, output, audio.duration_s, on_progress)
    seconds = frames / FRAME_RATE
    return Rendered(output, frames, seconds, (time.perf_counter() - started) / seconds)


async def _write(
    fragments: AsyncGenerator[Fragment, None],
    output: Path,
    seconds: float,
    on_progress: OnProgress,
) -> int:
    """Write the fragments beside the output, then the output from them in one go.

    Raises:
        OptionError: the disk is full, for example.
    """
    frames = 0
    with _part_of(output) as part:
        async with aclosing(fragments):
            async for fragment in fragments:
                with _writing(output):
                    await asyncio.to_thread(part.write, fragment.payload)
                frames += fragment.frames
                on_progress(min(1.0, frames / FRAME_RATE / seconds))
        with _writing(output):
            part.flush()
            await asyncio.to_thread(to_progressive, Path(part.name), output)
    return frames


@contextmanager
def _part_of(output: Path) -> Iterator[IO[bytes]]:
    """A file beside the output that is gone after the block, whatever ends it."""
    with _writing(output):
        part = tempfile.NamedTemporaryFile(dir=output.parent, prefix=".talkhead-", suffix=".part")
    try:
        yield part
    finally:
        with suppress(OSError):  # what was not written is not wanted any more
            part.close()


def _probe(speech: Path) -> AudioInfo:
    try:
        return probe_audio(speech)
    except OSError as error:
        raise AudioUnreadable(f"{speech}: {error.strerror}") from None


def _read(picture: Path, param: str) -> bytes:
    try:
        return picture.read_bytes()
    except OSError as error:
        raise PortraitUnreadable(f"{picture}: {error.strerror}", param) from None


def _check_writable(output: Path) -> None:
    """Learn it now, not after the work."""
    if output.is_dir():
        raise OptionError(f"{output} is a folder; name a file in it", "output")
    if output.suffix.lower() != ".mp4":
        raise OptionError(f"{output} does not end in .mp4, and an MP4 is what is written", "output")
    with _writing(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output.parent):
            pass


@contextmanager
def _writing(output: Path) -> Iterator[None]:
    """What the operating system refuses in the block is said in words."""
    try:
        yield
    except OSError as error:
        message = f"{output} cannot be written: {error.strerror}"
        raise OptionError(message, "output") from None


def _check_device(device: str) -> None:
    if device == "cpu":
        return
    import torch

    if device != "cuda" or not torch.cuda.is_available():
        here = "cpu or cuda" if torch.cuda.is_available() else "cpu; no CUDA device was found"
        raise OptionError(f"device is {device!r}; it can be {here}", "device")
