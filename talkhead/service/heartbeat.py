"""Which processes are alive, so that what a dead one was making can be taken over."""

import asyncio
import secrets
import time

from talkhead.storage.records import Records

KIND = "heartbeat"
BEAT_S = 20.0
_SILENT_S = 90.0  # four beats missed; also what clocks of different machines may differ


class Heartbeat:
    """This process's sign of life; `name` is in the records of the videos it makes."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.name = secrets.token_hex(8)

    async def beat(self) -> None:
        document = {"name": self.name, "at": time.time()}
        await asyncio.to_thread(self._records.put, KIND, self.name, document)

    async def alive(self) -> set[str]:
        """The names of the processes that have beaten lately, this one included."""
        beats = await asyncio.to_thread(self._records.all, KIND)
        since = time.time() - _SILENT_S
        for beat in beats:
            if beat["at"] < since - 3600:
                await asyncio.to_thread(self._records.delete, KIND, beat["name"])
        return {beat["name"] for beat in beats if beat["at"] >= since} | {self.name}

    async def stop(self) -> None:
        """Say goodbye: others need not wait to take over."""
        await asyncio.to_thread(self._records.delete, KIND, self.name)
