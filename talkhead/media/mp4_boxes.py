"""The boxes of which an MP4 file is made (ISO 14496-12), as bytes."""

from collections.abc import Sequence

_UNITY_MATRIX = b"".join(
    number.to_bytes(4, "big") for number in (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
)
_SELF_CONTAINED = 1  # flag of a data reference: the media is in this file


def u16(number: int) -> bytes:
    return number.to_bytes(2, "big")


def u32(number: int) -> bytes:
    return number.to_bytes(4, "big")


def u64(number: int) -> bytes:
    return number.to_bytes(8, "big")


def box(kind: str, *payload: bytes) -> bytes:
    """A box of a four-letter kind; latin-1, for Apple's `©` tags."""
    body = b"".join(payload)
    return u32(8 + len(body)) + kind.encode("latin-1") + body


def full_box(kind: str, version: int, flags: int, *payload: bytes) -> bytes:
    """A box with a version and flags."""
    return box(kind, u32(version << 24 | flags), *payload)


def file_type(major: str, *compatible: str) -> bytes:
    return box("ftyp", major.encode(), u32(1), *(brand.encode() for brand in compatible))


def movie_header(timescale: int, next_track: int) -> bytes:
    """`mvhd`, of unknown duration: the fragments tell it."""
    times = u32(0) + u32(0) + u32(timescale) + u32(0)  # creation, modification, timescale, duration
    rate_and_volume = u32(0x10000) + u16(0x100) + bytes(10)
    return full_box("mvhd", 0, 0, times, rate_and_volume, _UNITY_MATRIX, bytes(24), u32(next_track))


def track_header(track: int, volume: int = 0, width: int = 0, height: int = 0) -> bytes:
    """`tkhd`, enabled and part of the movie. Volume in 1/256, sizes in pixels."""
    times = u32(0) + u32(0) + u32(track) + u32(0) + u32(0)  # ..., id, reserved, duration
    place = bytes(8) + u16(0) + u16(0) + u16(volume) + u16(0)
    return full_box("tkhd", 0, 3, times, place, _UNITY_MATRIX, u32(width << 16), u32(height << 16))


def edit_list(media_time: int) -> bytes:
    """`edts`: the presentation starts at `media_time` of the track and goes on to its end."""
    return box("edts", full_box("elst", 0, 0, u32(1), u32(0), u32(media_time), u32(0x10000)))


def media(kind: str, timescale: int, media_header: bytes, sample_entry: bytes) -> bytes:
    """`mdia` of a track without samples of its own: they come in fragments."""
    undetermined = 0x55C4  # the language "und", 5 bits a letter
    times = u32(0) + u32(0) + u32(timescale) + u32(0) + u16(undetermined) + u16(0)
    handler = full_box("hdlr", 0, 0, u32(0), kind.encode(), bytes(12), b"\0")
    data = box("dinf", full_box("dref", 0, 0, u32(1), full_box("url ", 0, _SELF_CONTAINED)))
    samples = box(
        "stbl",
        full_box("stsd", 0, 0, u32(1), sample_entry),
        full_box("stts", 0, 0, u32(0)),
        full_box("stsc", 0, 0, u32(0)),
        full_box("stsz", 0, 0, u32(0), u32(0)),
        full_box("stco", 0, 0, u32(0)),
    )
    return box(
        "mdia", full_box("mdhd", 0, 0, times), handler, box("minf", media_header, data, samples)
    )


def avc_sample_entry(width: int, height: int, sps: bytes, pps: bytes) -> bytes:
    """`avc1`: H.264 with 4-byte lengths, parameter sets here, BT.709 limited range."""
    high_profile = (
        b"\xfd\xf8\xf8\0"  # 4:2:0, 8 bits, 8 bits, no extension (ISO 14496-15, 5.3.3.1.2)
    )
    configuration = box(
        "avcC",
        b"\x01" + sps[1:4] + b"\xff",  # version, profile, constraints, level; 4-byte lengths
        b"\xe1" + u16(len(sps)) + sps,
        b"\x01" + u16(len(pps)) + pps,
        high_profile,
    )
    colour = box("colr", b"nclx", u16(1), u16(1), u16(1), b"\0")  # BT.709 three times, limited
    resolution = u32(72 << 16)  # dots per inch, a fixed value
    return box(
        "avc1",
        bytes(6) + u16(1) + bytes(16),
        u16(width) + u16(height) + resolution + resolution + u32(0) + u16(1),
        bytes(32) + u16(24) + u16(0xFFFF),
        configuration,
        colour,
    )


def aac_sample_entry(channels: int, rate: int, config: bytes) -> bytes:
    """`mp4a` with the descriptors of ISO 14496-1, 7.2.6."""
    specific = _descriptor(5, config)
    mpeg4_audio, audio_stream = b"\x40", b"\x15"
    bit_rates = bytes(3) + u32(0) + u32(0)  # buffer, maximum, average: not stated
    decoder = _descriptor(4, mpeg4_audio + audio_stream + bit_rates + specific)
    stream = _descriptor(3, u16(0) + b"\0" + decoder + _descriptor(6, b"\x02"))
    return box(
        "mp4a",
        bytes(6) + u16(1) + bytes(8),
        u16(channels) + u16(16) + u32(0) + u32(rate << 16),
        full_box("esds", 0, 0, stream),
    )


def tags(values: Sequence[tuple[str, str]]) -> bytes:
    """`udta` with iTunes-style tags, as ("©cmt", "a comment")."""
    text = u32(1) + u32(0)  # UTF-8, any locale
    items = [box(kind, box("data", text, value.encode())) for kind, value in values]
    handler = full_box("hdlr", 0, 0, u32(0), b"mdirappl", bytes(9))
    return box("udta", full_box("meta", 0, 0, handler, box("ilst", *items)))


def _descriptor(tag: int, payload: bytes) -> bytes:
    assert len(payload) < 128  # the length fits one byte
    return bytes([tag, len(payload)]) + payload
