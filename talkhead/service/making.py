"""One video, made into its file; the record tells how far it is and how it ended."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

from talkhead.errors import Canceled, InternalError, NotFound, TalkheadError
from talkhead.limits import Limits
from talkhead.media.audio import read_audio
from talkhead.media.audio_file import AudioLimits
from talkhead.media.remux import to_progressive
from talkhead.pipeline.flow import in_thread, undisturbed
from talkhead.pipeline.generate import VideoSpec, generate
from talkhead.pipeline.pacing import Pacer
from talkhead.pipeline.stages import Stages
from talkhead.service.progress import Progress
from talkhead.service.video_table import Status, Video, VideoTable, error_document
from talkhead.storage.blobs import LocalBlobs
from talkhead.types import Fragment

_OUR_FAULT = InternalError("something went wrong on our side")


class Maker:
    def __init__(
        self, stages: Mapping[str, Stages], table: VideoTable, blobs: LocalBlobs, limits: Limits
    ) -> None:
        self._stages, self._table, self._blobs = stages, table, blobs
        self._audio_limits = AudioLimits(maximum_s=limits.audio_seconds)

    async def make(
        self, video: Video, pacer: Pacer, chunks: tuple[int, ...]
    ) -> AsyncGenerator[Fragment, None]:
        """The fragments as they are made. Its caller closes it; closing early ends the work.

        A video that ends leaves its file or nothing, a record that says how, and no upload. Only a
        job that is interrupted keeps its upload and its record as they are: it can begin again.

        Raises:
            TalkheadError: why it failed; the record says the same.
        """
        progress = Progress(video.audio_seconds, pacer, started=time.perf_counter())
        async with self._accounted(video):
            with self._blobs.writing(video.content) as file:
                async with aclosing(self._session(video, pacer, chunks, progress)) as fragments:
                    async for fragment in fragments:
                        await asyncio.to_thread(file.write, fragment.payload)
                        await self._note(video.id, progress.changes(fragment))
                        yield fragment
            await self._publish(video, progress)

    def _session(
        self, video: Video, pacer: Pacer, chunks: tuple[int, ...], progress: Progress
    ) -> AsyncGenerator[Fragment, None]:
        spec = VideoSpec(
            video.portrait, video.controls, chunks, video.size, video.seed, video.character
        )
        blocks = read_audio(self._blobs.path(video.audio), limits=self._audio_limits)
        return generate(self._stages[video.engine], spec, progress.tap(in_thread(blocks)), pacer)

    async def _publish(self, video: Video, progress: Progress) -> None:
        if not video.stream:  # a stream's file stays what was sent
            path = self._blobs.path(video.content)
            await asyncio.to_thread(to_progressive, path, path)
        await self._delete(video.audio)
        try:
            ended = await self._table.end(video.id, "completed", **progress.result())
        except NotFound:
            ended = None
        if ended is None or ended.status != "completed":  # canceled or deleted at the last moment
            await self._delete(video.content)
            raise Canceled("the video was canceled while it was being made")

    async def _note(self, id: str, changes: dict[str, Any]) -> None:
        if not changes:
            return
        try:
            canceled = (await self._table.update(id, **changes)).ended
        except NotFound:
            canceled = True
        if canceled:
            raise Canceled("the video was canceled while it was being made")

    @asynccontextmanager
    async def _accounted(self, video: Video) -> AsyncIterator[None]:
        try:
            yield
        except TalkheadError as error:
            await undisturbed(self._end(video, "failed", error))
            raise
        except (GeneratorExit, asyncio.CancelledError):
            # A departure is told more than once; the second must not interrupt the tidying up.
            await undisturbed(self._leave(video))
            raise
        except Exception:
            await undisturbed(self._end(video, "failed", _OUR_FAULT))
            raise

    async def _leave(self, video: Video) -> None:
        if video.stream:
            await self._end(video, "canceled")
        elif await self._ended(video.id):
            await self._delete(video.audio)

    async def _end(self, video: Video, status: Status, error: TalkheadError | None = None) -> None:
        changes = {"error": error_document(error)} if error else {}
        await self._delete(video.audio)  # first: what a record calls ended has left nothing behind
        with suppress(NotFound):  # deleted meanwhile
            await self._table.end(video.id, status, **changes)

    async def _ended(self, id: str) -> bool:
        try:
            return (await self._table.get(id)).ended
        except NotFound:
            return True

    async def _delete(self, key: str) -> None:
        await asyncio.to_thread(self._blobs.delete, key)
