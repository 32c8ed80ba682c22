import itertools
import resource
import struct
import tracemalloc
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from talkhead.errors import PortraitTooLarge, PortraitUnreadable
from talkhead.media.image import ImageLimits, read_image
from talkhead.media.image_header import read_image_header
from talkhead.types import Image
from tests.media_fakes import clicking, flashing, joined, mux, png, wav

FORMATS = {  # the mean error, in levels, that the codec may add
    ".png": 0.0,
    ".tiff": 0.0,
    ".bmp": 0.0,
    ".jpg": 6.0,
    ".webp": 6.0,
    ".avif": 6.0,
    ".gif": 20.0,
}
EXIF = [cv2.IMAGE_METADATA_EXIF]


def _picture(width: int = 60, height: int = 40) -> Image:
    """Smooth, and different in every corner and channel."""
    y, x = np.mgrid[0:height, 0:width]
    red, green, blue = 250 * x / width, 250 * y / height, 250 * (1 - x / width)
    return np.stack([red, green, blue], axis=2).astype(np.uint8)


def _encode(extension: str, rgb: Image, *, alpha: Image | None = None) -> bytes:
    pixels = rgb[:, :, ::-1]
    if alpha is not None:
        pixels = np.concatenate([pixels, alpha], axis=2)
    ok, data = cv2.imencode(extension, np.ascontiguousarray(pixels))
    assert ok
    return data.tobytes()


def _with_exif(extension: str, pixels: np.ndarray, orientation: int) -> bytes:
    field = struct.pack("<HHIHH", 274, 3, 1, orientation, 0)
    exif = np.frombuffer(b"II*\0\x08\0\0\0\x01\0" + field + bytes(4), np.uint8)
    ok, data = cv2.imencodeWithMetadata(extension, np.ascontiguousarray(pixels), EXIF, [exif])
    assert ok
    return data.tobytes()


@pytest.mark.parametrize("extension", FORMATS)
def test_every_format_becomes_rgb(tmp_path: Path, extension: str) -> None:
    data = _encode(extension, _picture())
    (tmp_path / "portrait").write_bytes(data)
    for source in (data, tmp_path / "portrait"):
        image = read_image(source)
        assert image.shape == (40, 60, 3)
        assert image.dtype == np.uint8
        assert np.abs(image.astype(int) - _picture()).mean() <= FORMATS[extension]


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("size", [(64, 48), (1, 1), (513, 7)])
def test_the_header_tells_the_size(extension: str, size: tuple[int, int]) -> None:
    header = read_image_header(_encode(extension, _picture(*size)))
    assert (header.width, header.height) == size


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("extension", "transparent"),
    [(".jpg", False), *itertools.product([".png", ".webp", ".avif"], [False, True])],
)
def test_exif_turns_the_image(extension: str, orientation: int, transparent: bool) -> None:
    upright = _picture()
    stored = {  # EXIF 2.3: where row 0 and column 0 of the stored image are seen
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: np.rot90(upright, 2).transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation][:, :, ::-1]
    if transparent:
        stored = np.concatenate([stored, np.full((*stored.shape[:2], 1), 255, np.uint8)], axis=2)
    image = read_image(_with_exif(extension, stored, orientation))
    assert image.shape == upright.shape
    assert np.abs(image.astype(int) - upright).mean() < 8


@pytest.mark.parametrize("extension", [".png", ".webp", ".tiff", ".avif"])
def test_transparency_shows_grey(extension: str) -> None:
    alpha = np.full((40, 60, 1), 255, np.uint8)
    alpha[:, :30] = 0
    image = read_image(_encode(extension, _picture(), alpha=alpha)).astype(int)
    assert np.abs(image[:, :28] - 128).max() <= 4
    assert np.abs(image[:, 32:] - _picture()[:, 32:]).mean() < 8


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize(("kind", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_every_kind_of_png(kind: int, channels: int, depth: int) -> None:
    values = np.zeros((8, 8, channels), np.uint8)
    values[:] = [100, 150, 200, 255][:channels]
    if kind == 4:
        values[:] = [100, 255]
    image = read_image(png(values.repeat(depth // 8, axis=2), kind, depth))
    expected = [100, 150, 200] if channels > 2 else [100] * 3
    assert np.abs(image.astype(int) - expected).max() <= 1


def test_cmyk_becomes_rgb() -> None:
    image = read_image(_cmyk_jpeg(200, 100, 50, 255))
    assert np.abs(image.astype(int) - [200, 100, 50]).max() <= 3


def _cmyk_jpeg(*values: int) -> bytes:
    """8 x 8 pixels of one colour, inverted as Adobe does: 255 is no ink (ITU T.81)."""

    def segment(marker: int, payload: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, 2 + len(payload)) + payload

    bits = ""
    for value in values:  # the DC coefficient is 8 x the mean, quantised by 8; then no AC
        level = value - 128
        size = abs(level).bit_length()
        bits += f"{size:04b}"
        bits += f"{level if level > 0 else level + (1 << size) - 1:0{size}b}" if size else ""
        bits += "0"
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    components = b"".join(bytes([index, 0x11, 0]) for index in range(1, 5))
    chosen = b"".join(bytes([index, 0]) for index in range(1, 5))
    dc_codes = bytes([0, 0, 0, 12] + [0] * 12) + bytes(range(12))
    return b"".join([
        b"\xff\xd8",
        segment(0xEE, b"Adobe\0\x64\0\0\0\0\0"),
        segment(0xDB, b"\0" + bytes([8] * 64)),
        segment(0xC0, struct.pack(">BHHB", 8, 8, 8, 4) + components),
        segment(0xC4, b"\0" + dc_codes),
        segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\0"),
        segment(0xDA, b"\x04" + chosen + b"\0\x3f\0"),
        scan + b"\xff\xd9",
    ])  # fmt: skip


@pytest.mark.parametrize("extension", [".gif", ".png", ".webp", ".avif"])
def test_an_animation_gives_its_first_frame(extension: str) -> None:
    animation = cv2.Animation()
    first = np.dstack([_picture()[:, :, ::-1], np.full((40, 60), 255, np.uint8)])
    second = np.dstack([255 - _picture(), np.full((40, 60), 255, np.uint8)])
    animation.frames, animation.durations = [first, second], [100, 100]
    ok, data = cv2.imencodeanimation(extension, animation)
    assert ok
    assert np.abs(read_image(data.tobytes()).astype(int) - _picture()).mean() < 20


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9, 0.999])
def test_a_cut_off_image_is_refused(extension: str, part: float) -> None:
    data = _encode(extension, _picture(200, 150))
    with pytest.raises(PortraitUnreadable):
        read_image(data[: int(len(data) * part)])


@pytest.mark.parametrize("extension", FORMATS)
def test_the_last_byte_counts(extension: str) -> None:
    data = _encode(extension, _picture(200, 150))
    try:
        image = read_image(data[:-1])
    except PortraitUnreadable:
        return
    assert np.array_equal(image, read_image(data))  # it was only padding


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    row = zlib.compress(bytes(10_001 * 3), 9)
    bomb = png(np.zeros((1, 1, 3), np.uint8), 2, 8, claim=(10_000, 10_001), body=row)
    tracemalloc.start()
    with pytest.raises(PortraitTooLarge, match=r"100\.0 megapixels"):
        read_image(bomb)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_a_chunk_that_claims_gigabytes_costs_none() -> None:
    data = _encode(".png", _picture())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(PortraitUnreadable):
        read_image(data[:33] + b"\xf0\0\0\0" + data[37:])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB


def test_the_limits_are_inclusive() -> None:
    data = _encode(".png", _picture())
    assert read_image(data, ImageLimits(len(data), 2400)).shape == (40, 60, 3)
    with pytest.raises(PortraitTooLarge, match="megapixels"):
        read_image(data, ImageLimits(len(data), 2399))
    with pytest.raises(PortraitTooLarge, match="bytes"):
        read_image(data, ImageLimits(len(data) - 1, 2400))


def test_what_is_no_image_is_unreadable() -> None:
    video = joined(mux(flashing(5), clicking(5), (5,)))
    for data in (b"", b"\0", b"hello", b"<svg/>", b"%PDF-1.7", wav(clicking(5), 48_000), video):
        with pytest.raises(PortraitUnreadable):
            read_image(data)


def test_damage_gives_an_image_or_a_portrait_error() -> None:
    chance = np.random.default_rng(5)
    for extension in FORMATS:
        data = _encode(extension, _picture())
        for _ in range(40):
            damaged = bytearray(data)
            for position in chance.integers(0, min(len(damaged), 300), 6):
                damaged[position] = chance.integers(0, 256)
            try:
                assert read_image(bytes(damaged), ImageLimits(10**6, 10**6)).shape[2] == 3
            except (PortraitUnreadable, PortraitTooLarge):
                continue
