"""How far a stream may run ahead of its playback."""

import asyncio
import time
from dataclasses import dataclass, field

from talkhead.batching import Priority
from talkhead.timing import FRAME_RATE


@dataclass
class Pacer:
    """Keeps a stream at most `lead_s` ahead of a player that started with the first fragment.

    That bound, not the network, limits what a client that stopped reading can pile up: between
    us and it stand buffers that never push back.
    """

    lead_s: float
    waited_s: float = field(default=0.0, init=False)  # in all: time in which no work was due
    _started: float | None = field(default=None, init=False)  # seconds since the epoch

    def start(self) -> None:
        """The first fragment is on its way; later calls change nothing."""
        if self._started is None:
            self._started = time.time()

    async def wait_for(self, frame: int) -> None:
        """Return when work on `frame` may begin."""
        if self._started is not None:
            ahead_s = self._started + frame / FRAME_RATE - time.time()
            too_far_s = max(0.0, ahead_s - self.lead_s)
            await asyncio.sleep(too_far_s)
            self.waited_s += too_far_s

    def priority(self, frame: int) -> Priority:
        """Live work, due when the player shows `frame`."""
        started = time.time() if self._started is None else self._started
        return Priority(bulk=False, due=started + frame / FRAME_RATE)


class Unpaced(Pacer):
    """For jobs and files: as fast as the machine allows, after all live work."""

    def __init__(self) -> None:
        super().__init__(lead_s=float("inf"))

    def priority(self, frame: int) -> Priority:
        return Priority(bulk=True, due=float(frame))
