"""The sound that waits for its pictures."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import numpy as np

from talkhead.media.audio import SoundBlock
from talkhead.timing import SOUND_PER_FRAME
from talkhead.types import Sound


class SoundBuffer:
    """Holds the sound of frames that are still being made: no more than the session runs ahead."""

    def __init__(self) -> None:
        self._blocks: list[Sound] = []

    async def tap(
        self, audio: AsyncGenerator[SoundBlock, None]
    ) -> AsyncGenerator[SoundBlock, None]:
        """Pass the blocks on, keeping their sound."""
        async with aclosing(audio):
            async for block in audio:
                self._blocks.append(block.sound)
                yield block

    def take(self, frames: int) -> Sound:
        """The next `frames` of sound; silence after the end, for the last part frame."""
        held = np.concatenate(self._blocks)
        wanted = frames * SOUND_PER_FRAME
        self._blocks = [held[wanted:]]
        missing = max(0, wanted - len(held))
        return np.pad(held[:wanted], ((0, missing), (0, 0)))
