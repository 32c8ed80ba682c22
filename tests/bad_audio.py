"""Speech that must be refused, and how: synthesised, none stored."""

import struct

import numpy as np

from talkhead.errors import (
    AudioTooLong,
    AudioTooShort,
    AudioTruncated,
    AudioUnreadable,
    TalkheadError,
)
from tests.media_fakes import flashing, png, silent_video, sound_file, speech_like, wav

Errors = tuple[type[TalkheadError], ...]

_CUT_FORMATS = {  # container: codec
    "wav": "pcm_s16le",
    "flac": "flac",
    "ogg": "libopus",
    "mp3": "libmp3lame",
    "mp4": "aac",
    "webm": "libopus",
    "aiff": "pcm_s16be",
}
_FLAC_RATE, _FLAC_BLOCK = 8_000, 65_535  # samples per second; samples of a frame


def bad_audio() -> dict[str, tuple[bytes, Errors]]:
    """File content and the errors it may end in, by name."""
    foreign = {name: (data, (AudioUnreadable,)) for name, data in _not_audio().items()}
    return {**foreign, **_cut_off(), **_bad_headers(), **_bad_lengths()}


def _not_audio() -> dict[str, bytes]:
    url = b"file:///etc/hostname"
    return {
        "empty": b"",
        "one byte": b"R",
        "text": b"This is not a sound.\n" * 20,
        "html": b"<!doctype html><title>404</title><p>Not found",
        "json": b'{"audio": "speech.wav"}',
        "picture": png(np.full((9, 9, 3), 90, np.uint8), 2, 8),
        "pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF",
        "zip": b"PK\x03\x04\x14" + bytes(80),
        "midi": b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x04\0\xff\x2f\0",
        "random bytes": np.random.default_rng(2).bytes(5000),
        "HLS playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n" + url + b"\n",
        "DASH manifest": b"<?xml version='1.0'?><MPD><BaseURL>" + url + b"</BaseURL></MPD>",
        "list of files": b"ffconcat version 1.0\nfile '/etc/hostname'\n",
        "session description": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nt=0 0\nm=audio 5 RTP/AVP 0\n",
        "video without sound": silent_video(flashing(10)),
        "flac signature only": b"fLaC",
        "mp3 tag only": b"ID3\x04\0\0\0\0\0\x0a" + bytes(10),
    }


def _cut_off() -> dict[str, tuple[bytes, Errors]]:
    sound = speech_like(1.0)
    whole = {name: sound_file(sound, name, codec) for name, codec in _CUT_FORMATS.items()}
    return {
        f"{name} cut at {part:.0%}": (data[: int(len(data) * part)], (AudioTruncated,))
        for name, data in whole.items()
        for part in (0.6, 0.95)
    }


def _bad_headers() -> dict[str, tuple[bytes, Errors]]:
    second = bytes(32_000)
    broken = {
        "wav with 0 channels": _wav(second, channels=0),
        "wav at 0 Hz": _wav(second, rate=0),
        "wav at 100 Hz": _wav(second, rate=100),
        "wav at 96001 Hz": _wav(second, rate=96_001),
        "wav of 0 bits": _wav(second, bits=0),
        "wav in an unknown codec": _wav(second, codec=0xBEEF),
        "wav without data": _wav(second)[:36],
        "wav of not-a-numbers": _float_wav(float("nan")),
        "wav of infinities": _float_wav(float("inf")),
    }
    cases: dict[str, tuple[bytes, Errors]] = {
        name: (data, (AudioUnreadable,)) for name, data in broken.items()
    }
    lying = _wav(second, claim=10 * 3600 * 32_000)
    return {**cases, "wav that claims 10 hours": (lying, (AudioTruncated, AudioTooLong))}


def _bad_lengths() -> dict[str, tuple[bytes, Errors]]:
    def silence(samples: int) -> bytes:
        return wav(np.zeros((samples, 1), np.float32), 16_000)

    return {
        "no samples": (silence(0), (AudioTooShort,)),
        "one sample": (silence(1), (AudioTooShort,)),
        "20 ms": (silence(320), (AudioTooShort,)),
        "one sample short of a frame": (silence(639), (AudioTooShort,)),
        "10 hours": (flac_of_silence(10.0), (AudioTooLong,)),
        "10 hours, unstated": (flac_of_silence(10.0, stated=False), (AudioTooLong,)),
    }


def _wav(
    data: bytes,
    channels: int = 1,
    rate: int = 16_000,
    bits: int = 16,
    codec: int = 1,
    claim: int | None = None,
) -> bytes:
    """A WAV file with any header; it may claim another length of its data."""
    size = len(data) if claim is None else claim
    width = channels * bits // 8
    form = struct.pack("<HHIIHH", codec, channels, rate, width * rate, width, bits)
    start = b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + struct.pack("<I", 16)
    return start + form + b"data" + struct.pack("<I", size) + data


def _float_wav(value: float) -> bytes:
    return _wav(np.full(16_000, value, "<f4").tobytes(), bits=32, codec=3)


def flac_of_silence(hours: float, stated: bool = True) -> bytes:
    """Real silence, 16 bytes for 8 seconds: small to send, long to decode (RFC 9639)."""
    frames = round(hours * 3600 * _FLAC_RATE) // _FLAC_BLOCK
    samples = frames * _FLAC_BLOCK if stated else 0
    packed = _FLAC_RATE << 44 | (1 - 1) << 41 | (16 - 1) << 36 | samples
    info = struct.pack(">HH", _FLAC_BLOCK, _FLAC_BLOCK) + bytes(6) + packed.to_bytes(8, "big")
    header = b"fLaC\x80\0\0\x22" + info + bytes(16)
    return header + b"".join(_flac_frame(number) for number in range(frames))


def _flac_frame(number: int) -> bytes:
    """One frame of one channel: a constant subframe of zeros."""
    fixed_size_16_bit_length = b"\xff\xf8\x70\x08"  # rate from the header, mono, 16 bits
    position = chr(number).encode() if number < 0x800 else _three_bytes(number)
    start = fixed_size_16_bit_length + position + struct.pack(">H", _FLAC_BLOCK - 1)
    frame = start + bytes([_remainder(start, 0x07, 8)]) + b"\0\0\0"
    return frame + _remainder(frame, 0x8005, 16).to_bytes(2, "big")


def _three_bytes(number: int) -> bytes:
    """UTF-8 of any number from 0x800 to 0xFFFF, surrogates too."""
    return bytes([0xE0 | number >> 12, 0x80 | number >> 6 & 0x3F, 0x80 | number & 0x3F])


def _remainder(data: bytes, polynomial: int, bits: int) -> int:
    """A cyclic redundancy check: most significant bit first, from zero."""
    value, top = 0, 1 << bits - 1
    for byte in data:
        value ^= byte << bits - 8
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & top else value << 1) & (1 << bits) - 1
    return value
