"""The blob store: portraits, appearances and finished videos under keys like `portraits/ab12`.

Every replica sees the same store. `LocalBlobs` keeps it in a folder; an object store is another
class with the same four methods.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Protocol

from talkhead.errors import NotFound

_KEY = re.compile(r"[a-z_]+(/[A-Za-z0-9][A-Za-z0-9._-]*)+")


class Blobs(Protocol):
    """Methods block: call them in a thread."""

    def put(self, key: str, data: bytes) -> None:
        """Store whole or not at all; what was there is replaced."""

    def get(self, key: str) -> bytes:
        """All bytes under `key`.

        Raises:
            NotFound: there is nothing.
        """

    def exists(self, key: str) -> bool: ...

    def touch(self, key: str) -> None:
        """Note that it is still wanted."""

    def delete(self, key: str) -> None:
        """Gone afterwards, whether or not it was there."""


class LocalBlobs:
    """Blobs as files below `root`. Large results are written and read as files directly."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"not a blob key: {key!r}")
        return self._root / key

    def put(self, key: str, data: bytes) -> None:
        with self.writing(key) as file:
            file.write(data)

    @contextmanager
    def writing(self, key: str) -> Iterator[IO[bytes]]:
        """A file that appears under `key` when the block ends without an error."""
        target = self.path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".part-")
        os.close(descriptor)
        try:
            with open(name, "wb") as file:
                yield file
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def get(self, key: str) -> bytes:
        try:
            return self.path(key).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"there is no {key}") from None

    def exists(self, key: str) -> bool:
        return self.path(key).is_file()

    def delete(self, key: str) -> None:
        self.path(key).unlink(missing_ok=True)

    def touch(self, key: str) -> None:
        """Note that it is still wanted: `trim` and `delete_older` spare what was touched last."""
        with suppress(FileNotFoundError):
            os.utime(self.path(key))

    def delete_older(self, folder: str, moment: float, needed: set[str]) -> None:
        """Delete what was last touched before `moment` (seconds since the epoch), parts included,
        except the keys that are needed.
        """
        for path, touched, _ in self._files(folder):
            if touched < moment and f"{folder}/{path.name}" not in needed:
                path.unlink(missing_ok=True)

    def trim(self, folder: str, max_bytes: int) -> None:
        """Delete the blobs touched longest ago until the folder fits."""
        total = 0
        for path, _, size in sorted(self._files(folder), key=lambda file: -file[1]):
            total += size
            if total > max_bytes:
                path.unlink(missing_ok=True)

    def _files(self, folder: str) -> list[tuple[Path, float, int]]:
        """Path, time of the last touch, and bytes of every file that is still there."""
        found = []
        for path in (self._root / folder).glob("*"):
            with suppress(FileNotFoundError):
                status = path.stat()
                found.append((path, status.st_mtime, status.st_size))
        return found


def open_blobs(data_root: Path) -> LocalBlobs:
    """The blob store of a service: the same for every replica that shares the folder."""
    return LocalBlobs(data_root / "blobs")


class MemoryBlobs:
    """Blobs of this process alone: the command line needs no more."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}

    def put(self, key: str, data: bytes) -> None:
        self._blobs[key] = data

    def get(self, key: str) -> bytes:
        if key not in self._blobs:
            raise NotFound(f"there is no {key}")
        return self._blobs[key]

    def exists(self, key: str) -> bool:
        return key in self._blobs

    def touch(self, key: str) -> None:
        """Nothing here is ever trimmed."""

    def delete(self, key: str) -> None:
        self._blobs.pop(key, None)
