"""The fragmented MP4 that plays while it is being made: one header, then fragments.

Written here and not by FFmpeg: a fragment leaves the moment its frames exist, no container is ever
open, and every fragment is a function of its content and position alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from talkhead.media.aac import PACKET_SAMPLES, PRIMING_SAMPLES, SoundPacket
from talkhead.media.mp4_boxes import (
    aac_sample_entry,
    avc_sample_entry,
    box,
    edit_list,
    file_type,
    full_box,
    media,
    movie_header,
    tags,
    track_header,
    u16,
    u32,
    u64,
)
from talkhead.timing import FRAME_RATE, SOUND_RATE
from talkhead.types import VideoChunk

VIDEO_TIMESCALE = 12_800  # units per second, as FFmpeg chooses for 25 fps
_UNITS_PER_FRAME = VIDEO_TIMESCALE // FRAME_RATE
_MOVIE_TIMESCALE = 1000
_VIDEO, _AUDIO = 1, 2  # track ids
_SYNC, _NOT_SYNC = (
    0x0200_0000,
    0x0101_0000,
)  # sample flags: starts on its own, or needs earlier ones

# Flags of `tfhd` and `trun` (ISO 14496-12, 8.8.7 and 8.8.8).
_BASE_IS_MOOF, _HAS_DURATION, _HAS_FLAGS = 0x02_0000, 0x08, 0x20
_DATA_OFFSET, _FIRST_FLAGS, _DURATIONS, _SIZES = 0x001, 0x004, 0x100, 0x200

assert VIDEO_TIMESCALE % FRAME_RATE == 0


@dataclass(frozen=True)
class FragmentedMp4:
    """What the header must know; equal values give equal bytes."""

    width: int
    height: int
    channels: int
    sps: bytes
    pps: bytes
    audio_config: bytes  # AudioSpecificConfig
    comment: str = ""  # shown by players and read by tools, for the label "AI-generated"

    def header(self) -> bytes:
        """`ftyp` and `moov`. Picture and sound start at 0 together: an edit skips the priming."""
        return file_type("iso6", "iso6", "iso5", "avc1", "mp41") + box(
            "moov",
            movie_header(_MOVIE_TIMESCALE, next_track=3),
            self._video_track(),
            self._sound_track(),
            box("mvex", _track_defaults(_VIDEO), _track_defaults(_AUDIO)),
            tags([("©too", "Talkhead")] + [("©cmt", self.comment)] * bool(self.comment)),
        )

    def _video_track(self) -> bytes:
        graphics = full_box("vmhd", 0, 1, bytes(8))
        entry = avc_sample_entry(self.width, self.height, self.sps, self.pps)
        return box(
            "trak",
            track_header(_VIDEO, width=self.width, height=self.height),
            media("vide", VIDEO_TIMESCALE, graphics, entry),
        )

    def _sound_track(self) -> bytes:
        balance = full_box("smhd", 0, 0, u16(0), u16(0))
        entry = aac_sample_entry(self.channels, SOUND_RATE, self.audio_config)
        return box(
            "trak",
            track_header(_AUDIO, volume=0x100),
            edit_list(PRIMING_SAMPLES),
            media("soun", SOUND_RATE, balance, entry),
        )


def fragment(
    chunk: VideoChunk | None,
    first_frame: int,
    packets: Sequence[SoundPacket],
    first_packet: int,
) -> bytes:
    """`moof` and `mdat`: pictures from `first_frame` on, sound from packet `first_packet` on.

    Either may be missing. Positions count from the start of the video: the times follow from them
    with 64 bits, so hours are exact.
    """
    units = chunk.access_units if chunk else ()
    video, sound = b"".join(units), b"".join(packet.payload for packet in packets)
    sequence = full_box("mfhd", 0, 0, u32(first_frame + 1))

    def moof(start: int) -> bytes:
        tracks = [_video_run(units, first_frame, start)] if units else []
        if packets:
            tracks.append(_sound_run(packets, first_packet, start + len(video)))
        return box("moof", sequence, *tracks)

    payload_start = len(moof(0)) + 8  # the offsets have a fixed width, so the length is final
    return moof(payload_start) + box("mdat", video, sound)


def end_mark() -> bytes:
    """An `mfra` without an index: nothing comes after it."""
    return box("mfra", full_box("mfro", 0, 0, u32(24)))


def _video_run(units: Sequence[bytes], first_frame: int, start: int) -> bytes:
    sizes = b"".join(u32(len(unit)) for unit in units)
    flags = _DATA_OFFSET | _FIRST_FLAGS | _SIZES
    return box(
        "traf",
        _run_header(_VIDEO, _UNITS_PER_FRAME, _NOT_SYNC),
        full_box("tfdt", 1, 0, u64(first_frame * _UNITS_PER_FRAME)),
        full_box("trun", 0, flags, u32(len(units)), u32(start), u32(_SYNC), sizes),
    )


def _sound_run(packets: Sequence[SoundPacket], first_packet: int, start: int) -> bytes:
    rows = b"".join(u32(packet.samples) + u32(len(packet.payload)) for packet in packets)
    flags = _DATA_OFFSET | _DURATIONS | _SIZES
    return box(
        "traf",
        _run_header(_AUDIO, PACKET_SAMPLES, _SYNC),
        full_box("tfdt", 1, 0, u64(first_packet * PACKET_SAMPLES)),
        full_box("trun", 0, flags, u32(len(packets)), u32(start), rows),
    )


def _run_header(track: int, duration: int, sample_flags: int) -> bytes:
    flags = _BASE_IS_MOOF | _HAS_DURATION | _HAS_FLAGS
    return full_box("tfhd", 0, flags, u32(track), u32(duration), u32(sample_flags))


def _track_defaults(track: int) -> bytes:
    return full_box("trex", 0, 0, u32(track), u32(1), u32(0), u32(0), u32(0))
