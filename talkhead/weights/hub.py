"""The Hugging Face hub: what a repository holds at one commit, and getting a file of it.

Without a connection on purpose (HF_HUB_OFFLINE) the hub's own cache on this disk takes its place,
and what is in the folder already.
"""

import errno
import hashlib
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from httpx2 import TransportError
from huggingface_hub import HfApi, constants, hf_hub_download, hf_hub_url, is_offline_mode
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # it is public

from talkhead.errors import OptionError, TalkheadError, WeightsMissing
from talkhead.weights.record import Record

AGAIN = "the same command again goes on where this one ended"
_SHA256 = re.compile("[0-9a-f]{64}")
LOGIN = "`hf auth login` or the environment variable HF_TOKEN logs in"


@dataclass(frozen=True)
class Declared:
    """What the hub says of a file. Large files have a SHA-256, small ones the hash git gives."""

    size: int | None  # bytes
    sha256: str | None
    git_id: str | None = None

    def fits(self, path: Path, sha256: str) -> bool:
        """Whether the file, which has that hash, agrees with everything that is declared."""
        if self.size is not None and path.stat().st_size != self.size:
            return False
        if self.sha256:
            return sha256 == self.sha256
        return not self.git_id or _git_id(path) == self.git_id

    def __str__(self) -> str:
        return f"SHA-256 {self.sha256}" if self.sha256 else f"git hash {self.git_id}"


@dataclass(frozen=True)
class Snapshot:
    """A repository at one commit."""

    repository: str
    commit: str
    files: Mapping[str, Declared]
    offline: bool = False  # it is what this disk holds of it


def snapshot(
    repository: str,
    revision: str,
    names: Iterable[str],
    known: Record,
    endpoint: str | None = None,
) -> Snapshot:
    """Which of these files the repository holds at that branch, tag or commit.

    `known` is what the folder to fill has been filled with before; it matters offline only.

    Raises:
        OptionError: there is no such repository or revision.
        WeightsMissing: the hub cannot be reached or refuses; the message says what to do.
    """
    if is_offline_mode():
        return _snapshot_of_this_disk(repository, revision, names, known)
    with _in_words(repository, revision, endpoint):
        info = HfApi(endpoint=endpoint).model_info(
            repository, revision=revision, files_metadata=True, timeout=30
        )
    wanted = set(names)
    files = {
        file.rfilename: Declared(
            size=file.size,
            sha256=file.lfs.sha256 if file.lfs else None,
            git_id=None if file.lfs else file.blob_id,
        )
        for file in info.siblings or ()
        if file.rfilename in wanted
    }
    return Snapshot(repository, info.sha or revision, files)


def fetch(source: Snapshot, name: str, path: Path, endpoint: str | None = None) -> None:
    """Makes `path` that file, from what is there of it already; it is not checked yet.

    A connection that breaks is taken up again where it broke: by this call, and by the next one if
    this is ended. (The hub's own `hf_hub_download` begins anew in each process.)

    Raises:
        WeightsMissing: it did not arrive; the message says why and what to do.
    """
    with _in_words(source.repository, source.commit, endpoint):
        if is_offline_mode():
            _copy_cached(source, name, path)
            return
        size = source.files[name].size
        url = hf_hub_url(source.repository, name, revision=source.commit, endpoint=endpoint)
        headers = build_hf_headers() | {"Accept-Encoding": "identity"}  # places are those asked for
        with path.open("ab") as file:
            if size is None or file.tell() > size:
                file.truncate(0)
            here = path.stat().st_size
            http_get(
                url, file, resume_size=here, headers=headers, expected_size=size,
                displayed_filename=name,
            )  # fmt: skip


def _snapshot_of_this_disk(
    repository: str, revision: str, names: Iterable[str], known: Record
) -> Snapshot:
    paths = {name: path for name in names if (path := _cached(repository, revision, name))}
    commits = {path.parents[name.count("/")].name for name, path in paths.items()}
    commit = commits.pop() if commits else revision  # .../snapshots/COMMIT/the/name
    recorded = {
        name: Declared(entry.size, entry.sha256)
        for name, entry in known.entries.items()
        if (entry.repository, entry.commit) == (repository, commit)
    }
    cached = {name: _as_cached(path) for name, path in paths.items()}
    if not cached and not recorded:
        message = (
            f"HF_HUB_OFFLINE is set, and this disk holds nothing of {repository} at {revision}"
        )
        raise WeightsMissing(f"{message}; unset it, or bring the files by hand")
    return Snapshot(repository, commit, cached | recorded, offline=True)


def _as_cached(path: Path) -> Declared:
    """The cache names large files by their SHA-256."""
    blob = path.resolve()
    sha256 = blob.name if _SHA256.fullmatch(blob.name) else None
    return Declared(blob.stat().st_size, sha256)


def _cached(repository: str, revision: str, name: str) -> Path | None:
    try:
        path = hf_hub_download(repository, name, revision=revision, local_files_only=True)
    except LocalEntryNotFoundError:
        return None
    return Path(path)


def _copy_cached(source: Snapshot, name: str, path: Path) -> None:
    cached = hf_hub_download(source.repository, name, revision=source.commit, local_files_only=True)
    shutil.copyfile(cached, path)


def _git_id(path: Path) -> str:
    content = path.read_bytes()  # git keeps only small files itself
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@contextmanager
def _in_words(repository: str, revision: str, endpoint: str | None) -> Iterator[None]:
    """What huggingface_hub raises, as one sentence of ours."""
    hub = (endpoint or constants.ENDPOINT).rstrip("/")
    try:
        yield
    except (HFValidationError, TransportError, OSError) as error:
        for kinds, words in _WORDS:
            if isinstance(error, kinds):
                raise words(f"{hub}/{repository}", revision, error) from error
        raise


def _gated(page: str, revision: str, error: Exception) -> TalkheadError:
    return WeightsMissing(
        f"{page} asks for consent first: give it on that page, then log in; {LOGIN}"
    )


def _no_revision(page: str, revision: str, error: Exception) -> TalkheadError:
    message = f"{page} has no revision {revision!r}; a branch, a tag or a commit is possible"
    return OptionError(message, "--revision")


def _no_repository(page: str, revision: str, error: Exception) -> TalkheadError:
    return OptionError(f"{page} does not exist, or only for some; {LOGIN}", "--repository")


def _no_name(page: str, revision: str, error: Exception) -> TalkheadError:
    return OptionError(f"a repository is named like owner/name: {error}", "--repository")


def _refused(page: str, revision: str, error: Exception) -> TalkheadError:
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else 0
    if status in (401, 403):
        return WeightsMissing(f"{page} refuses access (HTTP {status}); {LOGIN}")
    return WeightsMissing(f"{page} answers with HTTP {status}; {AGAIN}")


def _broken_off(page: str, revision: str, error: Exception) -> TalkheadError:
    cause = error.__cause__ or error
    what = f"{type(cause).__name__}: {cause}".partition("\n")[0]
    return WeightsMissing(f"{page} cannot be reached ({what}); {AGAIN}")


def _no_room(page: str, revision: str, error: Exception) -> TalkheadError:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return WeightsMissing(f"the disk is full; make room, then {AGAIN}")
    what = f"{error}".partition("\n")[0]
    return WeightsMissing(f"a file of {page} did not arrive: {what}; {AGAIN}")


_Kinds = type[Exception] | tuple[type[Exception], ...]
_Words = Callable[[str, str, Exception], TalkheadError]

_WORDS: tuple[tuple[_Kinds, _Words], ...] = (  # the special before the general
    (GatedRepoError, _gated),
    (RevisionNotFoundError, _no_revision),
    (RepositoryNotFoundError, _no_repository),
    (HFValidationError, _no_name),
    (HfHubHTTPError, _refused),
    ((LocalEntryNotFoundError, TransportError), _broken_off),
    ((ConnectionError, TimeoutError), _broken_off),
    (OSError, _no_room),
)
