"""How many streams run at once in this process, whatever way their speech comes."""

from talkhead.errors import ServiceFull


class Places:
    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.taken = 0

    def take(self) -> None:
        """Raises:
        ServiceFull: all are taken.
        """
        if self.taken >= self._limit:
            raise ServiceFull(f"{self.taken} streams are running, and no more fit here")
        self.taken += 1

    def leave(self) -> None:
        self.taken -= 1
