"""Videos for callers: as a stream to one of them, or as a job that ends in a file."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import asdict

from talkhead.errors import InternalError
from talkhead.limits import Limits
from talkhead.pipeline.pacing import Pacer, Unpaced
from talkhead.pipeline.stages import Stages, refuse_slow
from talkhead.pipeline.windows import STREAM_CHUNKS, job_chunks
from talkhead.service.acceptance import Acceptance
from talkhead.service.avatars import Avatars, Portraits
from talkhead.service.heartbeat import Heartbeat
from talkhead.service.job_runner import JobRunner
from talkhead.service.making import Maker
from talkhead.service.places import Places
from talkhead.service.requests import VideoRequest
from talkhead.service.video_table import Video, VideoTable, error_document
from talkhead.storage.blobs import LocalBlobs
from talkhead.types import Fragment

_ATTEMPTS = 3  # of a job whose maker died: one that kills its maker must not kill them all


class Videos:
    """Close it with `aclose`: it ends the jobs that run here."""

    def __init__(
        self,
        stages: Mapping[str, Stages],
        avatars: Avatars,
        portraits: Portraits,
        table: VideoTable,
        blobs: LocalBlobs,
        heartbeat: Heartbeat,
        places: Places,
        limits: Limits,
    ) -> None:
        self.table = table
        self._blobs, self._heartbeat, self._limits = blobs, heartbeat, limits
        self._stages = stages
        self._acceptance = Acceptance(stages, avatars, portraits, blobs, limits)
        self._maker = Maker(stages, table, blobs, limits)
        self._jobs = JobRunner(self._run_job, limits.running_jobs, limits.queued_jobs)
        self._places = places

    async def stream(
        self, request: VideoRequest
    ) -> tuple[Video, Fragment, AsyncGenerator[Fragment, None]]:
        """Start a stream: its record, its first fragment, and the rest, which the caller closes.

        Raises:
            InputError: what is wrong with the request.
            ServiceFull: all places are taken.
        """
        if request.engine in self._stages:  # the others are refused below
            refuse_slow(self._stages[request.engine], "options.stream")
        self._places.take()
        try:
            accepted = await self._acceptance.accept(request)
            video = await self._create(stream=True, **asdict(accepted))
        except BaseException:
            self._places.leave()
            raise
        fragments = self._streaming(video)
        return video, await anext(fragments), fragments

    async def submit(self, request: VideoRequest) -> Video:
        """Queue a job.

        Raises:
            InputError: what is wrong with the request.
            ServiceFull: the queue is full.
        """
        self._jobs.reserve()
        try:
            accepted = await self._acceptance.accept(request)
            video = await self._create(stream=False, **asdict(accepted))
        except BaseException:
            self._jobs.release()
            raise
        self._jobs.put(video.id)
        return video

    async def cancel(self, id: str) -> Video:
        """End a video that is being made; one that has ended stays as it is.

        Raises:
            NotFound: there is none of that id.
        """
        video = await self.table.end(id, "canceled")
        self._jobs.cancel(id)
        await asyncio.to_thread(self._blobs.delete, video.audio)
        return video

    async def delete(self, id: str) -> None:
        """Cancel it if need be, and forget it with its file.

        Raises:
            NotFound: there is none of that id.
        """
        video = await self.cancel(id)
        await asyncio.to_thread(self._blobs.delete, video.content)
        await self.table.delete(id)

    async def take_over(self) -> None:
        """Jobs whose maker is no more begin again here; its streams have failed."""
        alive = await self._heartbeat.alive()
        for video in await self.table.unfinished():
            if video.maker not in alive:
                await self._inherit(video)

    async def aclose(self) -> None:
        """End the jobs that run here. Their records stay as they are: another takes them over."""
        await self._jobs.aclose()
        self._acceptance.close()

    async def _create(self, *, stream: bool, **facts: object) -> Video:
        status = "in_progress" if stream else "queued"
        return await self.table.create(
            status=status, stream=stream, maker=self._heartbeat.name, **facts
        )

    async def _streaming(self, video: Video) -> AsyncGenerator[Fragment, None]:
        try:
            pacer = Pacer(self._limits.lead_seconds)
            async with aclosing(self._maker.make(video, pacer, STREAM_CHUNKS)) as fragments:
                async for fragment in fragments:
                    yield fragment
        finally:
            self._places.leave()

    async def _run_job(self, id: str) -> None:
        video = await self.table.update(id, status="in_progress")
        if video.ended:  # canceled while it waited
            return
        chunks = job_chunks(self._stages[video.engine].live)
        async with aclosing(self._maker.make(video, Unpaced(), chunks)) as fragments:
            async for _ in fragments:
                pass

    async def _inherit(self, video: Video) -> None:
        if video.stream or video.attempt >= _ATTEMPTS:
            error = error_document(InternalError("its maker was interrupted; send it again"))
            await self.table.end(video.id, "failed", error=error)
            await asyncio.to_thread(self._blobs.delete, video.audio)
            return
        self._jobs.reserve()
        attempt, maker = video.attempt + 1, self._heartbeat.name
        await self.table.update(video.id, status="queued", maker=maker, attempt=attempt)
        self._jobs.put(video.id)
