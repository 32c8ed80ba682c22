"""Does a file end before its own headers say? Read from the structure: nothing is decoded.

Decoders are forgiving: half an upload plays, and half a sentence would be spoken. The answer is
False where a format does not tell its length.
"""

import os
from collections.abc import Callable
from typing import BinaryIO

_UNKNOWN_SIZES = frozenset({0, 0x7FFF_FFFF, 0xFFFF_FFFF})  # what recorders write before they know
_MOST_CHUNKS = 100_000  # walked at most; a file of more is no normal file
_OGG_PAGE = 65_307  # bytes at most (RFC 3533)


def ends_early(file: BinaryIO) -> bool:
    """True if the headers of `file`, which can seek, promise more bytes than there are."""
    length = file.seek(0, os.SEEK_END)
    start = _read(file, 0, 12)
    for magic, position, check in _CHECKS:
        if start[position : position + len(magic)] == magic:
            return check(file, length)
    return _mp3_ends_early(file, length)


def _read(file: BinaryIO, position: int, count: int) -> bytes:
    file.seek(position)
    return file.read(count)


def _riff_ends_early(file: BinaryIO, length: int) -> bool:
    """RIFF: for WAV its `data` chunk decides, for others (WebP, AVI) the size of the whole."""
    if _read(file, 8, 4) != b"WAVE":
        return _beyond(4, _read(file, 4, 4), "little", length)
    position = 12
    for _ in range(_MOST_CHUNKS):
        header = _read(file, position, 8)
        if len(header) < 8:
            return position > length
        if header[:4] == b"data":
            return _beyond(position + 4, header[4:], "little", length)
        position += 8 + int.from_bytes(header[4:], "little") // 2 * 2
    return False


def _aiff_ends_early(file: BinaryIO, length: int) -> bool:
    return _beyond(4, _read(file, 4, 4), "big", length)


def _beyond(position: int, size: bytes, order: str, length: int) -> bool:
    """Whether what follows the size field at `position` reaches over the end of the file."""
    count = int.from_bytes(size, "little" if order == "little" else "big")
    return count not in _UNKNOWN_SIZES and position + 4 + count > length


def _boxes_end_early(file: BinaryIO, length: int) -> bool:
    """ISO 14496-12 (MP4, M4A, MOV, AVIF): every top-level box must end inside the file."""
    position = 0
    for _ in range(_MOST_CHUNKS):
        header = _read(file, position, 16)
        if len(header) < 8:
            return False
        size = int.from_bytes(header[:4], "big")
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        if size == 0:  # the last box, to the end of the file
            return False
        position += max(size, 8)
        if position > length:
            return True
    return False


def _ogg_ends_early(file: BinaryIO, length: int) -> bool:
    """RFC 3533: the last page states the sizes of its segments."""
    tail_start = max(0, length - 2 * _OGG_PAGE)
    tail = _read(file, tail_start, 2 * _OGG_PAGE)
    page = tail[tail.rfind(b"OggS") :]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return True
    return 27 + page[26] + sum(page[27 : 27 + page[26]]) > len(page)


def _matroska_ends_early(file: BinaryIO, length: int) -> bool:
    """RFC 8794: after the EBML header, the size of the segment; live recordings leave it open."""
    header_size, width = _vint(_read(file, 4, 8))
    position = 4 + width + header_size
    if _read(file, position, 4) != b"\x18\x53\x80\x67":
        return position >= length
    size, width = _vint(_read(file, position + 4, 8))
    unknown = size == (1 << 7 * width) - 1
    return not unknown and position + 4 + width + size > length


def _vint(data: bytes) -> tuple[int, int]:
    """A number of 1 to 8 bytes (RFC 8794, section 4), and its width."""
    if not data or not data[0]:
        return 0, 1
    width = 9 - data[0].bit_length()
    return int.from_bytes(data[:width], "big") - (1 << 7 * width), width


def _au_ends_early(file: BinaryIO, length: int) -> bool:
    offset, size = _read(file, 4, 4), _read(file, 8, 4)
    return _beyond(int.from_bytes(offset, "big") - 4, size, "big", length)


def _png_ends_early(file: BinaryIO, length: int) -> bool:
    """Every chunk must end inside the file, and the last one is IEND."""
    position = 8
    for _ in range(_MOST_CHUNKS):
        header = _read(file, position, 8)
        position += 12 + int.from_bytes(header[:4], "big")  # length, kind, payload, check sum
        if len(header) < 8 or position > length:
            return True
        if header[4:] == b"IEND":
            return False
    return False


def _caf_ends_early(file: BinaryIO, length: int) -> bool:
    """Core Audio Format: chunks with 64-bit sizes; -1 is a recording that was not closed."""
    position = 8
    for _ in range(_MOST_CHUNKS):
        header = _read(file, position, 12)
        size = int.from_bytes(header[4:], "big", signed=True)
        if len(header) < 12 or size < 0:
            return False
        position += 12 + size
        if position > length:
            return True
    return False


def _w64_ends_early(file: BinaryIO, length: int) -> bool:
    """Sony Wave64: the size of the whole follows its 16-byte name."""
    return int.from_bytes(_read(file, 16, 8), "little") > length


def _mp3_ends_early(file: BinaryIO, length: int) -> bool:
    """The Xing or Info tag in the first MPEG frame may state the size of the stream."""
    start = _id3_size(_read(file, 0, 10))
    frame = _read(file, start, 192)
    mark = max(frame.find(b"Xing"), frame.find(b"Info"))
    flags = int.from_bytes(frame[mark + 4 : mark + 8], "big")
    if frame[:1] != b"\xff" or mark < 0 or not flags & 2:  # 1: frames are stated; 2: bytes are
        return False
    field = mark + 8 + 4 * (flags & 1)
    return start + int.from_bytes(frame[field : field + 4], "big") > length


def _id3_size(tag: bytes) -> int:
    """Bytes of an ID3v2 tag and its header; the size has 7 bits in each byte. 0: there is none."""
    if len(tag) < 10 or tag[:3] != b"ID3":
        return 0
    return 10 + sum((byte & 0x7F) << 7 * place for place, byte in enumerate(reversed(tag[6:])))


_CHECKS: tuple[tuple[bytes, int, Callable[[BinaryIO, int], bool]], ...] = (
    (b"\x89PNG", 0, _png_ends_early),
    (b"RIFF", 0, _riff_ends_early),
    (b"FORM", 0, _aiff_ends_early),
    (b"OggS", 0, _ogg_ends_early),
    (b"\x1a\x45\xdf\xa3", 0, _matroska_ends_early),
    (b".snd", 0, _au_ends_early),
    (b"caff", 0, _caf_ends_early),
    (b"riff\x2e\x91", 0, _w64_ends_early),
    (b"ftyp", 4, _boxes_end_early),
    (b"styp", 4, _boxes_end_early),
    (b"moov", 4, _boxes_end_early),
    (b"mdat", 4, _boxes_end_early),
    (b"wide", 4, _boxes_end_early),
    (b"free", 4, _boxes_end_early),
)
