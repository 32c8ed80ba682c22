"""Frames to H.264: each chunk a closed GOP, made by a fresh encoder with fixed settings.

x264's bytes depend on its settings, its thread count and nothing else, so any process makes the
same bytes from the same frames, and the chunks of one video share one SPS and PPS wherever they
were made.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from talkhead.errors import OptionError
from talkhead.timing import FRAME_RATE
from talkhead.types import Frames, VideoChunk

_SPS, _PPS = 7, 8  # NAL unit types, H.264 table 7-1
_PICTURES = frozenset({1, 5})  # a slice; a slice of an IDR picture
_BT709 = "colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv"  # tv: luma 16 to 235
_START_CODE = re.compile(rb"\x00*\x00\x00\x01")


@dataclass(frozen=True)
class H264Settings:
    crf: int = 23  # constant quality, 0 to 51; lower is better and larger
    preset: str = "superfast"  # a third less work than veryfast, a tenth more bits, as good


def encode_chunk(frames: Frames, settings: H264Settings = H264Settings()) -> VideoChunk:
    """One IDR picture and then P pictures, BT.709 limited range, 4:2:0, one slice each.

    Raises:
        OptionError: the width or height is odd, which 4:2:0 cannot hold.
    """
    count, height, width, _ = frames.shape
    assert count > 0
    if width % 2 or height % 2:
        message = f"{width} x {height} pixels; both must be even for H.264"
        raise OptionError(message, "options.size")
    encoder = _open_encoder(width, height, settings)
    units = tuple(_avcc(unit) for unit in _encode(encoder, frames))
    assert len(units) == count
    sps, pps = _parameter_sets(encoder)
    return VideoChunk(units, sps, pps, width, height)


def codec_string(sps: bytes) -> str:
    """The `codecs` of a MIME type, as "avc1.64001f": profile, constraints, level (RFC 6381)."""
    return f"avc1.{sps[1:4].hex()}"


def _open_encoder(width: int, height: int, settings: H264Settings) -> VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FRAME_RATE), Fraction(FRAME_RATE)
    encoder.thread_count = 1  # the bytes depend on it
    encoder.flags |= Flags.global_header  # SPS and PPS apart from the pictures
    encoder.options = {
        "preset": settings.preset,
        "tune": "zerolatency",  # no B-frames, a picture out for each picture in
        "profile": "high",
        "crf": str(settings.crf),
        "x264-params": f"keyint=infinite:scenecut=0:{_BT709}",  # one IDR picture, the first
    }
    encoder.open()
    return encoder


def _encode(encoder: VideoCodecContext, frames: Frames) -> Iterator[bytes]:
    """One Annex B access unit a frame."""
    reformatter = VideoReformatter()  # kept over the chunk: making one costs more than using it
    for index, pixels in enumerate(frames):
        picture = reformatter.reformat(
            av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(pixels), format="rgb24"),
            format="yuv420p",
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            src_colorspace=Colorspace.ITU709,
            dst_colorspace=Colorspace.ITU709,
            interpolation=Interpolation.AREA,  # chroma as the mean of four pixels: least error
        )
        picture.pts, picture.time_base = index, encoder.time_base
        yield from map(bytes, encoder.encode(picture))
    yield from map(bytes, encoder.encode(None))


def _parameter_sets(encoder: VideoCodecContext) -> tuple[bytes, bytes]:
    assert encoder.extradata is not None
    units = {_type(unit): unit for unit in _nal_units(encoder.extradata)}
    return units[_SPS], units[_PPS]


def _avcc(annex_b: bytes) -> bytes:
    """Start codes become 4-byte lengths (ISO 14496-15, 5.3.3.1.1); only pictures stay."""
    pictures = (unit for unit in _nal_units(annex_b) if _type(unit) in _PICTURES)
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in pictures)


def _nal_units(annex_b: bytes) -> list[bytes]:
    return [unit for unit in _START_CODE.split(annex_b) if unit]


def _type(unit: bytes) -> int:
    return unit[0] & 0x1F
