"""Pictures and sound whose content says which frame they belong to."""

import io
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from jaxtyping import Float32, UInt8

from talkhead.media.h264 import encode_chunk
from talkhead.media.muxer import FragmentMuxer
from talkhead.timing import FRAME_RATE, SOUND_PER_FRAME, SOUND_RATE
from talkhead.types import Fragment, Frames, Sound, VideoChunk


@dataclass(frozen=True)
class Decoded:
    """What a player gets: samples placed by their time stamps."""

    frames: Frames
    frame_times: list[float]  # seconds
    sound: Float32[np.ndarray, "samples channels"]
    sound_start: float  # seconds
    sound_length: float  # seconds, by the packets' durations and without the priming
    comment: str


def flashing(count: int, flashes: Iterable[int] = (), size: int = 64) -> Frames:
    """Dark frames, and a bright one at each of `flashes`."""
    frames = np.full((count, size, size, 3), 40, np.uint8)
    frames[list(flashes)] = 220
    return frames


def clicking(count: int, clicks: Iterable[int] = (), channels: int = 1) -> Sound:
    """Silence for `count` frames, and a 2 ms burst that begins with each frame of `clicks`."""
    sound = np.zeros((count * SOUND_PER_FRAME, channels), np.float32)
    burst = 0.8 * np.sin(2 * np.pi * 4000 * np.arange(96) / SOUND_RATE)
    for frame in clicks:
        start = frame * SOUND_PER_FRAME
        sound[start : start + 96] = burst[:, None]
    return sound


def speech_like(seconds: float, channels: int = 1) -> Sound:
    """A vowel-like buzz that comes and goes, different in each channel."""
    time = np.arange(round(seconds * SOUND_RATE)) / SOUND_RATE
    voices = []
    for channel in range(channels):
        pitch = 120 + 40 * channel
        buzz = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 9))
        voices.append(0.2 * buzz * np.sin(np.pi * 2 * time) ** 2)
    return np.stack(voices, axis=1).astype(np.float32)


def wav(sound: Sound, rate: int) -> bytes:
    """16-bit WAV of any number of channels."""
    body = (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()
    channels = sound.shape[1]
    form = struct.pack("<HHIIHH", 1, channels, rate, 2 * channels * rate, 2 * channels, 16)
    start = b"RIFF" + struct.pack("<I", 36 + len(body)) + b"WAVEfmt " + struct.pack("<I", 16)
    return start + form + b"data" + struct.pack("<I", len(body)) + body


def sound_file(
    sound: Sound, container: str, codec: str, rate: int = SOUND_RATE, layout: str = ""
) -> bytes:
    """`sound`, taken as being at `rate`, in any container and codec that FFmpeg writes."""
    layout = layout or {1: "mono", 2: "stereo"}[sound.shape[1]]
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T), "fltp", layout)
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, AudioStream)
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def silent_video(frames: Frames) -> bytes:
    """An MP4 with a picture and no sound."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        stream = output.add_stream("libx264", rate=FRAME_RATE)
        assert isinstance(stream, VideoStream)
        _, stream.height, stream.width, _ = frames.shape
        for pixels in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def png(
    samples: UInt8[np.ndarray, "height width bytes"],
    kind: int,
    depth: int,
    claim: tuple[int, int] | None = None,
    body: bytes | None = None,
) -> bytes:
    """A PNG of any colour type and bit depth; it may claim another size or hold another body."""

    def chunk(name: bytes, payload: bytes) -> bytes:
        check = zlib.crc32(name + payload)
        return struct.pack(">I", len(payload)) + name + payload + struct.pack(">I", check)

    height, width, _ = samples.shape
    header = struct.pack(">IIBBBBB", *(claim or (width, height)), depth, kind, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in samples)
    data = zlib.compress(rows) if body is None else body
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def cut(frames: Frames, sizes: Sequence[int]) -> list[VideoChunk]:
    """`frames` encoded in chunks of the given sizes, the last size repeated."""
    chunks: list[VideoChunk] = []
    start = 0
    while start < len(frames):
        size = sizes[min(len(chunks), len(sizes) - 1)]
        chunks.append(encode_chunk(frames[start : start + size]))
        start += size
    return chunks


def mux(
    frames: Frames, sound: Sound, sizes: Sequence[int], comment: str = "", lead: int = 0
) -> list[Fragment]:
    """The fragments of a whole video; the sound runs `lead` samples ahead of the pictures."""
    muxer = FragmentMuxer(sound.shape[1], comment)
    fragments, frame, given = [], 0, 0
    for chunk in cut(frames, sizes):
        frame += chunk.frames
        until = min(len(sound), frame * SOUND_PER_FRAME + lead)
        fragments.append(muxer.write(chunk, sound[given:until]))
        given = until
    last = muxer.finish()
    return [*fragments, last] if last else fragments


def joined(fragments: Iterable[Fragment]) -> bytes:
    return b"".join(fragment.payload for fragment in fragments)


def decode(video: bytes) -> Decoded:
    with av.open(io.BytesIO(video), "r") as container:
        comment = container.metadata.get("comment", "")
        pictures = list(container.decode(video=0))
    with av.open(io.BytesIO(video), "r") as container:
        blocks = [block for block in container.decode(audio=0) if block.samples]
    spans = packet_spans(video, "audio")
    return Decoded(
        np.stack([picture.to_ndarray(format="rgb24") for picture in pictures]),
        [picture.time if picture.time is not None else -1.0 for picture in pictures],
        np.concatenate([block.to_ndarray().T for block in blocks]),
        blocks[0].time if blocks[0].time is not None else -1.0,
        float(spans[-1][1]),
        comment,
    )


def packet_spans(video: bytes, kind: str) -> list[tuple[Fraction, Fraction]]:
    """Begin and end of each packet of the first "video" or "audio" stream, in seconds."""
    with av.open(io.BytesIO(video), "r") as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        spans = []
        for packet in container.demux(stream):
            if packet.pts is not None and packet.duration is not None:
                begin, base = packet.pts, packet.time_base
                spans.append((begin * base, (begin + packet.duration) * base))
    return spans
