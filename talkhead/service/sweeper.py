"""What goes on in the background: signs of life, taking over, and forgetting what is old."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from talkhead.errors import NotFound
from talkhead.limits import Limits
from talkhead.service.avatars import Avatars, thumbnail_key
from talkhead.service.heartbeat import BEAT_S, Heartbeat
from talkhead.service.identifiers import now
from talkhead.service.videos import Videos
from talkhead.storage.blobs import LocalBlobs

_SWEEP_S = 3600.0
_LOOSE_AFTER_S = 24 * 3600.0  # a file this young may belong to a request that is being accepted

_log = logging.getLogger("talkhead")


class Sweeper:
    def __init__(
        self,
        avatars: Avatars,
        videos: Videos,
        blobs: LocalBlobs,
        heartbeat: Heartbeat,
        limits: Limits,
    ) -> None:
        self._avatars, self._videos, self._blobs = avatars, videos, blobs
        self._heartbeat, self._limits = heartbeat, limits

    async def run(self) -> None:
        """For ever; its owner cancels it. Sweeping may take long, beating must not wait for it."""
        async with asyncio.TaskGroup() as group:
            group.create_task(_every(BEAT_S, self._heartbeat.beat))
            group.create_task(_every(BEAT_S, self._videos.take_over))
            group.create_task(_every(_SWEEP_S, self.sweep))

    async def sweep(self) -> None:
        """Delete what has expired, and files that belong to nothing."""
        for video in await self._videos.table.expired(now()):
            with suppress(NotFound):  # another process was faster
                await self._videos.delete(video.id)
        faces = {avatar.portrait for avatar in await self._avatars.all()}
        needed = faces | {thumbnail_key(face) for face in faces}
        videos = await self._videos.table.all()
        needed |= {video.content for video in videos}
        needed |= {key for v in videos if not v.ended for key in (v.portrait, v.audio)}
        await asyncio.to_thread(self._delete_loose, needed)
        await asyncio.to_thread(self._blobs.trim, "appearances", self._limits.appearance_bytes)

    def _delete_loose(self, needed: set[str]) -> None:
        before = time.time() - _LOOSE_AFTER_S
        for folder in ("portraits", "thumbnails", "uploads", "videos"):
            self._blobs.delete_older(folder, before, needed)


async def _every(seconds: float, step: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await step()
        except Exception:  # noqa: BLE001 - one bad record must not end the service's background
            _log.exception("background work failed; it is tried again in %.0f s", seconds)
        await asyncio.sleep(seconds)
