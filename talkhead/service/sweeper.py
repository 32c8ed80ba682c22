"""What nobody needs any more: expired videos, pictures without an owner, old appearances."""

import asyncio
import time
from datetime import timedelta

from talkhead.limits import Limits
from talkhead.service.avatars import Avatars
from talkhead.service.identifiers import now
from talkhead.service.videos import Videos
from talkhead.storage.blobs import LocalBlobs

_BEAT_S = 20.0
_SWEEP_S = 3600.0
_SILENT_S = 60.0  # unfinished and not touched for three beats: its maker is gone
_LOOSE_AFTER_S = 24 * 3600.0  # a blob this young may belong to a request that is being accepted


class Sweeper:
    def __init__(self, avatars: Avatars, videos: Videos, blobs: LocalBlobs, limits: Limits):
        self._avatars, self._videos, self._blobs, self._limits = avatars, videos, blobs, limits

    async def run(self) -> None:
        """Beat and sweep for ever; its owner cancels it."""
        swept = -_SWEEP_S
        while True:
            await self.beat()
            if time.monotonic() - swept >= _SWEEP_S:
                await self.sweep()
                swept = time.monotonic()
            await asyncio.sleep(_BEAT_S)

    async def beat(self) -> None:
        """Say that our videos are being made; end those whose maker says so no longer."""
        await self._videos.touch()
        await self._videos.table.fail_silent(now() - timedelta(seconds=_SILENT_S))

    async def sweep(self) -> None:
        for video in await self._videos.table.expired(now()):
            await self._videos.delete(video.id)
        needed = {avatar.portrait for avatar in await self._avatars.all()}
        unfinished = [video for video in await self._videos.table.all() if not video.ended]
        needed |= {key for video in unfinished for key in (video.portrait, video.audio)}
        await asyncio.to_thread(self._delete_loose, needed)
        await asyncio.to_thread(self._blobs.trim, "appearances", self._limits.appearance_bytes)

    def _delete_loose(self, needed: set[str]) -> None:
        before = time.time() - _LOOSE_AFTER_S
        for folder in ("portraits", "uploads"):
            for key in self._blobs.older_than(folder, before):
                if key not in needed:
                    self._blobs.delete(key)
