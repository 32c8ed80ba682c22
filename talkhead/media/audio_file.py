"""Opening a sound file that anybody may have sent, and what comes out of its decoder."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from jaxtyping import Float32

from talkhead.errors import AudioTooLong, AudioTruncated, AudioUnreadable
from talkhead.media.resampling import check_rate
from talkhead.media.wholeness import ends_early
from talkhead.timing import SAMPLE_RATE, SAMPLES_PER_FRAME

# Containers of sound, and none that names other files: a playlist could read ours or call out.
_FORMATS = (
    "wav,w64,aiff,au,caf,flac,ogg,mp3,aac,ac3,eac3,amr,wv,tta,ape,mov,matroska,webm,avi,asf,flv"
    ",mpegts,mpeg"
)
_GUESSED = frozenset({"mp3", "aac", "ac3", "eac3", "amr", "mpegts", "mpeg"})  # by the bit rate
_MOST_PADDING_S = Fraction(1, 10)


@dataclass(frozen=True)
class AudioLimits:
    minimum_s: float = SAMPLES_PER_FRAME / SAMPLE_RATE
    maximum_s: float = 2 * 3600.0
    maximum_bytes: int = 500_000_000


@contextmanager
def opened_audio(source: Path | bytes, limits: AudioLimits) -> Iterator[InputContainer]:
    """A container with at least one audio stream.

    Raises:
        AudioUnreadable: it is none, or breaks while it is read.
        AudioTruncated: its headers promise more bytes than there are.
        AudioTooLong: it has more than `limits.maximum_bytes`.
        OSError: the file cannot be opened.
    """
    options = {"format_whitelist": _FORMATS, "protocol_whitelist": "none"}
    # Through Python's own file: FFmpeg opens nothing itself.
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        _check_bytes(file, limits)
        file.seek(0)
        try:
            # Tags may be in any encoding, or damaged; they are not why we are here.
            with av.open(file, "r", options=options, metadata_errors="replace") as container:
                if not container.streams.audio:
                    message = f"there is no sound in this file ({container.format.long_name})"
                    raise AudioUnreadable(message)
                yield container
        except av.FFmpegError as error:
            raise AudioUnreadable("this is no audio in a format that can be read") from error


def first_stream(container: InputContainer) -> AudioStream:
    """The audio stream that counts, also of a video.

    Raises:
        AudioUnreadable: its codec or sample rate is not known, or its headers make no sense.
    """
    stream = container.streams.audio[0]
    if stream.codec_context is None or stream.channels < 1 or stream.rate < 1:
        raise AudioUnreadable("the sound is in a codec that is not known, or damaged")
    check_rate(stream.rate)
    stream.codec_context.thread_count = 1
    return stream


def declared_seconds(container: InputContainer, stream: AudioStream) -> Fraction:
    """The length by the header; 0 if it says nothing and FFmpeg could only guess."""
    if container.format.name in _GUESSED:
        return Fraction(0)
    if stream.duration is not None and stream.time_base is not None:
        return stream.duration * stream.time_base
    return Fraction(container.duration or 0, av.time_base)


def padded(excess_s: Fraction) -> bool:
    """Whether so much more than the header says is the filling of first and last packet."""
    return 0 <= excess_s < _MOST_PADDING_S


def decoded(
    container: InputContainer, stream: AudioStream
) -> Iterator[Float32[np.ndarray, "samples channels"]]:
    """The sound piece by piece at `stream.rate`, in one or two channels, or more if unplaced.

    Where the header says that the sound ends inside the last packets, it ends there: the rest is
    filling. A packet that cannot be decoded is left out, as players do.

    Raises:
        AudioUnreadable: nothing can be decoded, or rate or channels change midway.
    """
    pieces = _decoded(container, stream)
    if stream.duration is not None:  # a container's own is often rounded to a millisecond
        end = round(declared_seconds(container, stream) * stream.rate)
        pieces = _unfilled(pieces, end, round(_MOST_PADDING_S * stream.rate)) if end else pieces
    yield from pieces


def _unfilled(
    pieces: Iterator[Float32[np.ndarray, "samples channels"]], end: int, most: int
) -> Iterator[Float32[np.ndarray, "samples channels"]]:
    """Without what follows sample `end`, unless that is `most` samples or more."""
    position = 0
    held: list[Float32[np.ndarray, "samples channels"]] = []
    for piece in pieces:
        kept = max(0, end - position)
        position += len(piece)
        yield piece[:kept]
        if position > end:
            held.append(piece[kept:])
        if position >= end + most:
            yield np.concatenate(held)
            held = []


def _decoded(
    container: InputContainer, stream: AudioStream
) -> Iterator[Float32[np.ndarray, "samples channels"]]:
    failed, good = 0, 0
    convert: av.AudioResampler | None = None
    kind: tuple[int, str, str] | None = None
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            failed += 1
            continue
        for frame in frames:
            convert = convert or _converter(frame)
            kind = kind or (stream.rate, frame.layout.name, frame.format.name)
            if (frame.sample_rate, frame.layout.name, frame.format.name) != kind:
                raise AudioUnreadable("the sound changes its sample rate or channels midway")
            good += 1
            for piece in convert.resample(frame):
                yield piece.to_ndarray().reshape(piece.samples, -1)
    if failed > good:
        raise AudioUnreadable(f"{failed} packets of sound are damaged and {good} are not")


def _check_bytes(file: BinaryIO, limits: AudioLimits) -> None:
    length = file.seek(0, os.SEEK_END)
    if length == 0:
        raise AudioUnreadable("the audio is empty: 0 bytes")
    if length > limits.maximum_bytes:
        raise AudioTooLong(f"the audio has {length} bytes; {limits.maximum_bytes} are possible")
    if ends_early(file):
        raise AudioTruncated("the audio ends before the length its header declares")


def _converter(frame: av.AudioFrame) -> av.AudioResampler:
    """To interleaved floats; surround is mixed down where each channel's place is known."""
    surround = len(frame.layout.channels) > 2
    placed = all(channel.name != "NONE" for channel in frame.layout.channels)
    return av.AudioResampler(format="flt", layout="stereo" if surround and placed else None)
