"""Which files there are and where, and whether they are what was once downloaded."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from talkhead.engines.ditto.files.published_files import FILES, PUBLISHED, trusted_file
from talkhead.errors import CheckpointMismatch
from talkhead.weights.record import (
    FILE_NAME,
    Entry,
    Record,
    confirm,
    digest,
    read_record,
    write_record,
)
from talkhead.weights.shipped import SHIPPED

NAMES = [file.name for file in FILES]
DECODER = "ditto_pytorch/models/decoder.pth"


def put(folder: Path, name: str, data: bytes = b"some weights") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def record(folder: Path, *names: str) -> None:
    entries = {}
    for name in names:
        path = folder / name
        state = path.stat()
        entries[name] = Entry("a/b", "c", state.st_size, digest(path), state.st_mtime_ns)
    write_record(folder, Record(entries))


def test_names_are_unique() -> None:
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("edition", ["", "onnx", "pytorch"])
def test_each_edition_alone_is_enough(edition: str) -> None:
    """And none has files that may not be used commercially, unless asked for."""
    chosen = PUBLISHED.choose(NAMES, edition)
    assert {file.part for file in chosen} >= {file.part for file in FILES if file.needed}
    assert len({file.part for file in chosen}) == len(chosen)
    assert all(file.commercial_use for file in chosen)
    assert not edition or {file.edition for file in chosen} == {"", edition}
    every = PUBLISHED.choose(NAMES, edition, non_commercial=True)
    added = [file.part for file in every if file not in chosen]
    assert added == ["insightface_det", "landmark106"]


def test_the_engine_runs_without_what_may_not_be_sold() -> None:
    assert not any(file.needed for file in FILES if not file.commercial_use)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_found_in_its_folder_and_without(name: str, tmp_path: Path) -> None:
    part = next(file.part for file in FILES if file.name == name)
    assert PUBLISHED.find(part, tmp_path) is None
    flat = put(tmp_path, Path(name).name)
    assert PUBLISHED.find(part, tmp_path) == flat
    path = flat.rename(put(tmp_path, name))
    assert PUBLISHED.find(part, tmp_path) == path


def test_needed_parts_are_missing_until_one_of_their_files_is_there(tmp_path: Path) -> None:
    missing = PUBLISHED.missing(tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in missing} >= {DECODER}
    assert len(missing) == len({file.part for file in FILES if file.needed})
    put(tmp_path, "decoder.onnx")
    assert tmp_path / DECODER not in PUBLISHED.missing(tmp_path)
    for file in FILES:
        put(tmp_path, file.name)
    assert PUBLISHED.missing(tmp_path) == []


def test_what_ships_is_there() -> None:
    assert SHIPPED.missing() == []
    assert all(SHIPPED.locate(file) for file in SHIPPED.files)


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    assert read_record(tmp_path) == Record()
    written = Record({"a/b.pth": Entry("r", "c", 3, "ab", 5), "a.onnx": Entry("r", "d", 1, "", 0)})
    write_record(tmp_path, written)
    assert read_record(tmp_path) == written
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
    assert written.entry("b.pth") == written.entries["a/b.pth"]
    assert written.entry("x.pth") is None
    assert written.commit_of("r") is None  # two


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": {"a": {"size": 1}}}', '{"files": 1}'])
def test_a_broken_record_is_said_to_be_one(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(CheckpointMismatch, match=r"talkhead-weights\.json is not a record"):
        read_record(tmp_path)


def test_loading_trusts_what_is_unchanged_and_hashes_what_was_written_to(tmp_path: Path) -> None:
    path = put(tmp_path, DECODER)
    assert trusted_file(tmp_path, "decoder") == path  # brought by hand: nothing is known of it
    record(tmp_path, DECODER)
    assert trusted_file(tmp_path, "decoder") == path
    os.utime(path, ns=(1, 1))
    assert trusted_file(tmp_path, "decoder") == path  # touched, and still the same
    path.write_bytes(b"evil weights")
    with pytest.raises(CheckpointMismatch, match=r"has SHA-256 .* was downloaded had"):
        trusted_file(tmp_path, "decoder")
    path.write_bytes(b"short")
    with pytest.raises(CheckpointMismatch, match="has 5 bytes, 12 were downloaded"):
        trusted_file(tmp_path, "decoder")


def test_pytorch_is_preferred(tmp_path: Path) -> None:
    onnx = put(tmp_path, "ditto_onnx/decoder.onnx")
    assert trusted_file(tmp_path, "decoder") == onnx
    pytorch = put(tmp_path, DECODER)
    assert trusted_file(tmp_path, "decoder") == pytorch


def test_only_a_thorough_look_sees_a_change_that_hides(tmp_path: Path) -> None:
    """The same size and time: loading does not hash then, `verify` does."""
    path = put(tmp_path, DECODER)
    state = path.stat()
    entry = Entry("a/b", "c", state.st_size, digest(path), state.st_mtime_ns)
    path.write_bytes(b"evil weights")
    os.utime(path, ns=(state.st_mtime_ns, state.st_mtime_ns))
    confirm(path, entry)
    with pytest.raises(CheckpointMismatch):
        confirm(path, entry, thorough=True)
    confirm(path, replace(entry, sha256=digest(path)), thorough=True)
