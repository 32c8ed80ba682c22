"""A warm replica has done all that a stream asks of it, and has kept nothing of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from deployments.stage import StageSettings, per_engine
from talkhead.engines.engine import Engine
from talkhead.limits import Limits
from talkhead.pipeline.generate import VideoSpec, generate
from talkhead.pipeline.local import BatchLimits, LocalAudioEncoder, LocalMotion, LocalRenderer
from talkhead.pipeline.pacing import Unpaced
from talkhead.pipeline.rehearsal import moving, rehearse_session
from talkhead.pipeline.stages import Stages
from talkhead.pipeline.windows import STREAM_CHUNKS
from talkhead.storage.blobs import MemoryBlobs
from tests.fakes import FakeEngine, blocks, grey_portrait, png_bytes, tone

KEY = "portraits/grey"
SECONDS = 3.72  # 93 frames: 4 + 8 windows of 10 and a part, 4 + 10 + 3 chunks of 25 and a part


@dataclass
class Noting:
    """A model that notes what it is asked for, as `kind` sees it."""

    model: Any
    method: str
    kind: Callable[..., Any]
    asked: list[Any] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def note(self, items: Sequence[Any], **more: Any) -> Any:
        self.asked += [self.kind(item, **more) for item in items]
        return getattr(self.model, self.method)(items, **more)

    encode = generate = render = note


def noting(model: object, method: str, kind: Callable[..., Any]) -> Any:
    """For the type checker: anything a stage may want."""
    return Noting(model, method, kind)


class Replicas:
    """The three stages of the fake engine, and what their models were asked for."""

    def __init__(self) -> None:
        self.engine, self.blobs = FakeEngine(), MemoryBlobs()
        self.encoder = noting(self.engine.audio_encoder("cpu"), "encode", len)
        self.motion = noting(
            self.engine.motion_generator("cpu"),
            "generate",
            lambda window: (window.features.shape, window.frames, len(window.tail)),
        )
        self.renderer = noting(
            self.engine.renderer("cpu"), "render", lambda item, size: (len(item[1]), size)
        )
        limits = BatchLimits(deterministic=True)
        self.parts = (
            LocalAudioEncoder(self.encoder, limits),
            LocalMotion(self.motion, limits),
            LocalRenderer(self.renderer, "fake", self.blobs, limits),
        )

    def warm_up(self) -> None:
        for part in self.parts:
            part.warm_up(self.engine)

    def take_asked(self) -> list[set[Any]]:
        """What each model was asked for since the last time."""
        taken = []
        for model in (self.encoder, self.motion, self.renderer):
            taken.append(set(model.asked))
            model.asked.clear()
        return taken

    async def stream(self) -> bytes:
        self.blobs.put(KEY, png_bytes(grey_portrait()))
        info = self.engine.info
        stages = Stages(info, *self.parts)
        await stages.renderer.register(KEY)
        spec = VideoSpec(KEY, info.check_controls({}), STREAM_CHUNKS, info.default_size)
        fragments = generate(stages, spec, blocks(tone(SECONDS), [8000]), Unpaced())
        return b"".join([fragment.payload async for fragment in fragments])

    async def aclose(self) -> None:
        for part in self.parts:
            await part.aclose()


async def test_a_stream_asks_for_nothing_that_was_not_rehearsed() -> None:
    replicas = Replicas()
    replicas.warm_up()
    encoder, motion, renderer = replicas.take_asked()
    assert list(replicas.blobs._blobs) == []
    await replicas.stream()
    heard, moved, drawn = replicas.take_asked()
    await replicas.aclose()
    assert heard == encoder
    schedule = replicas.engine.info.schedule_for({})
    # Young windows have a shorter past, and the last one yields fewer frames.
    steady = {kind for kind in moved if kind[1] in (schedule.first, schedule.step)}
    assert {(shape, frames) for shape, frames, _ in steady} == {kind[:2] for kind in motion}
    assert {past for *_, past in motion} == {past for *_, past in moved} == {0, 1}
    assert {kind for kind in drawn if kind[0] in (4, 5, 10)} == renderer


async def test_a_rehearsal_changes_no_byte_of_what_follows() -> None:
    cold, warm = Replicas(), Replicas()
    warm.warm_up()
    assert await warm.stream() == await cold.stream()
    await cold.aclose()
    await warm.aclose()


def test_everything_moves_in_a_rehearsal() -> None:
    rows = moving(FakeEngine().info, 10)
    assert rows.dtype == np.float32
    assert (np.diff(rows, axis=0) > 0).all()
    assert np.abs(rows).max() < 0.5


def test_a_session_is_rehearsed_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    """It decodes a file that ships and encodes sound: seen by the codecs it opens."""
    opened: list[str] = []
    create = av.CodecContext.create

    def noting(codec: str, *args: Any) -> Any:
        opened.append(codec)
        return create(codec, *args)

    monkeypatch.setattr("talkhead.media.aac.av.CodecContext.create", noting)
    rehearse_session()
    assert "aac" in opened


def test_a_replica_is_warm_before_it_is_ready(tmp_path: Path) -> None:
    class Part:
        def __init__(self, engine: Engine) -> None:
            self.loaded = engine
            self.warmed: Engine | None = None

        def warm_up(self, engine: Engine) -> None:
            self.warmed = engine

    settings = StageSettings(("builtin",), False, tmp_path, tmp_path, False, Limits())
    (part,) = per_engine(settings, Part).values()
    assert part.warmed is part.loaded
