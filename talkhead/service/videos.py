"""Making videos: as a stream to one caller, or as a job that ends in a file."""

import asyncio
import logging
import secrets
import shutil
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, closing
from typing import IO, Any

from talkhead.errors import (
    Canceled,
    InputError,
    InternalError,
    ServiceFull,
    TalkheadError,
    UnknownEngine,
)
from talkhead.limits import Limits
from talkhead.media.audio import AudioInfo, probe_audio, read_audio
from talkhead.media.audio_file import AudioLimits
from talkhead.media.remux import to_progressive
from talkhead.pipeline.flow import in_thread
from talkhead.pipeline.generate import VideoSpec, generate
from talkhead.pipeline.pacing import Pacer, Unpaced
from talkhead.pipeline.stages import Stages
from talkhead.pipeline.windows import JOB_CHUNKS, STREAM_CHUNKS
from talkhead.service.avatars import Avatars, Portraits
from talkhead.service.progress import Progress
from talkhead.service.requests import VideoRequest, check_seed, check_size
from talkhead.service.video_table import Video, VideoTable, error_document
from talkhead.storage.blobs import LocalBlobs
from talkhead.types import Fragment

_log = logging.getLogger("talkhead")
_OUR_FAULT = "something went wrong on our side"


class Videos:
    """Close it with `aclose`: it ends the jobs that run."""

    def __init__(
        self,
        stages: Mapping[str, Stages],
        avatars: Avatars,
        portraits: Portraits,
        table: VideoTable,
        blobs: LocalBlobs,
        limits: Limits,
    ) -> None:
        self._stages, self._avatars, self._portraits = stages, avatars, portraits
        self.table, self._blobs, self._limits = table, blobs, limits
        self._audio_limits = AudioLimits(maximum_s=limits.audio_seconds)
        self._streams = 0
        self._queue: asyncio.Queue[str] = asyncio.Queue(limits.queued_jobs)
        self._runners: list[asyncio.Task[None]] = []
        self._running: dict[str, asyncio.Task[None]] = {}
        self._unfinished: set[str] = set()  # ids of what this process makes or will make

    async def stream(self, request: VideoRequest) -> tuple[Video, AsyncGenerator[Fragment, None]]:
        """Start a stream; its first fragment is already made. The caller closes the generator.

        Raises:
            InputError: what is wrong with the request.
            ServiceFull: all places are taken.
        """
        if self._streams >= self._limits.streams:
            raise ServiceFull(f"{self._streams} streams are running, and no more fit here")
        self._streams += 1
        try:
            video = await self._accept(request, stream=True)
            fragments = self._streaming(video, Pacer(self._limits.lead_seconds))
            first = await anext(fragments)
        except BaseException:
            self._streams -= 1
            raise
        return video, self._counted(first, fragments)

    async def submit(self, request: VideoRequest) -> Video:
        """Queue a job.

        Raises:
            InputError: what is wrong with the request.
            ServiceFull: the queue is full.
        """
        if self._queue.full():
            raise ServiceFull(f"{self._queue.maxsize} jobs are waiting already")
        video = await self._accept(request, stream=False)
        self._queue.put_nowait(video.id)
        while len(self._runners) < self._limits.running_jobs:
            self._runners.append(asyncio.create_task(self._run_jobs()))
        return video

    async def cancel(self, id: str) -> Video:
        """End a video that is being made; one that has ended stays as it is.

        Raises:
            NotFound: there is none of that id.
        """
        video = await self.table.end(id, "canceled")
        if task := self._running.get(id):
            task.cancel()
        return video

    async def delete(self, id: str) -> None:
        """Cancel it if need be, and forget it with its files.

        Raises:
            NotFound: there is none of that id.
        """
        video = await self.cancel(id)
        await self._delete_files(video)
        await self.table.delete(id)

    async def touch(self) -> None:
        """Tell the table that what is made here is still being made."""
        for id in tuple(self._unfinished):
            await self.table.update(id)

    async def aclose(self) -> None:
        """End the jobs; those that were running say so."""
        for task in (*self._runners, *self._running.values()):
            task.cancel()
        await asyncio.gather(*self._runners, *self._running.values(), return_exceptions=True)

    # ---- accepting

    async def _accept(self, request: VideoRequest, stream: bool) -> Video:
        """Check everything, cheapest first, and write the record. Nothing is made yet."""
        stages = self._stages_of(request.engine)
        controls = stages.info.check_controls(request.controls)
        size, seed = check_size(request.size, stages.info), check_seed(request.seed)
        audio = await asyncio.to_thread(self._store_audio, request.audio)
        try:
            info = await asyncio.to_thread(self._hear, audio)
            portrait = await self._portrait(request)
            await stages.renderer.register(portrait)
        except BaseException:
            self._blobs.delete(audio)
            raise
        video = await self.table.create(
            status="in_progress" if stream else "queued",
            engine=request.engine,
            stream=stream,
            size=size,
            seed=seed,
            controls=controls,
            portrait=portrait,
            audio=audio,
            audio_seconds=info.duration_s,
        )
        self._unfinished.add(video.id)
        return video

    def _stages_of(self, engine: str) -> Stages:
        if engine not in self._stages:
            names = ", ".join(self._stages)
            raise UnknownEngine(f"engine {engine!r} is not served here; {names} is")
        return self._stages[engine]

    async def _portrait(self, request: VideoRequest) -> str:
        if request.portrait is not None and request.avatar is not None:
            raise InputError("give either a portrait or an avatar, not both", "portrait")
        if request.avatar is not None:
            return (await self._avatars.get(request.avatar)).portrait
        if request.portrait is None:
            raise InputError("there is no portrait and no avatar", "portrait")
        return await self._portraits.add(request.portrait)

    def _hear(self, audio: str) -> AudioInfo:
        """What is in the file; its first block must also decode to something that can be heard."""
        path = self._blobs.path(audio)
        info = probe_audio(path, self._audio_limits)
        with closing(read_audio(path, limits=self._audio_limits)) as blocks:
            next(blocks, None)
        return info

    def _store_audio(self, audio: IO[bytes]) -> str:
        key = f"uploads/{secrets.token_hex(16)}"
        with self._blobs.writing(key) as file:
            shutil.copyfileobj(audio, file)
        return key

    # ---- making

    async def _streaming(self, video: Video, pacer: Pacer) -> AsyncGenerator[Fragment, None]:
        async with (
            self._accounted(video.id),
            aclosing(self._make(video, pacer, STREAM_CHUNKS)) as fragments,
        ):
            async for fragment in fragments:
                yield fragment

    @asynccontextmanager
    async def _accounted(self, id: str) -> AsyncIterator[None]:
        """Whatever ends the work inside, the record says so."""
        try:
            yield
        except TalkheadError as error:
            await self.table.end(id, "failed", error=error_document(error))
            raise
        except (GeneratorExit, asyncio.CancelledError):
            await self.table.end(id, "canceled")
            raise
        except Exception:
            await self.table.end(id, "failed", error=error_document(InternalError(_OUR_FAULT)))
            raise
        finally:
            self._unfinished.discard(id)

    async def _counted(
        self, first: Fragment, rest: AsyncGenerator[Fragment, None]
    ) -> AsyncGenerator[Fragment, None]:
        try:
            async with aclosing(rest):
                yield first
                async for fragment in rest:
                    yield fragment
        finally:
            self._streams -= 1

    async def _run_jobs(self) -> None:
        """One runner: a job after the other, for as long as the service lives."""
        while True:
            id = await self._queue.get()
            job = self._running[id] = asyncio.create_task(self._run_job(id))
            await asyncio.wait([job])
            del self._running[id]
            if not job.cancelled() and (error := job.exception()):
                _log.error("job %s failed", id, exc_info=error)

    async def _run_job(self, id: str) -> None:
        video = await self.table.update(id, status="in_progress")
        if video.ended:  # canceled while it waited
            self._unfinished.discard(id)
            return
        async with (
            self._accounted(id),
            aclosing(self._make(video, Unpaced(), JOB_CHUNKS)) as fragments,
        ):
            async for _ in fragments:
                pass

    async def _make(
        self, video: Video, pacer: Pacer, chunks: tuple[int, ...]
    ) -> AsyncGenerator[Fragment, None]:
        """Make the video into its file, passing the fragments on; the record tells the progress."""
        stages = self._stages_of(video.engine)
        spec = VideoSpec(video.portrait, video.controls, chunks, video.size, video.seed)
        progress = Progress(video.audio_seconds, started=time.perf_counter())
        blocks = read_audio(self._blobs.path(video.audio), limits=self._audio_limits)
        try:
            with self._blobs.writing(video.content) as file:
                audio = progress.tap(in_thread(blocks))
                async with aclosing(generate(stages, spec, audio, pacer)) as fragments:
                    async for fragment in fragments:
                        await asyncio.to_thread(file.write, fragment.payload)
                        await self._note(video.id, progress.changes(fragment))
                        yield fragment
            if not video.stream:  # a stream's file stays what was sent
                path = self._blobs.path(video.content)
                await asyncio.to_thread(to_progressive, path, path)
            await self.table.end(video.id, "completed", **progress.result(pacer.waited_s))
        finally:
            await asyncio.to_thread(self._blobs.delete, video.audio)

    async def _note(self, id: str, changes: dict[str, Any]) -> None:
        if changes and (await self.table.update(id, **changes)).ended:
            raise Canceled("the video was canceled while it was being made")

    async def _delete_files(self, video: Video) -> None:
        for key in (video.audio, video.content):
            await asyncio.to_thread(self._blobs.delete, key)
