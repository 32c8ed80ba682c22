"""Fetching an engine's weights into a folder: what is needed, checked, and written down."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from talkhead.errors import CheckpointMismatch, WeightsMissing
from talkhead.weights.files import EngineWeights, WeightsFile
from talkhead.weights.hub import Snapshot, fetch, snapshot
from talkhead.weights.record import Entry, Record, digest, read_record, write_record

ARRIVING = ".arriving"  # sub-folder: what is not there in full or not checked yet, by commit


@dataclass(frozen=True)
class Pulled:
    """What a pull left in the folder."""

    folder: Path
    repository: str
    commit: str
    files: tuple[WeightsFile, ...]
    fetched: int  # of these; the others were there


def pull(
    weights: EngineWeights,
    folder: Path,
    *,
    repository: str = "",
    revision: str = "",
    edition: str = "",
    non_commercial: bool = False,
    endpoint: str | None = None,
    on_file: Callable[[WeightsFile, int | None], None] = lambda file, size: None,
) -> Pulled:
    """Fetches one file a part; files that are there and right are kept.

    Without a `revision` the folder stays at the commit it was filled from, and a new folder takes
    the branch "main". `on_file` hears of each file before it is fetched, with its bytes.

    Raises:
        OptionError: there is no such repository or revision.
        WeightsMissing: the hub cannot be reached or refuses, a needed file is not published, or
            the disk is full.
        CheckpointMismatch: what arrived is not what the hub declares, or not what it was before.
    """
    repository = repository or weights.repository
    known = read_record(folder)
    revision = revision or known.commit_of(repository) or "main"
    names = [file.name for file in weights.files]
    source = snapshot(repository, revision, names, known, endpoint)
    chosen = weights.choose(source.files, edition, non_commercial)
    _nothing_needed_lacks(weights, chosen, source)
    with _disk_in_words(folder):
        folder.mkdir(parents=True, exist_ok=True)
        absent = [file for file in chosen if not _is_here(folder, file, source)]
        with _aside(folder) as aside:
            _room_for(folder, [_bytes_to_come(aside, file, source) for file in absent])
            for file in absent:
                on_file(file, source.files[file.name].size)
                _obtain(folder, aside, file, source, endpoint)
    return Pulled(folder, repository, source.commit, chosen, len(absent))


def _nothing_needed_lacks(
    weights: EngineWeights, chosen: Sequence[WeightsFile], source: Snapshot
) -> None:
    needed = {file.part for file in weights.files if file.needed}
    if lacking := sorted(needed - {file.part for file in chosen}):
        where = f"{source.repository} at {source.commit}"
        if source.offline:
            where = f"HF_HUB_OFFLINE is set, and what this disk has of {where}"
        names = [file.name for part in lacking for file in weights.alternatives(part)]
        message = f"{where} holds no {', '.join(lacking)}; looked for {', '.join(names)}"
        raise WeightsMissing(message)


def _is_here(folder: Path, file: WeightsFile, source: Snapshot) -> bool:
    """There, as it once arrived, and as the hub declares it."""
    path, declared = folder / file.name, source.files[file.name]
    known = read_record(folder).entries.get(file.name)
    if not path.is_file() or not (known or declared.sha256):
        return False
    sha256 = digest(path)
    if not declared.fits(path, sha256) or (
        not declared.sha256 and known and known.sha256 != sha256
    ):
        return False
    _write_down(folder, file, source, sha256)
    return True


def _room_for(folder: Path, sizes: Sequence[int]) -> None:
    free, wanted = shutil.disk_usage(folder).free, sum(sizes)
    if wanted > free:
        message = f"{folder} has {free / 1e9:.1f} GB free, the files take {wanted / 1e9:.1f} GB"
        raise WeightsMissing(f"{message}; make room, or name another folder with --to")


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """For files that arrive. What an ended pull left there is the beginning of the next one.

    Raises:
        WeightsMissing: another pull is at work in the folder.
    """
    aside = folder / ARRIVING
    aside.mkdir(exist_ok=True)
    lock = os.open(aside, os.O_RDONLY)  # let go by the system however this process ends
    try:
        _take(lock, folder)
        yield aside
        shutil.rmtree(aside)
    finally:
        os.close(lock)


def _take(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        message = f"another pull is filling {folder}; wait for it, or name another folder with --to"
        raise WeightsMissing(message) from error


def _partial(aside: Path, file: WeightsFile, source: Snapshot) -> Path:
    return aside / source.commit / file.name


def _bytes_to_come(aside: Path, file: WeightsFile, source: Snapshot) -> int:
    path, size = _partial(aside, file, source), source.files[file.name].size or 0
    return max(0, size - path.stat().st_size) if path.exists() else size


def _obtain(
    folder: Path, aside: Path, file: WeightsFile, source: Snapshot, endpoint: str | None
) -> None:
    """What is not checked yet lies aside: under its name there is only what is right."""
    path = _partial(aside, file, source)
    path.parent.mkdir(parents=True, exist_ok=True)
    fetch(source, file.name, path, endpoint)
    sha256 = digest(path)
    try:
        _check_arrival(path, file, source, sha256, read_record(folder))
    except CheckpointMismatch:
        path.unlink()  # else it would count as the beginning of the next one
        raise
    (folder / file.name).parent.mkdir(parents=True, exist_ok=True)
    path.replace(folder / file.name)
    _write_down(folder, file, source, sha256)


def _check_arrival(
    path: Path, file: WeightsFile, source: Snapshot, sha256: str, record: Record
) -> None:
    declared, known = source.files[file.name], record.entries.get(file.name)
    if not declared.fits(path, sha256):
        message = f"{file.name} arrived with SHA-256 {sha256}, the hub declares {declared}"
        raise CheckpointMismatch(f"{message}; it was not kept, pull it again")
    origin = (source.repository, source.commit)
    if known and (known.repository, known.commit) == origin and known.sha256 != sha256:
        message = f"{file.name} of {' at '.join(origin)} has SHA-256 {sha256} now; at the first"
        raise CheckpointMismatch(f"{message} download it was {known.sha256}; it was not kept")


def _write_down(folder: Path, file: WeightsFile, source: Snapshot, sha256: str) -> None:
    state = (folder / file.name).stat()
    entry = Entry(source.repository, source.commit, state.st_size, sha256, state.st_mtime_ns)
    write_record(folder, read_record(folder).with_entry(file.name, entry))


@contextmanager
def _disk_in_words(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        message = f"{where}: {error.strerror or error}; --to names another folder"
        raise WeightsMissing(message) from error
