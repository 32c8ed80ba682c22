"""The studio page and its API in this process, without Ray, with an engine of chosen speed."""

import asyncio
import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from deployments.api.app import build_api
from talkhead.engines.control import Control
from talkhead.engines.engine import Appearance, EngineInfo, Renderer
from talkhead.errors import RenderingFailed
from talkhead.limits import Limits
from talkhead.pipeline.local import LocalStages
from talkhead.service.service import Service
from talkhead.storage.blobs import LocalBlobs
from talkhead.types import Controls, Frames, Motion
from tests.fakes import BrightnessRenderer, FakeEngine

_HOLD_S = 60.0  # then it goes on by itself: a test that failed must not hang the next


@dataclass
class Pace:
    """How long a frame takes; a test may change it between two videos."""

    seconds_per_frame: float = 0.0
    breaks_after: float = math.inf  # frames; then the renderer fails
    holds_after: float = math.inf  # frames; then the renderer waits for `go_on`
    go_on: threading.Event = field(default_factory=threading.Event)
    rendered: int = 0  # frames so far

    def reset(self) -> None:
        self.seconds_per_frame, self.rendered = 0.0, 0
        self.breaks_after = self.holds_after = math.inf
        self.go_on.clear()


class SlowRenderer(BrightnessRenderer):
    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def render(
        self, items: Sequence[tuple[Appearance, Motion, Controls]], size: int
    ) -> list[Frames]:
        if self._pace.rendered >= self._pace.holds_after:
            self._pace.go_on.wait(_HOLD_S)
        frames = sum(len(motion) for _, motion, _ in items)
        time.sleep(frames * self._pace.seconds_per_frame)
        self._pace.rendered += frames
        if self._pace.rendered > self._pace.breaks_after:
            raise RenderingFailed("the renderer broke")
        return super().render(items, size)


def _info() -> EngineInfo:
    """As the fake's, with a control of every kind."""
    steps = Control("motion_steps", 10, "Fewer are faster.", 4, 21)
    mood = Control("mood", "calm", "How it feels.", choices=("calm", "glad"))
    odd = Control("odd", 0.123, "On no round step.", 0.0, 1.0)
    info = FakeEngine().info
    return replace(info, controls=(*info.controls, steps, mood, odd))


@dataclass
class SlowEngine(FakeEngine):
    info: EngineInfo = field(default_factory=_info)
    pace: Pace = field(default_factory=Pace)

    def renderer(self, device: str) -> Renderer:
        return SlowRenderer(self.pace)


@dataclass(frozen=True)
class Studio:
    url: str
    pace: Pace

    def videos(self) -> list[dict[str, Any]]:
        """The records of all videos, newest first."""
        data: list[dict[str, Any]] = httpx.get(f"{self.url}/v1/videos").json()["data"]
        return data


@contextmanager
def studio(folder: Path, limits: Limits = Limits()) -> Iterator[Studio]:
    """The server, on a free port, in a thread of its own."""
    started: list[uvicorn.Server] = []
    engine = SlowEngine()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(folder, limits, engine, started)))
    thread.start()
    while not (started and started[0].started):
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    server = started[0]
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Studio(f"http://127.0.0.1:{port}", engine.pace)
    finally:
        server.should_exit = True
        thread.join()


async def _serve(
    folder: Path,
    limits: Limits,
    engine: FakeEngine,
    started: list[uvicorn.Server],
) -> None:
    async with LocalStages.load(engine, LocalBlobs(folder / "blobs")) as stages:
        service = Service.open({"fake": stages}, folder, limits)
        config = uvicorn.Config(
            build_api(service),
            port=0,
            log_level="warning",
            timeout_graceful_shutdown=2,  # seconds; a browser holds its connections open
        )
        server = uvicorn.Server(config)
        started.append(server)
        await server.serve()
