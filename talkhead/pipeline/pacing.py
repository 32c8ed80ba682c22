"""How far a stream may run ahead of its playback."""

import asyncio
import time
from dataclasses import dataclass, field

from talkhead.batching import Priority
from talkhead.timing import FRAME_RATE


@dataclass
class Pacer:
    """Keeps a stream at most `lead_s` ahead of a player that started with the first fragment.

    The bound is on the clock, not on the client: behind buffers that never push back, one that
    stopped reading still gets its video, but no faster than it would have played.
    """

    lead_s: float
    waited_s: float = field(default=0.0, init=False)  # in all: time in which no work was due
    _started: float | None = field(default=None, init=False)  # time.monotonic

    def start(self) -> None:
        """The first fragment is on its way; later calls change nothing."""
        if self._started is None:
            self._started = time.monotonic()

    async def wait_for(self, frame: int) -> None:
        """Return when work on `frame` may begin."""
        too_far_s = self._due_in_s(frame) - self.lead_s
        if self._started is not None and too_far_s > 0:
            self.waited_s += too_far_s
            await asyncio.sleep(too_far_s)

    def priority(self, frame: int) -> Priority:
        """Live work, due when the player shows `frame`."""
        return Priority(bulk=False, due=time.time() + self._due_in_s(frame))

    def _due_in_s(self, frame: int) -> float:
        started = time.monotonic() if self._started is None else self._started
        return started + frame / FRAME_RATE - time.monotonic()


class Unpaced(Pacer):
    """For jobs and files: as fast as the machine allows, after all live work."""

    def __init__(self) -> None:
        super().__init__(lead_s=float("inf"))

    def priority(self, frame: int) -> Priority:
        return Priority(bulk=True, due=float(frame))
