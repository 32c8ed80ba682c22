from pathlib import Path

import numpy as np
import pytest

from talkhead.errors import RenderingFailed
from talkhead.media.remux import to_progressive
from tests.media_fakes import clicking, decode, flashing, joined, mux, packet_spans


def test_the_same_video_with_its_index_in_front(tmp_path: Path) -> None:
    streamed = joined(mux(flashing(60, [33]), clicking(60, [33]), (5, 10, 25), "AI-generated é"))
    (tmp_path / "streamed.mp4").write_bytes(streamed)
    to_progressive(tmp_path / "streamed.mp4", tmp_path / "file.mp4")

    file = (tmp_path / "file.mp4").read_bytes()
    before, after = decode(streamed), decode(file)
    assert file.index(b"moov") < file.index(b"mdat")
    assert b"moof" not in file
    assert np.array_equal(before.frames, after.frames)
    assert np.array_equal(before.sound, after.sound)
    assert before.frame_times == after.frame_times
    assert after.comment == "AI-generated é"
    for kind in ("video", "audio"):
        assert packet_spans(file, kind) == packet_spans(streamed, kind)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file.mp4", "streamed.mp4"]


def test_a_file_may_replace_itself(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(joined(mux(flashing(20, [7]), clicking(20), (5,))))
    before = decode(path.read_bytes())
    to_progressive(path, path)
    assert np.array_equal(decode(path.read_bytes()).frames, before.frames)
    assert b"moof" not in path.read_bytes()


@pytest.mark.parametrize("content", [b"", b"not a video" * 99])
def test_what_is_not_a_video_leaves_nothing_behind(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.mp4").write_bytes(content)
    with pytest.raises(RenderingFailed):
        to_progressive(tmp_path / "broken.mp4", tmp_path / "file.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["broken.mp4"]


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        to_progressive(tmp_path / "nothing.mp4", tmp_path / "file.mp4")
