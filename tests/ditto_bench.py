"""`make bench ENGINE=ditto`: our renderer beside a plain loop over the same networks, in one run.

Weights are random, which changes no speed. On a GPU also the sampler's graphs, the share of the
card's matrix rate, and live sessions; on a CPU a frame takes seconds, and a few are measured.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count

import cv2
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from talkhead.engines.ditto.controls import CANVAS
from talkhead.engines.ditto.generation.diffusion import GuidedDiffusion
from talkhead.engines.ditto.rendering.appearance import DittoAppearance
from talkhead.engines.ditto.rendering.drawing import joined
from talkhead.engines.ditto.rendering.renderer import DittoRenderer
from talkhead.media.image import read_image
from talkhead.pipeline.rehearsal import PORTRAIT
from talkhead.timing import FRAME_RATE
from tests.ditto_baseline import Baseline
from tests.ditto_live import live_sessions
from tests.ditto_random import RandomDitto, random_network

PUBLISHED_FLOPS = 1.234e12  # of a frame, warp network and decoder as they are published
HUBERT_FLOPS = 14.5e9  # of a chunk, ditto.md §12.1: the file is not here to be measured
STEPS, VALID = 10, 10  # of the sampler, and frames a live window makes
CHUNKS_A_SECOND = 5  # of HuBERT
SIDE = 8192  # of the matrices
SIZE = 512  # of the frames, pixels
console = Console()


class Scene:
    """One portrait, driven by what moves it a little, for both sides."""

    def __init__(self, device: str) -> None:
        self.device = torch.device(device)
        self.renderer: DittoRenderer = RandomDitto().renderer(device)
        self.portrait = read_image(PORTRAIT)
        self.appearance: DittoAppearance = self.renderer.register(self.portrait)
        arrays = self.appearance.arrays
        scale = SIZE / CANVAS
        shift = (scale - 1) / 2  # pixel centres
        to_size = np.array([[scale, 0, shift], [0, scale, shift], [0, 0, 1]])
        self.baseline = Baseline(
            self.device,
            arrays["volume"].astype(np.float32),
            cv2.resize(arrays["canvas"], (SIZE, SIZE), interpolation=cv2.INTER_AREA),
            to_size @ arrays["matrix"],
        )
        self.still = self.appearance.key_points
        self._dice = np.random.default_rng(1)

    def motion(self, frames: int) -> np.ndarray:
        moves = 0.02 * self._dice.standard_normal((frames, 21, 3))
        return (self.still + moves).reshape(frames, 63).astype(np.float32)

    def plain(self, motion: np.ndarray) -> list[np.ndarray]:
        return [self.baseline.frame(self.still, row.reshape(21, 3)) for row in motion]

    def ours(self, motion: np.ndarray) -> np.ndarray:
        return self.renderer.render([(self.appearance, motion, {})], SIZE)[0]


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench ENGINE=ditto", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    device = "cuda" if torch.cuda.is_available() else "cpu"
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU, float32 on both sides"
    console.print(f"{name}; {runs} runs, medians")
    scene = Scene(device)
    best = frames_on_cpu(scene, runs) if device == "cpu" else frames_on_gpu(scene, runs)
    window = windows(scene.device, runs)
    others(scene, runs)
    if device == "cuda":
        sessions(best, window)


def median_s(step: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def frames_on_cpu(scene: Scene, runs: int) -> float:
    table = Table("", "s a frame", "CPU s a frame", title="rendering, batch 1")
    plain, ours = sides_on_cpu(scene, runs)
    table.add_row("plain loop", f"{plain.wall:.2f}", f"{plain.cpu:.2f}")
    table.add_row("ours", f"{ours.wall:.2f}", f"{ours.cpu:.2f}")
    wall, cpu = plain.wall / ours.wall, plain.cpu / ours.cpu
    table.add_row("ours faster by", f"{wall:.2f} x", f"{cpu:.2f} x")
    console.print(table)
    same = worst_level(plain.picture, ours.picture)
    console.print(f"both draw the same: off by {same} of 255 at most")
    return ours.wall


@dataclass(frozen=True)
class Side:
    """Medians of one frame, in seconds; those of CPU know less of what else the machine does."""

    wall: float
    cpu: float
    picture: np.ndarray


def sides_on_cpu(scene: Scene, runs: int) -> tuple[Side, Side]:
    """The plain loop and ours, in turn."""
    motion = scene.motion(1)
    sides: tuple[Callable[[], Sequence[np.ndarray]], ...] = (
        lambda: scene.plain(motion),
        lambda: list(scene.ours(motion)),
    )
    pictures = [side()[0] for side in sides]
    times = np.zeros((runs, len(sides), 2))
    for run in times:
        for each, side in zip(run, sides, strict=True):
            wall, cpu = time.perf_counter(), time.process_time()
            side()
            each[:] = time.perf_counter() - wall, time.process_time() - cpu
    (plain_wall, plain_cpu), (wall, cpu) = np.median(times, axis=0).tolist()
    return Side(plain_wall, plain_cpu, pictures[0]), Side(wall, cpu, pictures[1])


def worst_level(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(np.int16) - other).max())


def frames_on_gpu(scene: Scene, runs: int) -> float:
    """Whole frames, pasted, and faces alone; seconds of the best whole frame."""
    rate = matrix_rate(torch.bfloat16, runs)
    console.print(f"bf16 matrices of {SIDE}²: {rate / 1e12:.0f} TFLOP/s")
    alone = scene.motion(8)
    scene.plain(alone[:2])
    plain = median_s(lambda: scene.plain(alone), runs) / len(alone)
    console.print(f"plain loop: {1000 * plain:.1f} ms a frame, {1 / plain:.1f} frames/s")
    table = Table(
        *("batch", "frame ms", "frames/s", "x plain loop", "face ms", "TFLOP/s", "of matrices"),
        title="ours; published operations a second, of the face alone",
    )
    whole = []
    for batch in (1, 2, 4, 8, 16, 32):
        seconds, face = whole_frame_s(scene, batch, runs), face_s(scene, batch, runs)
        whole.append(seconds)
        done = PUBLISHED_FLOPS / face
        table.add_row(
            str(batch),
            f"{1000 * seconds:.2f}",
            f"{1 / seconds:.1f}",
            f"{plain / seconds:.2f}",
            f"{1000 * face:.2f}",
            f"{done / 1e12:.0f}",
            f"{done / rate:.0%}",
        )
    console.print(table)
    return min(whole)


def whole_frame_s(scene: Scene, batch: int, runs: int) -> float:
    """Of a call that renders some batches of this size, as a busy service's calls do."""
    motion, usual = scene.motion(4 * batch), scene.renderer.drawer.together
    scene.renderer.drawer.together = (batch,)
    scene.ours(motion)
    seconds = median_s(lambda: scene.ours(motion), runs) / len(motion)
    scene.renderer.drawer.together = usual
    return seconds


@torch.inference_mode()
def face_s(scene: Scene, batch: int, runs: int) -> float:
    """Of the device alone, in batches of just this size."""
    drawing, times = scene.renderer.drawer.drawing, 8
    source = joined([scene.appearance] * batch)
    still = torch.tensor(scene.still, device=scene.device).expand(batch, 21, 3)
    driven = torch.tensor(scene.motion(batch).reshape(batch, 21, 3), device=scene.device)

    def step() -> None:
        for _ in range(times):
            drawing.draw(source, still, driven)
        torch.cuda.synchronize()

    step()
    return median_s(step, runs) / (times * batch)


def matrix_rate(dtype: torch.dtype, runs: int) -> float:
    """Operations a second of large products."""
    a, b = (torch.randn(SIDE, SIDE, device="cuda", dtype=dtype) for _ in range(2))

    def step() -> None:
        for _ in range(10):
            torch.mm(a, b)
        torch.cuda.synchronize()

    step()
    return 10 * 2 * SIDE**3 / median_s(step, runs)


class OutsideGraphs:
    """A motion network that is no module, so that nothing is captured."""

    def __init__(self, network: object) -> None:
        self.encode_condition = getattr(network, "encode_condition")  # noqa: B009
        self.guided = getattr(network, "guided")  # noqa: B009


def windows(device: torch.device, runs: int) -> float:
    """Seconds of a motion window in the best batch."""
    network = random_network("lmdm").to(device)
    eager = GuidedDiffusion(OutsideGraphs(network), device)
    captured = GuidedDiffusion(network, device)
    on_gpu = device.type == "cuda"
    table = Table("batch", "eager ms", "graph ms", title=f"motion, {STEPS} steps: a batch")
    each = []
    for batch in (1, 2, 4, 8, 16) if on_gpu else (1, 4):
        dice = np.random.default_rng(2)
        shapes = ((80, 1103), (265,), (80, 265), (STEPS - 1, 80, 265))
        inputs = [dice.standard_normal((batch, *shape), np.float32) for shape in shapes]
        ways = (eager, captured) if on_gpu else (eager,)
        for way in ways:
            way.sample(*inputs)
        times = [median_s(partial(way.sample, *inputs), runs) for way in ways]
        each.append(min(times) / batch)
        row = [f"{1000 * seconds:.1f}" for seconds in times]
        table.add_row(str(batch), *row, *[] if on_gpu else ["needs CUDA"])
    console.print(table)
    return min(each)


def others(scene: Scene, runs: int) -> None:
    seconds = median_s(lambda: scene.renderer.register(scene.portrait), runs)
    console.print(f"registration: {1000 * seconds:.0f} ms a portrait")
    kept = scene.appearance.source
    held = sum(part.numel() * part.element_size() for part in kept)
    stored = len(scene.appearance.to_bytes())
    console.print(
        f"one appearance: {stored / 1e6:.1f} MB stored, {held / 1e6:.1f} MB on the device"
    )


def sessions(frame_s: float, window_s: float) -> None:
    """From the parts, and then with live sessions until one more is too many."""
    hubert_s = HUBERT_FLOPS / matrix_rate(torch.float32, 1)
    second = FRAME_RATE * (frame_s + window_s / VALID) + CHUNKS_A_SECOND * hubert_s
    console.print(
        f"a second of one session: {1000 * second:.1f} ms "
        f"(HuBERT, by its operations, {1000 * CHUNKS_A_SECOND * hubert_s:.1f}); "
        f"{1 / second:.1f} sessions by these parts"
    )
    for many in count(8, 2):
        lags = asyncio.run(live_sessions(RandomDitto(), "cuda", many, 10.0))
        word = "live" if lags.steady else "too many"
        console.print(
            f"{many} sessions at once: a frame is there at most {lags.first_half:.2f} s, in the "
            f"second half {lags.second_half:.2f} s after its sound: {word}"
        )
        if not lags.steady:
            return


if __name__ == "__main__":
    main()
