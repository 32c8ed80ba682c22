"""Speech from a file or bytes: checked before it is used, read in blocks of constant size."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from jaxtyping import Float32

from talkhead.errors import AudioTooLong, AudioTooShort, AudioTruncated, AudioUnreadable
from talkhead.media.audio_file import (
    AudioLimits,
    declared_seconds,
    decoded,
    first_stream,
    opened_audio,
    padded,
)
from talkhead.media.resampling import SoundBlock, SpeechResampler
from talkhead.timing import SAMPLE_RATE, SOUND_RATE

_RATIO = SOUND_RATE // SAMPLE_RATE
_TRIED_PACKETS = 50  # of which one must decode: 1 s of most codecs
_PIECE_S = 0.25  # decoders give pieces too small to resample one by one


@dataclass(frozen=True, slots=True)
class AudioInfo:
    duration_s: float  # right to two packets: exact lengths need decoding
    channels: int
    rate: int  # samples per second
    codec: str
    container: str


def probe_audio(source: Path | bytes, limits: AudioLimits = AudioLimits()) -> AudioInfo:
    """What is in a file, without decoding more than its start.

    The first audio stream counts, also of a video. A file that is too long is known by its header,
    or as soon as the packets so far are longer than the limit.

    Raises:
        AudioUnreadable: empty, no audio stream, or nothing of it can be decoded.
        AudioTruncated: it ends before the length its header declares.
        AudioTooShort: less than `limits.minimum_s`.
        AudioTooLong: more than `limits.maximum_s` or `limits.maximum_bytes`.
        OSError: the file cannot be opened.
    """
    with opened_audio(source, limits) as container:
        stream = first_stream(container)
        declared = declared_seconds(container, stream)
        _check_maximum(declared, limits)
        packets = _count(container, stream, limits)
        _check_minimum(packets.seconds, limits)
        if not packets.decodable:
            raise AudioUnreadable(f"the {stream.codec_context.name} sound cannot be decoded")
        if container.format.name == "flac":
            _check_flac(packets, declared)
        codec, name = stream.codec_context.name, container.format.name
        stated = declared > 0 and padded(packets.seconds - declared)
        seconds = declared if stated else packets.seconds
        return AudioInfo(float(seconds), stream.channels, stream.rate, codec, name)


def read_audio(
    source: Path | bytes, block_seconds: float = 0.5, limits: AudioLimits = AudioLimits()
) -> Generator[SoundBlock, None, None]:
    """All sound of a file in blocks of `block_seconds`, the last one shorter; constant memory.

    One or two channels; more are mixed down to two, or to one if their places are not known. The
    blocks last as long as the sound decodes to, to the nearest 1/16000 s.

    Raises:
        AudioUnreadable, AudioTruncated, AudioTooLong: as `probe_audio`, some only on the way.
        AudioTooShort: in the end less than `limits.minimum_s` came out.
    """
    samples = 0
    with opened_audio(source, limits) as container:
        blocks = _resampled(container, first_stream(container))
        for block in _in_blocks_of(round(block_seconds * SAMPLE_RATE), blocks):
            samples += len(block.waveform)
            _check_maximum(samples / SAMPLE_RATE, limits)
            yield block
    _check_minimum(samples / SAMPLE_RATE, limits)


@dataclass(frozen=True)
class _Packets:
    seconds: Fraction
    decodable: bool  # one of the first
    intact: bool  # the last


def _count(container: InputContainer, stream: AudioStream, limits: AudioLimits) -> _Packets:
    """Read all packets and stop where they are longer than the limit; decode only a few."""
    length, decodable, last = 0, False, None  # in ticks
    tick = stream.time_base or Fraction(1, stream.rate)
    longest = int(limits.maximum_s / tick)
    for number, packet in enumerate(container.demux(stream)):
        if packet.size:
            last = packet
            length += packet.duration or round(_decoded_seconds(packet) / tick)
            if length > longest:
                _check_maximum(length * tick, limits)
        if number < _TRIED_PACKETS and not decodable:
            decodable = _decoded_seconds(packet) > 0
    return _Packets(length * tick, decodable, last is not None and _decoded_seconds(last) > 0)


def _decoded_seconds(packet: "av.Packet[AudioStream]") -> Fraction:
    """0 if it cannot be decoded.

    Some packets say not themselves how long they are, as FLAC's of more than 16384 samples.
    """
    try:
        return sum((Fraction(f.samples, f.sample_rate) for f in packet.decode()), Fraction(0))
    except av.FFmpegError:
        return Fraction(0)


def _check_flac(packets: _Packets, declared_s: Fraction) -> None:
    """FLAC states its samples; a frame that is cut off fails its check sum."""
    if packets.seconds < declared_s or not packets.intact:
        there, said = float(packets.seconds), float(declared_s)
        raise AudioTruncated(f"the audio ends after {there:.2f} s; its header says {said:.2f} s")


def _check_maximum(seconds: Fraction | float, limits: AudioLimits) -> None:
    if float(seconds) > limits.maximum_s:
        raise AudioTooLong(f"the audio is longer than the {limits.maximum_s:g} s that are possible")


def _check_minimum(seconds: Fraction | float, limits: AudioLimits) -> None:
    if float(seconds) < limits.minimum_s:
        raise AudioTooShort(
            f"the audio has {float(seconds):.3f} s; {limits.minimum_s:g} are needed"
        )


def _resampled(container: InputContainer, stream: AudioStream) -> Iterator[SoundBlock]:
    resampler: SpeechResampler | None = None
    for samples in _gathered(decoded(container, stream), round(_PIECE_S * stream.rate)):
        resampler = resampler or SpeechResampler(stream.rate, samples.shape[1])
        yield resampler.push(samples)
    if resampler:
        yield resampler.finish()


def _gathered(
    pieces: Iterator[Float32[np.ndarray, "samples channels"]], least: int
) -> Iterator[Float32[np.ndarray, "samples channels"]]:
    """The same samples in pieces of at least `least`, but the last."""
    waiting: list[Float32[np.ndarray, "samples channels"]] = []
    count = 0
    for piece in pieces:
        waiting.append(piece)
        count += len(piece)
        if count >= least:
            yield np.concatenate(waiting)
            waiting, count = [], 0
    if waiting:
        yield np.concatenate(waiting)


def _in_blocks_of(size: int, blocks: Iterator[SoundBlock]) -> Iterator[SoundBlock]:
    """The same sound in blocks of `size` samples of the waveform, the last one shorter."""
    sound, waveform = np.empty((0, 1), np.float32), np.empty(0, np.float32)
    for block in blocks:
        sound = np.concatenate([sound, block.sound]) if len(sound) else block.sound
        waveform = np.concatenate([waveform, block.waveform])
        while len(waveform) >= size:
            yield SoundBlock(sound[: _RATIO * size], waveform[:size])
            sound, waveform = sound[_RATIO * size :], waveform[size:]
    if len(waveform):
        yield SoundBlock(sound, waveform)
