"""Speech that is still being spoken: samples in, fragments out; nobody knows yet how long."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from talkhead.errors import AudioTooLong
from talkhead.limits import Limits
from talkhead.media.resampling import SoundBlock, SpeechResampler
from talkhead.pipeline.generate import VideoSpec, generate
from talkhead.pipeline.pacing import Pacer
from talkhead.pipeline.stages import Stages, refuse_slow
from talkhead.pipeline.windows import LIVE_CHUNKS
from talkhead.service.avatars import Avatars
from talkhead.service.places import Places
from talkhead.service.requests import check_character, check_seed, check_size, served
from talkhead.types import ControlValue, Fragment

_BYTES = 2  # of a sample

Pcm = AsyncGenerator[bytes, None]  # signed 16 bit little-endian, one channel, cut anywhere


@dataclass(frozen=True)
class LiveRequest:
    """Nothing in it has been checked."""

    avatar: str
    sample_rate: int = 16_000
    character: str | None = None
    engine: str = "builtin"
    size: int | None = None
    seed: int = 0
    controls: Mapping[str, ControlValue] = field(default_factory=dict)


class Live:
    def __init__(
        self, stages: Mapping[str, Stages], avatars: Avatars, places: Places, limits: Limits
    ) -> None:
        self._stages, self._avatars = stages, avatars
        self._places, self._limits = places, limits

    async def fragments(self, request: LiveRequest, pcm: Pcm) -> AsyncGenerator[Fragment, None]:
        """The video, while `pcm` arrives. Its caller closes it, and that closes `pcm`.

        Raises:
            InputError: what is wrong with the request, before anything is made.
            ServiceFull: all places are taken.
        """
        async with aclosing(pcm):
            self._places.take()
            try:
                resampler = SpeechResampler(request.sample_rate, 1)
                stages, spec = await self._checked(request)
                blocks = self._blocks(pcm, resampler, request.sample_rate)
                made = generate(stages, spec, blocks, Pacer(self._limits.lead_seconds))
                async with aclosing(made):
                    async for fragment in made:
                        yield fragment
            finally:
                self._places.leave()

    async def _checked(self, request: LiveRequest) -> tuple[Stages, VideoSpec]:
        stages = served(request.engine, self._stages)
        refuse_slow(stages, "options.engine")
        check_character(request.character, stages.info)
        spec = VideoSpec(
            portrait=await self._avatars.portrait(request.avatar, "avatar"),
            controls=stages.info.check_controls(request.controls),
            chunks=LIVE_CHUNKS,
            size=check_size(request.size, stages.info),
            seed=check_seed(request.seed),
            character=await self._character(request.character),
        )
        await stages.register(spec.portrait, spec.character)
        return stages, spec

    async def _character(self, avatar: str | None) -> str | None:
        if avatar is None:
            return None
        return await self._avatars.portrait(avatar, "options.character")

    async def _blocks(
        self, pcm: Pcm, resampler: SpeechResampler, rate: int
    ) -> AsyncGenerator[SoundBlock, None]:
        most = int(self._limits.audio_seconds * rate) * _BYTES
        received = 0
        async with aclosing(pcm):
            async for piece in pcm:
                received += len(piece)
                if received > most:
                    span = f"{self._limits.audio_seconds:g} s"
                    raise AudioTooLong(f"a live session lasts {span} at most; open a new one")
                block = await asyncio.to_thread(resampler.push_pcm16, piece)
                if len(block.waveform):
                    yield block
        yield await asyncio.to_thread(resampler.finish)
