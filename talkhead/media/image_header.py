"""The format and size of an image by its header, before anybody allocates memory for it."""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

from talkhead.errors import PortraitUnreadable

_AVIF_SIZE = re.compile(rb"ispe\0\0\0\0(.{4})(.{4})", re.DOTALL)
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_PHOTOMETRIC = 256, 257, 262
_TIFF_CMYK = 5  # a value of the last
_TIFF_SHORT = 3  # the type of a field of 16 bits
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15, without the tables
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length


@dataclass(frozen=True, slots=True)
class ImageHeader:
    format: str
    width: int  # pixels, before any rotation
    height: int
    alpha: bool  # whether it may have transparency


def read_image_header(data: bytes) -> ImageHeader:
    """Of a PNG, JPEG, WebP, AVIF, TIFF, BMP or GIF image.

    Raises:
        PortraitUnreadable: it is none of them, or its header is broken.
    """
    for name, magic, size in _FORMATS:
        if magic.match(data):
            try:
                header = ImageHeader(name, *size(data), _may_be_transparent(name, data))
            except (struct.error, IndexError, ValueError) as error:
                raise PortraitUnreadable(f"the header of this {name} image is broken") from error
            if header.width < 1 or header.height < 1:
                raise PortraitUnreadable(f"this {name} image has no pixels")
            return header
    known = ", ".join(name for name, _, _ in _FORMATS)
    raise PortraitUnreadable(f"this is none of the images that can be read: {known}")


def tiff_field(data: bytes, tag: int) -> int | None:
    """A number in the first directory of a TIFF file, or of EXIF data, which is the same.

    Raises:
        struct.error: it is broken.
    """
    order = "<" if data[:2] == b"II" else ">"
    (position,) = struct.unpack_from(f"{order}4xI", data)
    (count,) = struct.unpack_from(f"{order}H", data, position)
    for entry in range(position + 2, position + 2 + 12 * count, 12):
        found, kind = struct.unpack_from(f"{order}HH", data, entry)
        if found == tag:
            form = "H" if kind == _TIFF_SHORT else "I"
            return int(struct.unpack_from(f"{order}{form}", data, entry + 8)[0])
    return None


def _may_be_transparent(name: str, data: bytes) -> bool:
    if name == "TIFF":  # four channels may be CMYK instead
        return tiff_field(data, _TIFF_PHOTOMETRIC) != _TIFF_CMYK
    return name != "JPEG"


def _png_size(data: bytes) -> tuple[int, int]:
    return struct.unpack_from(">16xII", data)


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """ITU T.81, annex B: marker after marker, until one that starts a frame."""
    position = 2
    while data[position] == 0xFF:
        marker = data[position + 1]
        if marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", data, position + 5)
            return width, height
        bare = marker == 0xFF or marker in _JPEG_BARE
        length = 0 if bare else struct.unpack_from(">H", data, position + 2)[0]
        position += 1 if marker == 0xFF else 2 + length
    raise ValueError("no frame header")


def _webp_size(data: bytes) -> tuple[int, int]:
    """RFC 9649: lossy, lossless or extended."""
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<26xHH", data)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<21xI", data)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind != b"VP8X" or len(data) < 30:
        raise ValueError("no known chunk")
    return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1


def _avif_size(data: bytes) -> tuple[int, int]:
    """The largest of its parts: the whole, tiles, a thumbnail (ISO 23008-12, 6.5.3)."""
    sizes = [tuple(int.from_bytes(n, "big") for n in pair) for pair in _AVIF_SIZE.findall(data)]
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return width, height


def _tiff_size(data: bytes) -> tuple[int, int]:
    return tiff_field(data, _TIFF_WIDTH) or 0, tiff_field(data, _TIFF_HEIGHT) or 0


def _bmp_size(data: bytes) -> tuple[int, int]:
    (header,) = struct.unpack_from("<14xI", data)
    width, height = struct.unpack_from("<18xHH" if header == 12 else "<18xii", data)
    return width, abs(height)  # below zero: stored from the top


def _gif_size(data: bytes) -> tuple[int, int]:
    return struct.unpack_from("<6xHH", data)


_FORMATS: tuple[tuple[str, re.Pattern[bytes], Callable[[bytes], tuple[int, int]]], ...] = (
    ("PNG", re.compile(rb"\x89PNG\r\n\x1a\n"), _png_size),
    ("JPEG", re.compile(rb"\xff\xd8\xff"), _jpeg_size),
    ("WebP", re.compile(rb"RIFF.{4}WEBP", re.DOTALL), _webp_size),
    ("AVIF", re.compile(rb".{4}ftyp(avif|avis)", re.DOTALL), _avif_size),
    ("TIFF", re.compile(rb"II\*\0|MM\0\*"), _tiff_size),
    ("BMP", re.compile(rb"BM"), _bmp_size),
    ("GIF", re.compile(rb"GIF8[79]a"), _gif_size),
)
