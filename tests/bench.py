"""`make bench`: speed and memory side by side, medians of several runs in one go.

Absolute times depend on the machine; the ratios are what to look at.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from importlib.resources import files
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from talkhead.batching import BatchReport
from talkhead.engines.engine import MotionWindow
from talkhead.engines.registry import find_engine
from talkhead.media.audio import probe_audio, read_audio
from talkhead.media.h264 import encode_chunk
from talkhead.media.image import read_image
from talkhead.pipeline.flow import in_thread
from talkhead.pipeline.generate import VideoSpec, generate
from talkhead.pipeline.local import LocalStages
from talkhead.pipeline.pacing import Unpaced
from talkhead.pipeline.stages import Stages
from talkhead.pipeline.windows import STREAM_CHUNKS
from talkhead.storage.blobs import MemoryBlobs
from talkhead.timing import FRAME_RATE, SAMPLES_PER_FRAME
from tests.e2e.client import Stream, make_avatar
from tests.e2e.serving import Server, children, serving

console = Console()
EXAMPLES = Path(str(files("talkhead") / "examples"))
PORTRAIT = EXAMPLES / "collins.png"
SPEECH = EXAMPLES / "speech.flac"
BUILTIN = find_engine("builtin")
KEY = "portraits/this"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    console.print(f"{runs} runs, medians")
    stage_times(runs)
    library = asyncio.run(library_speed(runs))
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), profile="cpu") as server:
        service(server, library, runs)


def median_s(step: Callable[[], object], runs: int) -> float:
    step()  # warm
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def stage_times(runs: int) -> None:
    """Each stage alone, as one session uses it."""
    controls = BUILTIN.info.check_controls({})
    schedule = BUILTIN.info.schedule_for(controls)
    rows = schedule.context + schedule.step + schedule.look_ahead
    encoder, motion = BUILTIN.audio_encoder("cpu"), BUILTIN.motion_generator("cpu")
    renderer = BUILTIN.renderer("cpu")
    picture = read_image(PORTRAIT)
    noise = np.random.default_rng(0).standard_normal(rows * SAMPLES_PER_FRAME).astype(np.float32)
    features = encoder.encode([0.1 * noise])[0]
    before = np.zeros((10, BUILTIN.info.motion_dim), np.float32)
    window = MotionWindow(features, before, schedule.step, seed=0, index=1, controls=controls)
    moves = motion.generate([window])[0].motion
    appearance = renderer.register(picture)
    item = (appearance, moves, controls)
    (frames,) = renderer.render([item], 512)
    table = Table("stage", "unit", "ms", "ms a frame", title="stages, one session")
    for name, unit, count, step in (
        ("audio encoder", "window", schedule.step, lambda: encoder.encode([noise])),
        ("motion, 10 steps", "window", schedule.step, lambda: motion.generate([window])),
        ("renderer 512²", "10 frames", schedule.step, lambda: renderer.render([item], 512)),
        ("H.264", "10 frames", schedule.step, partial(encode_chunk, frames)),
        ("registration", "portrait", 0, lambda: renderer.register(picture)),
    ):
        seconds = median_s(step, runs)
        per_frame = f"{1000 * seconds / count:.1f}" if count else ""
        table.add_row(name, unit, f"{1000 * seconds:.1f}", per_frame)
    console.print(table)
    console.print(f"one appearance: {len(appearance.to_bytes()) / 1e6:.1f} MB stored")


async def library_speed(runs: int) -> float:
    """Seconds of video a second, the whole pipeline in this process, H.264 included."""
    blobs = MemoryBlobs()
    blobs.put(KEY, PORTRAIT.read_bytes())
    reports: dict[str, list[BatchReport]] = defaultdict(list)
    on_batch = partial(_note, reports)
    async with LocalStages.load(BUILTIN, blobs, on_batch=on_batch) as stages:
        await stages.renderer.register(KEY)
        alone = [await videos_at_once(stages, 1) for _ in range(runs + 1)]
        reports.clear()
        await videos_at_once(stages, 4)
    speed = statistics.median(alone[1:])
    console.print(f"library, one video: {speed:.2f} x real time")
    console.print(batches(reports))
    return speed


def _note(reports: dict[str, list[BatchReport]], stage: str, report: BatchReport) -> None:
    reports[stage].append(report)


async def videos_at_once(stages: Stages, count: int) -> float:
    """Seconds of video a second of all together."""
    started = time.perf_counter()
    frames = sum(await asyncio.gather(*[frames_of_one(stages) for _ in range(count)]))
    return frames / FRAME_RATE / (time.perf_counter() - started)


async def frames_of_one(stages: Stages) -> int:
    spec = VideoSpec(KEY, BUILTIN.info.check_controls({}), STREAM_CHUNKS)
    fragments = generate(stages, spec, in_thread(read_audio(SPEECH)), Unpaced())
    async with aclosing(fragments):
        return sum([fragment.frames async for fragment in fragments])


def batches(reports: dict[str, list[BatchReport]]) -> Table:
    table = Table("stage", "mean size", "mean wait ms", "mean run ms", title="batches, 4 sessions")
    for stage, found in reports.items():
        size = statistics.mean(report.size for report in found)
        wait = statistics.mean(wait for report in found for wait in report.waited_s)
        run = statistics.mean(report.run_s for report in found)
        table.add_row(stage, f"{size:.2f}", f"{1000 * wait:.1f}", f"{1000 * run:.1f}")
    return table


def service(server: Server, library: float, runs: int) -> None:
    """The same through HTTP: throughput, and first fragments with 1, 2 and 4 streams at once."""
    avatar, audio = make_avatar(server.url, PORTRAIT.name), SPEECH.read_bytes()
    seconds = probe_audio(SPEECH).duration_s
    table = Table(
        *("streams", "first fragment p50 ms", "worst ms", "x real time, all", "of library"),
        title="service, HTTP",
    )
    for count in (1, 2, 4):
        rounds = [streams_at_once(server, avatar, audio, count) for _ in range(runs + 1)][1:]
        firsts = [reader.arrivals[0] for readers in rounds for reader in readers]
        ends = [max(reader.arrivals[-1] for reader in readers) for readers in rounds]
        speed = count * seconds / statistics.median(ends)
        table.add_row(
            str(count),
            f"{1000 * statistics.median(firsts):.0f}",
            f"{1000 * max(firsts):.0f}",
            f"{speed:.2f}",
            f"{100 * speed / library:.0f} %",
        )
    console.print(table)
    console.print(memory(server))


def streams_at_once(server: Server, avatar: str, audio: bytes, count: int) -> list[Stream]:
    readers = [Stream(server.url, avatar, audio) for _ in range(count)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.body()
    return readers


def memory(server: Server) -> Table:
    """Proportional set sizes of the processes that belong to the application."""
    table = Table("process", "MB", title="memory")
    for pid, command in children(server.process.pid):
        if "ServeReplica" in command or "Proxy" in command or "ServeController" in command:
            table.add_row(command.split("#")[0][:60], f"{pss_mb(pid):.0f}")
    return table


def pss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


if __name__ == "__main__":
    main()
