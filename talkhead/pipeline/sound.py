"""The sound that waits for its pictures."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import numpy as np

from talkhead.media.resampling import SoundBlock
from talkhead.timing import SOUND_PER_FRAME, SOUND_RATE
from talkhead.types import Sound


class SoundBuffer:
    """Holds the sound of frames that are still being made: no more than the session runs ahead.

    Gives out `ahead` frames more than asked for: the AAC encoder keeps its last 64 ms back, and
    with the next sound already inside it a fragment can carry all the sound of its pictures.
    """

    def __init__(self, ahead: int) -> None:
        self._ahead = ahead
        self._blocks: list[Sound] = []
        self._received = self._given = 0  # samples at SOUND_RATE
        self._frames = 0
        self._ended = False

    @property
    def channels(self) -> int:
        return self._blocks[0].shape[1]

    @property
    def seconds(self) -> float:
        return self._received / SOUND_RATE

    async def tap(
        self, audio: AsyncGenerator[SoundBlock, None]
    ) -> AsyncGenerator[SoundBlock, None]:
        """Pass the blocks on, keeping their sound."""
        async with aclosing(audio):
            async for block in audio:
                self._blocks.append(block.sound)
                self._received += len(block.sound)
                yield block
        self._ended = True

    def take(self, frames: int) -> Sound:
        """The sound of the next `frames`, and a little more; silence fills the last part frame."""
        self._frames += frames
        until = (self._frames + self._ahead) * SOUND_PER_FRAME
        if self._ended:
            until = min(until, -(-self._received // SOUND_PER_FRAME) * SOUND_PER_FRAME)
        wanted = until - self._given
        held = np.concatenate(self._blocks)
        self._blocks = [held[wanted:]]
        self._given = until
        return np.pad(held[:wanted], ((0, wanted - len(held[:wanted])), (0, 0)))
