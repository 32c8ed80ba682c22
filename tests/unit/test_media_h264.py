import hashlib
import subprocess
import sys

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace

from talkhead.errors import OptionError
from talkhead.media.h264 import H264Settings, codec_string, encode_chunk
from talkhead.types import Frames, VideoChunk


def _moving(count: int, width: int = 96, height: int = 64) -> Frames:
    noise = np.random.default_rng(0).integers(0, 255, (height // 8, width // 8, 3), np.uint8)
    picture = noise.repeat(8, 0).repeat(8, 1)
    return np.stack([np.roll(picture, 2 * shift, axis=1) for shift in range(count)])


def _units(access_unit: bytes) -> list[bytes]:
    units, position = [], 0
    while position < len(access_unit):
        size = int.from_bytes(access_unit[position : position + 4], "big")
        units.append(access_unit[position + 4 : position + 4 + size])
        position += 4 + size
    assert position == len(access_unit)
    return units


def _decode(chunk: VideoChunk) -> list[av.VideoFrame]:
    start = b"\0\0\0\1"
    decoder = av.CodecContext.create("h264", "r")
    stream = start + chunk.sps + start + chunk.pps
    pictures = []
    for unit in chunk.access_units:
        packet = av.Packet(stream + b"".join(start + nal for nal in _units(unit)))
        pictures += decoder.decode(packet)
        stream = b""
    return pictures + decoder.decode(None)


def test_what_is_encoded_decodes_back() -> None:
    frames = _moving(7)
    chunk = encode_chunk(frames, H264Settings(crf=10))
    pictures = _decode(chunk)
    assert (chunk.frames, chunk.width, chunk.height) == (7, 96, 64)
    assert len(pictures) == 7
    for picture, frame in zip(pictures, frames, strict=True):
        luma = picture.to_ndarray(format="rgb24").astype(int).mean(axis=2)
        assert np.abs(luma - frame.mean(axis=2)).mean() < 4


@pytest.mark.parametrize(
    "colour",
    [(0, 0, 0), (255, 255, 255), (128, 128, 128), (200, 40, 40), (40, 190, 60), (30, 60, 220)],
)
def test_colours_survive_and_are_tagged(colour: tuple[int, int, int]) -> None:
    frames = np.broadcast_to(np.array(colour, np.uint8), (2, 64, 64, 3))
    picture = _decode(encode_chunk(frames))[-1]
    assert picture.color_range == ColorRange.MPEG
    assert picture.colorspace == Colorspace.ITU709
    # Our own conversion, from the definition (BT.709, limited range), not the decoder's.
    y, u, v = (
        picture.to_ndarray()[row].mean() for row in (slice(64), slice(64, 80), slice(80, 96))
    )
    luma, blue, red = (y - 16) / 219, (u - 128) / 224, (v - 128) / 224
    r, b = luma + 1.5748 * red, luma + 1.8556 * blue
    g = (luma - 0.2126 * r - 0.0722 * b) / 0.7152
    assert np.array([r, g, b]) * 255 == pytest.approx(colour, abs=4)


def test_a_chunk_is_a_closed_group_of_bare_pictures() -> None:
    """An IDR slice, then P slices, one a picture: no SEI, no parameter sets, no second thread."""
    chunk = encode_chunk(_moving(30, width=512, height=512))
    types = [[unit[0] & 31 for unit in _units(au)] for au in chunk.access_units]
    assert types == [[5]] + [[1]] * 29


def test_any_process_makes_the_same_bytes() -> None:
    code = (
        "import hashlib, sys; sys.path.insert(0, '.');"
        "from talkhead.media.h264 import encode_chunk;"
        "import numpy as np;"
        "f = (np.arange(5 * 64 * 64 * 3) * 2654435761 >> 7).astype(np.uint8).reshape(5, 64, 64, 3);"
        "c = encode_chunk(f);"
        "sys.stdout.write(hashlib.sha256(b''.join((c.sps, c.pps, *c.access_units))).hexdigest())"
    )
    frames = (np.arange(5 * 64 * 64 * 3) * 2654435761 >> 7).astype(np.uint8).reshape(5, 64, 64, 3)
    chunk = encode_chunk(frames)
    here = hashlib.sha256(b"".join((chunk.sps, chunk.pps, *chunk.access_units))).hexdigest()
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert there.stdout == here


def test_chunks_of_one_size_share_their_parameter_sets() -> None:
    one, other = encode_chunk(_moving(3)), encode_chunk(255 - _moving(25))
    assert (one.sps, one.pps) == (other.sps, other.pps)
    assert encode_chunk(_moving(3, width=128)).sps != one.sps


def test_odd_sizes_are_refused() -> None:
    with pytest.raises(OptionError, match="even"):
        encode_chunk(np.zeros((1, 63, 64, 3), np.uint8))


def test_the_codec_string_names_profile_and_level() -> None:
    assert codec_string(bytes.fromhex("6764001facd9")) == "avc1.64001f"
    assert codec_string(encode_chunk(_moving(1)).sps).startswith("avc1.6400")
