"""The records of videos, streamed or made as jobs: the seam where a durable queue will stand."""

import asyncio
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from talkhead.errors import TalkheadError
from talkhead.service.identifiers import new_id, now, timestamp
from talkhead.storage.records import Records

KIND = "video"

Status = Literal["queued", "in_progress", "completed", "failed", "canceled"]
ENDED: tuple[Status, ...] = ("completed", "failed", "canceled")


@dataclass(frozen=True)
class Video:
    """What a caller sees of one video, and what a runner needs to make it."""

    id: str
    status: Status
    engine: str
    stream: bool
    size: int  # frame height and width, pixels
    seed: int
    controls: dict[str, Any]
    portrait: str  # key of the blob store
    audio: str  # key of the speech, there until the video is made
    maker: str  # the process that makes it: see heartbeat.py
    created_at: str
    expires_at: str
    audio_seconds: float
    character: str | None = None  # key of another portrait, whose way of speaking is played
    attempt: int = 1
    progress: float = 0.0  # 0 to 1
    completed_at: str | None = None
    frames: int = 0
    first_fragment_ms: float | None = None
    real_time_factor: float | None = None  # seconds of work a second of video
    warnings: list[dict[str, Any]] = field(default_factory=list)
    error: dict[str, Any] | None = None

    @property
    def content(self) -> str:
        """Key of the finished file in the blob store."""
        return f"videos/{self.id}.mp4"

    @property
    def ended(self) -> bool:
        return self.status in ENDED


def error_document(error: TalkheadError) -> dict[str, Any]:
    return {"code": error.code, "message": error.message, "param": error.param}


class VideoTable:
    """One process changes a record at a time by its lock; between processes, its maker does."""

    def __init__(self, records: Records, keep: timedelta) -> None:
        self._records, self._keep = records, keep
        self._lock = asyncio.Lock()

    async def create(self, **facts: Any) -> Video:
        """A new record with a new id; `facts` are the fields that have no default."""
        created = now()
        video = Video(
            id=new_id("vid"),
            created_at=timestamp(created),
            expires_at=timestamp(created + self._keep),
            **facts,
        )
        await self._put(video)
        return video

    async def get(self, id: str) -> Video:
        """The record.

        Raises:
            NotFound: there is none of that id.
        """
        return Video(**await asyncio.to_thread(self._records.get, KIND, id))

    async def all(self) -> list[Video]:
        """All records, newest first."""
        videos = []
        for document in await asyncio.to_thread(self._records.all, KIND):
            with suppress(TypeError):  # written by another version
                videos.append(Video(**document))
        return sorted(videos, key=lambda video: video.created_at, reverse=True)

    async def update(self, id: str, **changes: Any) -> Video:
        """Change fields of a record that has not ended; one that has stays as it is.

        Raises:
            NotFound: there is none of that id (any more).
        """
        async with self._lock:
            video = await self.get(id)
            if not video.ended:
                video = replace(video, **changes)
                await self._put(video)
        return video

    async def end(self, id: str, status: Status, **changes: Any) -> Video:
        return await self.update(id, status=status, completed_at=timestamp(now()), **changes)

    async def delete(self, id: str) -> None:
        async with self._lock:
            await asyncio.to_thread(self._records.delete, KIND, id)

    async def unfinished(self) -> list[Video]:
        return [video for video in await self.all() if not video.ended]

    async def expired(self, moment: datetime) -> list[Video]:
        """Ended videos whose time is over."""
        until = timestamp(moment)
        return [video for video in await self.all() if video.ended and video.expires_at < until]

    async def _put(self, video: Video) -> None:
        await asyncio.to_thread(self._records.put, KIND, video.id, asdict(video))
