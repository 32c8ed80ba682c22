"""Weights from a hub: what arrives is checked, what is whole is kept, and errors say what to do."""

import errno
import shutil
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub import constants
from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars

from talkhead.errors import CheckpointMismatch, OptionError, WeightsMissing
from talkhead.weights import hub as client
from talkhead.weights.files import EngineWeights, WeightsFile
from talkhead.weights.pull import Pulled, pull
from talkhead.weights.record import FILE_NAME, read_record
from talkhead.weights.verify import verify
from tests.hub import COMMIT, REPOSITORY, Hub, running_hub, sha256

BIG = bytes(range(256)) * 64  # 16 KiB
FILES = {
    "pth/net.pth": BIG,
    "onnx/net.onnx": BIG[::-1],
    "onnx/ears.onnx": BIG[1:],
    "cfg/settings.pkl": b"small",
    "onnx/face.onnx": BIG[2:],
    "trt/net.engine": BIG[3:],
}
WEIGHTS = EngineWeights(
    files=(
        WeightsFile("pth/net.pth", "net", "MIT", "A", True, "", edition="pytorch"),
        WeightsFile("onnx/net.onnx", "net", "MIT", "A", True, "", edition="onnx"),
        WeightsFile("onnx/ears.onnx", "ears", "MIT", "A", True, "", edition="onnx"),
        WeightsFile("onnx/hears.onnx", "ears", "MIT", "A", True, "", edition="pytorch"),
        WeightsFile("cfg/settings.pkl", "settings", "MIT", "A", False, ""),
        WeightsFile("onnx/face.onnx", "face", "research only", "B", False, "", False, "onnx"),
    ),
    folder=Path("unused"),
    repository=REPOSITORY,
)
USUAL = {"pth/net.pth", "onnx/ears.onnx", "cfg/settings.pkl"}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1024)
    disable_progress_bars()
    with running_hub(FILES) as running:
        yield running
    huggingface_hub.close_session()
    enable_progress_bars()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "weights"


def pulled(hub: Hub, folder: Path, **options: str | bool) -> Pulled:
    return pull(WEIGHTS, folder, endpoint=hub.address, **options)  # type: ignore[arg-type]


def there(folder: Path) -> dict[str, bytes]:
    """All files but the record and what has arrived in part, by name."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    found = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
    aside = (FILE_NAME, ".arriving/")
    return {name: data for name, data in found.items() if not name.startswith(aside)}


def test_what_is_published_arrives_and_is_recorded(hub: Hub, folder: Path) -> None:
    done = pulled(hub, folder)
    assert there(folder) == {name: FILES[name] for name in USUAL}
    assert (done.commit, done.fetched) == (COMMIT, 3)
    entries = read_record(folder).entries
    for name in USUAL:
        entry = entries[name]
        expected = (REPOSITORY, COMMIT, len(FILES[name]), sha256(FILES[name]))
        assert (entry.repository, entry.commit, entry.size, entry.sha256) == expected
    assert [f.state for f in verify(WEIGHTS, folder)] == ["ok", "ok", "ok", "not here; optional"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"edition": "onnx"}, {"onnx/net.onnx", "onnx/ears.onnx", "cfg/settings.pkl"}),
        ({"non_commercial": True}, USUAL | {"onnx/face.onnx"}),
    ],
)
def test_one_file_a_part_of_what_is_wished(
    hub: Hub, folder: Path, options: dict[str, str | bool], expected: set[str]
) -> None:
    pulled(hub, folder, **options)
    assert there(folder).keys() == expected


def test_what_is_whole_is_kept_and_the_rest_is_fetched_again(hub: Hub, folder: Path) -> None:
    pulled(hub, folder)
    hub.requests.clear()
    assert pulled(hub, folder).fetched == 0
    assert not hub.asked("GET", "/large/")
    (folder / "pth/net.pth").write_bytes(BIG[:100])
    (folder / "cfg/settings.pkl").write_bytes(b"SMALL")
    assert pulled(hub, folder).fetched == 2
    assert there(folder) == {name: FILES[name] for name in USUAL}


def test_a_broken_connection_is_taken_up_where_it_broke(hub: Hub, folder: Path) -> None:
    hub.cut_after = 5000
    pulled(hub, folder)
    first, *others = hub.asked("GET", "/large/pth/net.pth")
    assert (first, others) == ("", [f"bytes={5000 // 1024 * 1024}-"])
    assert there(folder)["pth/net.pth"] == BIG


LONG = np.random.default_rng(1).bytes(2**20)
ALONE = EngineWeights(
    (WeightsFile("long/net.pth", "net", "MIT", "A", True, ""),), Path("unused"), REPOSITORY
)
OTHER_PROCESS = """
import sys
from pathlib import Path
from huggingface_hub import constants
from talkhead.weights.files import EngineWeights, WeightsFile
from talkhead.weights.pull import pull
constants.DOWNLOAD_CHUNK_SIZE = 2**18
file = WeightsFile("long/net.pth", "net", "MIT", "A", True, "")
weights = EngineWeights((file,), Path("unused"), "%s")
pull(weights, Path(sys.argv[1]), endpoint=sys.argv[2])
"""


def test_what_a_killed_pull_began_the_next_one_ends(hub: Hub, folder: Path) -> None:
    """And while the first is at work it is left alone."""
    hub.files["long/net.pth"] = LONG
    hub.cut_after, hub.stalled = 600_000, True
    command = [sys.executable, "-c", OTHER_PROCESS % REPOSITORY, str(folder), hub.address]
    path = folder / ".arriving" / COMMIT / "long/net.pth"
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while not path.exists() or not path.stat().st_size:
            assert process.poll() is None
            time.sleep(0.01)
        with pytest.raises(WeightsMissing, match=r"another pull is filling .*; wait for it"):
            pull(ALONE, folder, endpoint=hub.address)
        process.kill()
    begun = path.stat().st_size
    assert 0 < begun < len(LONG)
    hub.requests.clear()
    pull(ALONE, folder, endpoint=hub.address)
    assert hub.asked("GET", "/large/long/net.pth") == [f"bytes={begun}-"]
    assert (folder / "long/net.pth").read_bytes() == LONG
    assert not (folder / ".arriving").exists()


@pytest.mark.parametrize("beginning", [b"", BIG[:5000], BIG, BIG + b"more", b"another file"])
def test_any_beginning_becomes_the_file_or_goes(hub: Hub, folder: Path, beginning: bytes) -> None:
    path = folder / ".arriving" / COMMIT / "pth/net.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(beginning)
    if beginning == b"another file":
        with pytest.raises(CheckpointMismatch, match="it was not kept, pull it again"):
            pulled(hub, folder)
    pulled(hub, folder)
    assert there(folder) == {name: FILES[name] for name in USUAL}
    assert not (folder / ".arriving").exists()


def test_what_began_needs_no_room_again(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    others = sum(len(FILES[name]) for name in USUAL - {"pth/net.pth"})
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(1, 1, others + 100))
    with pytest.raises(WeightsMissing, match="GB free, the files take"):
        pulled(hub, folder)
    path = folder / ".arriving" / COMMIT / "pth/net.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(BIG[:-100])
    pulled(hub, folder)
    assert there(folder)["pth/net.pth"] == BIG


def test_what_was_not_finished_does_not_look_so(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the next pull fetches it, and only what is lacking."""
    attempts = iter(range(2))

    def broken(*args: object, **options: object) -> None:
        if next(attempts) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(WEIGHTS, folder, endpoint=hub.address, on_file=broken)
    assert there(folder) == {"pth/net.pth": BIG}
    assert pulled(hub, folder).fetched == 2


def test_wrong_bytes_are_not_kept(hub: Hub, folder: Path) -> None:
    """Of large files and of small ones."""
    for name in ("pth/net.pth", "cfg/settings.pkl"):
        hub.tampered = {name}
        with pytest.raises(CheckpointMismatch, match=f"{name} arrived with SHA-256 .* declares"):
            pulled(hub, folder)
        assert name not in there(folder)
        assert there(folder).keys() == read_record(folder).entries.keys()
    hub.tampered = set()
    pulled(hub, folder)
    assert there(folder).keys() == USUAL


def test_a_commit_that_has_changed_is_refused(hub: Hub, folder: Path) -> None:
    pulled(hub, folder)
    hub.files["pth/net.pth"] = BIG[::-1]
    with pytest.raises(CheckpointMismatch, match=f"{COMMIT} has SHA-256 .* first download"):
        pulled(hub, folder)
    assert there(folder)["pth/net.pth"] == BIG


def test_a_folder_stays_at_its_commit_unless_asked(hub: Hub, folder: Path) -> None:
    pulled(hub, folder)
    hub.commit = "d" * 40
    hub.files["pth/net.pth"] = BIG[::-1]
    with pytest.raises(OptionError, match=f"no revision '{COMMIT}'"):
        pulled(hub, folder)  # this hub knows its newest commit only
    assert pulled(hub, folder, revision="main").fetched == 1
    assert {e.commit for e in read_record(folder).entries.values()} == {"d" * 40}


@pytest.mark.parametrize(
    ("options", "param", "sentence"),
    [
        ({"repository": "nobody/nothing"}, "--repository", "nobody/nothing does not exist, or"),
        ({"repository": "a/b/c"}, "--repository", "owner/name"),
        ({"revision": "v9"}, "--revision", "has no revision 'v9'; a branch, a tag"),
    ],
)
def test_what_does_not_exist_is_named(
    hub: Hub, folder: Path, options: dict[str, str], param: str, sentence: str
) -> None:
    with pytest.raises(OptionError, match=sentence) as raised:
        pulled(hub, folder, **options)
    assert raised.value.param == param
    assert not folder.exists()


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (403, "GatedRepo", "asks for consent first.*hf auth login"),
        (403, "", r"refuses access \(HTTP 403\).*HF_TOKEN"),
        (500, "", "answers with HTTP 500; the same command again"),
    ],
)
def test_a_refusal_says_what_to_do(
    hub: Hub, folder: Path, status: int, code: str, sentence: str
) -> None:
    hub.status, hub.error_code = status, code
    with pytest.raises(WeightsMissing, match=sentence):
        pulled(hub, folder)


def test_no_network_is_said(folder: Path, hub: Hub) -> None:
    with pytest.raises(WeightsMissing, match=r"127.0.0.1:9/.* cannot be reached \(ConnectError"):
        pull(WEIGHTS, folder, endpoint="http://127.0.0.1:9")


def test_a_needed_file_that_is_not_published_is_named(hub: Hub, folder: Path) -> None:
    del hub.files["onnx/ears.onnx"]
    with pytest.raises(WeightsMissing, match=r"holds no ears; looked for onnx/ears.onnx, onnx/h"):
        pulled(hub, folder)
    assert not folder.exists()


def test_a_full_disk_is_said_before_anything_is_fetched(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(1, 1, len(BIG)))
    with pytest.raises(WeightsMissing, match=r"0.0 GB free, the files take .* --to"):
        pulled(hub, folder)
    assert not hub.asked("GET", "/large/")


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full; make room, then the"),
        (OSError("Consistency check failed"), "did not arrive: Consistency check failed; the same"),
        (ConnectionResetError("by peer"), r"cannot be reached \(ConnectionResetError: by peer"),
    ],
)
def test_what_the_client_fails_of_is_said(
    hub: Hub,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
    sentence: str,
) -> None:
    def failing(*args: object, **options: object) -> str:
        raise failure

    monkeypatch.setattr(client, "http_get", failing)
    with pytest.raises(WeightsMissing, match=sentence):
        pulled(hub, folder)
    assert there(folder) == {}


def test_a_folder_that_cannot_be_written_is_named(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WeightsMissing, match="file/weights: Not a directory"):
        pulled(hub, tmp_path / "file" / "weights")


def test_offline_the_hubs_cache_will_do(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in USUAL:
        huggingface_hub.hf_hub_download(REPOSITORY, name, endpoint=hub.address)
    hub.requests.clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    done = pulled(hub, folder)
    assert (done.commit, set(there(folder))) == (COMMIT, USUAL)
    assert not hub.requests
    assert pulled(hub, folder).fetched == 0


def test_offline_without_a_cache_is_said(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsMissing, match=r"HF_HUB_OFFLINE is set, .* nothing of somebody/some"):
        pulled(hub, folder)


def test_offline_a_filled_folder_will_do(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulled(hub, folder)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert pulled(hub, folder).fetched == 0
    (folder / "pth/net.pth").write_bytes(b"damaged")
    with pytest.raises(WeightsMissing, match="cannot be reached"):
        pulled(hub, folder)
    with pytest.raises(WeightsMissing, match=r"this disk has of .* holds no net; looked for pth"):
        pulled(hub, folder, edition="onnx")


@pytest.mark.parametrize("stalled", [False, True])
def test_a_connection_that_breaks_again_and_again_is_given_up(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch, stalled: bool
) -> None:
    """One that is silent is broken too."""
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.1)
    hub.always_cut, hub.stalled = True, stalled
    with pytest.raises(WeightsMissing, match="the same command again goes on where"):
        pulled(hub, folder)
    assert there(folder) == {}
    hub.always_cut = False
    assert pulled(hub, folder).fetched == 3
