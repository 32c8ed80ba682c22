"""Everything that can be wrong with a request, found before any work on it."""

import asyncio
import secrets
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import IO, Any, TypeVar

from talkhead.errors import InputError
from talkhead.limits import Limits
from talkhead.media.audio import AudioInfo, probe_audio, read_audio
from talkhead.media.audio_file import AudioLimits
from talkhead.pipeline.stages import Stages
from talkhead.service.avatars import Avatars, Portraits
from talkhead.service.requests import (
    VideoRequest,
    check_character,
    check_seed,
    check_size,
    served,
)
from talkhead.storage.blobs import LocalBlobs

Result = TypeVar("Result")


@dataclass(frozen=True)
class Accepted:
    """A request of which everything was found right."""

    engine: str
    size: int
    seed: int
    controls: dict[str, Any]
    portrait: str  # key of the blob store, registered with the renderer
    character: str | None  # the same of another face that is played
    audio: str  # key of the blob store
    audio_seconds: float


class Acceptance:
    def __init__(
        self,
        stages: Mapping[str, Stages],
        avatars: Avatars,
        portraits: Portraits,
        blobs: LocalBlobs,
        limits: Limits,
    ) -> None:
        self._stages, self._avatars, self._portraits = stages, avatars, portraits
        self._blobs = blobs
        self._audio_limits = AudioLimits(maximum_s=limits.audio_seconds)
        # Of its own: a few long uploads must not keep live streams from the shared threads.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="acceptance")

    async def accept(self, request: VideoRequest) -> Accepted:
        """Check everything, cheapest first. The speech is stored; its file is the caller's now.

        Raises:
            InputError: what is wrong, and with which parameter.
        """
        stages = served(request.engine, self._stages)
        controls = stages.info.check_controls(request.controls)
        size, seed = check_size(request.size, stages.info), check_seed(request.seed)
        check_character(request.character, stages.info)
        portrait = await self._portrait(request)
        character = await self._character(request)
        audio = f"uploads/{secrets.token_hex(16)}"
        try:
            await self._in_thread(lambda: self._store(request.audio, audio))
            info = await self._in_thread(lambda: self._hear(audio))
            await stages.register(portrait, character)
        except BaseException:
            self._blobs.delete(audio)
            raise
        return Accepted(
            request.engine, size, seed, controls, portrait, character, audio, info.duration_s
        )

    def close(self) -> None:
        self._threads.shutdown(wait=False)

    async def _portrait(self, request: VideoRequest) -> str:
        if request.portrait is not None and request.avatar is not None:
            raise InputError("give either a portrait or an avatar, not both", "portrait")
        if request.avatar is not None:
            return await self._avatars.portrait(request.avatar, "avatar")
        if request.portrait is None:
            raise InputError("there is no portrait and no avatar", "portrait")
        return await self._portraits.add(request.portrait)

    async def _character(self, request: VideoRequest) -> str | None:
        if request.character is None:
            return None
        return await self._avatars.portrait(request.character, "options.character")

    async def _in_thread(self, step: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, step)

    def _store(self, audio: IO[bytes], key: str) -> None:
        with self._blobs.writing(key) as file:
            shutil.copyfileobj(audio, file)
        audio.close()  # an upload's second copy would stay for as long as the stream

    def _hear(self, audio: str) -> AudioInfo:
        """What is in the file; its first block must also decode to something that can be heard."""
        path = self._blobs.path(audio)
        info = probe_audio(path, self._audio_limits)
        with closing(read_audio(path, limits=self._audio_limits)) as blocks:
            next(blocks, None)
        return info
