import io
import threading
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
import pytest

from talkhead.errors import RenderingFailed
from talkhead.media.aac import HELD_SAMPLES, PACKET_SAMPLES, PRIMING_SAMPLES, SoundEncoder
from talkhead.media.fmp4 import fragment
from talkhead.media.h264 import H264Settings, encode_chunk
from talkhead.media.muxer import FragmentMuxer, MuxPosition
from talkhead.timing import SOUND_PER_FRAME, SOUND_RATE
from talkhead.types import Sound
from tests.media_fakes import (
    clicking,
    cut,
    decode,
    flashing,
    joined,
    mux,
    packet_spans,
    speech_like,
)


def _onset(sound: Sound) -> int:
    """The first sample of a burst: half a period into it the sine has passed a fifth."""
    return int(np.argmax(np.abs(sound[:, 0]) > 0.15))


@pytest.mark.parametrize("sizes", [(1,), (4,), (5, 10, 25), (60,), (7, 1, 30)])
@pytest.mark.parametrize("channels", [1, 2])
def test_what_is_muxed_decodes_back_in_step(sizes: Sequence[int], channels: int) -> None:
    """A flash and a click of the same frame come out at the same frame, however it was cut."""
    fragments = mux(flashing(60, [33]), clicking(60, [33], channels), sizes)
    result = decode(joined(fragments))
    assert result.frame_times == pytest.approx([frame / 25 for frame in range(60)], abs=1e-9)
    assert int(result.frames.mean(axis=(1, 2, 3)).argmax()) == 33
    assert result.sound_start == 0
    assert result.sound.shape[1] == channels
    assert result.sound_length == pytest.approx(60 / 25, abs=1e-9)
    assert _onset(result.sound) == pytest.approx(33 * SOUND_PER_FRAME, abs=SOUND_RATE // 1000)
    assert sum(fragment.frames for fragment in fragments) == 60


def test_the_sound_is_the_sound() -> None:
    """FFmpeg ignores that the last packet is shorter: up to a packet of padding follows."""
    sound = speech_like(2.0, channels=2)
    result = decode(joined(mux(flashing(50), sound, (10,))))
    assert 0 <= len(result.sound) - len(sound) < PACKET_SAMPLES
    for channel in range(2):
        error = np.mean((result.sound[: len(sound), channel] - sound[:, channel]) ** 2)
        assert error < 0.01 * np.mean(sound[:, channel] ** 2)


def test_the_cuts_do_not_change_the_sound_and_a_lead_changes_nothing() -> None:
    frames, sound = flashing(40, [3]), clicking(40, [3, 30])
    whole, pieces = mux(frames, sound, (40,)), mux(frames, sound, (1, 7))
    ahead = mux(frames, sound, (1, 7), lead=4000)
    assert np.array_equal(decode(joined(whole)).sound, decode(joined(pieces)).sound)
    assert np.array_equal(decode(joined(ahead)).sound, decode(joined(pieces)).sound)
    assert np.array_equal(decode(joined(ahead)).frames, decode(joined(pieces)).frames)


def test_later_input_never_changes_earlier_bytes() -> None:
    short = mux(flashing(20), clicking(20, [2]), (5,))
    long = mux(flashing(40, [30]), clicking(40, [2, 35]), (5,))
    assert [f.payload for f in short[:4]] == [f.payload for f in long[:4]]


@pytest.mark.parametrize(("lead", "late"), [(0, HELD_SAMPLES), (HELD_SAMPLES, 0)])
def test_all_that_is_complete_has_left(lead: int, late: int) -> None:
    """After k frames every picture is out, and the sound but 64 ms; with a lead, all of it."""
    fragments = mux(flashing(50), clicking(50), (5,), lead=lead)
    for count in range(2, 10):
        out = decode(joined(fragments[:count]))
        assert len(out.frames) == 5 * count
        assert len(out.sound) >= 5 * count * SOUND_PER_FRAME - late


def test_the_header_comes_once_and_first() -> None:
    fragments = mux(flashing(20), clicking(20), (5,), comment="AI-generated: é")
    assert [fragment.payload.count(b"moov") for fragment in fragments] == [1, 0, 0, 0, 0]
    assert fragments[0].payload[4:8] == b"ftyp"
    assert decode(joined(fragments)).comment == "AI-generated: é"
    assert [(f.first_frame, f.frames) for f in fragments] == [
        (0, 5), (5, 5), (10, 5), (15, 5), (20, 0),
    ]  # fmt: skip


def test_the_boxes_fill_the_file_exactly() -> None:
    video = joined(mux(flashing(12), clicking(12), (5,)))
    kinds, position = [], 0
    while position < len(video):
        kinds.append(video[position + 4 : position + 8])
        position += int.from_bytes(video[position : position + 4], "big")
    assert position == len(video)
    assert kinds == [b"ftyp", b"moov"] + [b"moof", b"mdat"] * 4 + [b"mfra"]


def test_streams_are_described_as_they_are() -> None:
    video = joined(mux(flashing(30), clicking(30, channels=2), (10,)))
    with av.open(io.BytesIO(video), "r") as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert (picture.codec_context.name, picture.width, picture.height) == ("h264", 64, 64)
        assert (sound.codec_context.name, sound.rate, sound.channels) == ("aac", SOUND_RATE, 2)
        keys = [packet.is_keyframe for packet in container.demux(picture) if packet.size]
    assert keys == [index % 10 == 0 for index in range(30)]


def test_only_the_first_picture_of_a_fragment_stands_alone() -> None:
    """ISO 14496-12, 8.8.3.1: a player may start at a sample that depends on no other."""
    alone, needs_others = 0x0200_0000, 0x0101_0000
    payload = fragment(encode_chunk(flashing(5)), 0, [], 0)
    header = payload.index(b"tfhd") + 4  # flags, track, duration, default flags
    run = payload.index(b"trun") + 4  # flags, count, offset, flags of the first
    assert int.from_bytes(payload[header + 12 : header + 16], "big") == needs_others
    assert int.from_bytes(payload[run + 12 : run + 16], "big") == alone


@pytest.mark.parametrize("after", [1, 2, 5])
def test_a_video_resumes_elsewhere_without_a_seam(after: int) -> None:
    frames, sound = flashing(40, [10, 30]), speech_like(1.6)
    chunks = cut(frames, (1, 5))
    muxer, given = FragmentMuxer(1), 0
    fragments = []
    for chunk in chunks[:after]:
        until = given + chunk.frames * SOUND_PER_FRAME
        fragments.append(muxer.write(chunk, sound[given:until]))
        given = until
    resumed = FragmentMuxer(1, start=muxer.position)
    given = resumed.position.sound_from
    for chunk in chunks[after:]:
        until = (resumed.position.frames + chunk.frames) * SOUND_PER_FRAME
        fragments.append(resumed.write(chunk, sound[given:until]))
        given = until
    last = resumed.finish()
    assert last is not None
    through, whole = decode(joined([*fragments, last])), decode(joined(mux(frames, sound, (1, 5))))
    assert np.array_equal(through.frames, whole.frames)
    assert through.frame_times == whole.frame_times
    assert through.sound.shape == whole.sound.shape
    assert np.abs(through.sound - whole.sound).mean() < 0.02 * np.abs(sound).mean()


def test_times_are_exact_after_hours() -> None:
    hours = MuxPosition(frames=40 * 3600 * 25, packets=40 * 3600 * SOUND_RATE // PACKET_SAMPLES)
    early, late = FragmentMuxer(1), FragmentMuxer(1, start=hours)
    chunk = encode_chunk(flashing(25))
    header = early.write(chunk, clicking(25)).payload
    sound = np.zeros(((hours.frames + 25) * SOUND_PER_FRAME - hours.sound_from, 1), np.float32)
    payload = header[: header.index(b"moof") - 4] + late.write(chunk, sound).payload
    begins = [begin for begin, _ in packet_spans(payload, "video")]
    assert begins == [144_000 + Fraction(index, 25) for index in range(25)]


def test_chunks_of_other_settings_are_refused() -> None:
    muxer = FragmentMuxer(1)
    muxer.write(encode_chunk(flashing(2)), clicking(2))
    with pytest.raises(RenderingFailed):
        muxer.write(encode_chunk(flashing(2), H264Settings(preset="ultrafast")), clicking(2))


def test_nothing_written_is_nothing_to_finish() -> None:
    assert FragmentMuxer(1).finish() is None


def test_a_muxer_may_be_dropped_while_another_thread_writes() -> None:
    chunk, sound = encode_chunk(flashing(10)), clicking(10)
    for _ in range(20):
        muxer = FragmentMuxer(1)
        writer = threading.Thread(target=muxer.write, args=(chunk, sound))
        writer.start()
        del muxer
        writer.join()


@pytest.mark.parametrize("samples", [0, 1, 1024, 1920, 48_000])
def test_packets_cover_priming_and_sound_exactly(samples: int) -> None:
    encoder = SoundEncoder(1)
    packets = encoder.push(np.zeros((samples, 1), np.float32)) + encoder.finish()
    expected = PRIMING_SAMPLES + samples if samples else 0
    assert sum(packet.samples for packet in packets) == expected
    assert all(packet.samples == PACKET_SAMPLES for packet in packets[:-1])


def test_piece_sizes_do_not_change_the_packets() -> None:
    sound = speech_like(0.5)
    whole, pieces = SoundEncoder(1), SoundEncoder(1)
    at_once = whole.push(sound) + whole.finish()
    in_pieces = [
        p for start in range(0, len(sound), 480) for p in pieces.push(sound[start : start + 480])
    ]
    assert in_pieces + pieces.finish() == at_once
