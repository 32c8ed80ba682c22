"""Stored portraits are told apart by the files that decided them, and by nothing else."""

import os
from pathlib import Path

import pytest

from talkhead.engines.ditto import loading
from talkhead.engines.ditto.files.published_files import FILES
from talkhead.engines.ditto.loading import registration_identity
from talkhead.errors import CheckpointMismatch
from talkhead.weights.record import Entry, Record, digest, write_record

ALL = {file.part: file.name for file in reversed(FILES)}  # the preferred ones
DECIDE = {part for parts in loading.REGISTERING for part in parts}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part, name in ALL.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(part)
    return tmp_path


@pytest.mark.parametrize("part", ALL)
def test_it_changes_with_each_file_that_decides_and_with_no_other(part: str, folder: Path) -> None:
    before = registration_identity(folder)
    assert len(before) == 16
    assert int(before, 16) >= 0
    (folder / ALL[part]).write_text("another content")
    changed = registration_identity(folder)
    assert (changed != before) == (part in DECIDE)
    (folder / ALL[part]).unlink()
    assert (registration_identity(folder) not in (before, changed)) == (part in DECIDE)


@pytest.mark.parametrize("pair", [("blaze_face", "face_mesh"), ("insightface_det", "landmark106")])
def test_half_of_a_pair_is_not_used_and_does_not_count(pair: tuple[str, str], folder: Path) -> None:
    (folder / ALL[pair[0]]).unlink()
    alone = registration_identity(folder)
    (folder / ALL[pair[1]]).unlink()
    assert registration_identity(folder) == alone


def test_neither_the_place_of_the_files_nor_their_record_matters(folder: Path) -> None:
    before = registration_identity(folder)
    name = ALL["motion_extractor"]
    (folder / name).rename(folder / Path(name).name)
    assert registration_identity(folder) == before
    _record(folder, Path(name).name)
    assert registration_identity(folder) == before


def _record(folder: Path, name: str) -> None:
    path = folder / name
    state = path.stat()
    entry = Entry("a/b", "c", state.st_size, digest(path), state.st_mtime_ns)
    write_record(folder, Record({name: entry}))


def test_a_recorded_file_is_not_read_again(folder: Path) -> None:
    name = ALL["motion_extractor"]
    before = registration_identity(folder)
    _record(folder, name)
    state = (folder / name).stat()
    (folder / name).write_text("x" * state.st_size)  # unseen, as `record.confirm` says
    os.utime(folder / name, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert registration_identity(folder) == before
    os.utime(folder / name, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    with pytest.raises(CheckpointMismatch, match="motion_extractor"):
        registration_identity(folder)


def test_it_changes_with_the_stored_form(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = registration_identity(folder)
    monkeypatch.setattr(loading, "VERSION", -1)
    assert registration_identity(folder) != before
