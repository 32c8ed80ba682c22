"""`talkhead-weights.json`: what was downloaded, from where, and its SHA-256, beside the files.

No hash is known in advance: each is written down when a file arrives that agrees with what the
hub declares, and whatever lies there later is held against it.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from talkhead.errors import CheckpointMismatch

FILE_NAME = "talkhead-weights.json"


@dataclass(frozen=True)
class Entry:
    """One file as it arrived."""

    repository: str
    commit: str
    size: int  # bytes
    sha256: str
    modified_ns: int  # of the file on this disk: it spares a hash while nobody writes to it


@dataclass(frozen=True)
class Record:
    """The entries of one folder, by published name."""

    entries: Mapping[str, Entry] = field(default_factory=dict)

    def entry(self, name: str) -> Entry | None:
        """Of that published name; of its last part if that is unique, for folders made flat."""
        if name in self.entries:
            return self.entries[name]
        alike = [key for key in self.entries if Path(key).name == Path(name).name]
        return self.entries[alike[0]] if len(alike) == 1 else None

    def commit_of(self, repository: str) -> str | None:
        """The commit that all files of this repository came from; None if there are several."""
        commits = {e.commit for e in self.entries.values() if e.repository == repository}
        return commits.pop() if len(commits) == 1 else None

    def with_entry(self, name: str, entry: Entry) -> "Record":
        return Record({**self.entries, name: entry})


def read_record(folder: Path) -> Record:
    """The record of this folder, empty if there is none.

    Raises:
        CheckpointMismatch: the file is there but is not such a record.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return Record()
    try:
        entries = json.loads(path.read_text())["files"]
        return Record({name: Entry(**entry) for name, entry in entries.items()})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{path} is not a record of weights ({error}); delete it and pull again"
        raise CheckpointMismatch(message) from error


def write_record(folder: Path, record: Record) -> None:
    """Replaces the file at once: who reads it finds the old or the new one, whole."""
    files = {name: asdict(record.entries[name]) for name in sorted(record.entries)}
    unfinished = folder / f"{FILE_NAME}.{os.getpid()}.tmp"
    unfinished.write_text(json.dumps({"files": files}, indent=2) + "\n")
    unfinished.replace(folder / FILE_NAME)


def digest(path: Path) -> str:
    """SHA-256 of the file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def confirm(path: Path, entry: Entry | None, *, thorough: bool = False) -> None:
    """The file is the one that was recorded; one without an entry is taken as it is.

    The size is always compared. The hash is computed if `thorough`, or if the file was written to
    since it arrived; an unchanged time of modification is taken for unchanged content.

    Raises:
        CheckpointMismatch: it is another file.
    """
    if entry is None:
        return
    state = path.stat()
    if state.st_size != entry.size:
        message = f"{path} has {state.st_size} bytes, {entry.size} were downloaded; pull it again"
        raise CheckpointMismatch(message)
    if not thorough and state.st_mtime_ns == entry.modified_ns:
        return
    if (found := digest(path)) != entry.sha256:
        message = f"{path} has SHA-256 {found}, what was downloaded had {entry.sha256}"
        raise CheckpointMismatch(f"{message}; pull it again")
