"""Everything behind the API, opened and closed together."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Self

from talkhead.errors import TalkheadError
from talkhead.limits import Limits
from talkhead.media.image import ImageLimits
from talkhead.pipeline.stages import Stages
from talkhead.service.avatars import Avatars, Portraits
from talkhead.service.heartbeat import Heartbeat
from talkhead.service.live import Live
from talkhead.service.places import Places
from talkhead.service.sweeper import Sweeper
from talkhead.service.video_table import VideoTable
from talkhead.service.videos import Videos
from talkhead.storage.blobs import LocalBlobs, open_blobs
from talkhead.storage.records import FileRecords

_PING_S = 5.0


@dataclass
class Service:
    stages: Mapping[str, Stages]  # by engine name
    limits: Limits
    blobs: LocalBlobs
    avatars: Avatars
    videos: Videos
    live: Live
    _heartbeat: Heartbeat
    _sweeper: Sweeper
    _sweeping: asyncio.Task[None] | None = field(default=None, init=False)

    @classmethod
    def open(cls, stages: Mapping[str, Stages], root: Path, limits: Limits) -> Self:
        """A service that keeps its data below `root`. Starts nothing."""
        blobs, records = open_blobs(root), FileRecords(root / "records")
        portraits = Portraits(blobs, ImageLimits(limits.portrait_bytes, limits.portrait_pixels))
        avatars = Avatars(stages, portraits, records)
        table = VideoTable(records, keep=timedelta(days=limits.keep_days))
        heartbeat = Heartbeat(records)
        places = Places(limits.streams)
        videos = Videos(stages, avatars, portraits, table, blobs, heartbeat, places, limits)
        live = Live(stages, avatars, places, limits)
        sweeper = Sweeper(avatars, videos, blobs, heartbeat, limits)
        return cls(stages, limits, blobs, avatars, videos, live, heartbeat, sweeper)

    def start(self) -> None:
        """Begin the background work; call it in the event loop, once or more."""
        if self._sweeping is None:
            self._sweeping = asyncio.create_task(self._sweeper.run())

    async def ready(self) -> bool:
        """Whether every stage of every engine answers."""
        pings = [
            stage.ping()
            for stages in self.stages.values()
            for stage in (stages.audio_encoder, stages.motion, stages.renderer)
        ]
        try:
            async with asyncio.timeout(_PING_S):
                await asyncio.gather(*pings)
        except (TimeoutError, TalkheadError):
            return False
        return True

    async def aclose(self) -> None:
        """End what runs in the background."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)
        await self.videos.aclose()
        await self._heartbeat.stop()
