import struct
import tracemalloc
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from talkhead.errors import (
    AudioError,
    AudioTooLong,
    AudioTooShort,
    AudioTruncated,
    AudioUnreadable,
)
from talkhead.media.audio import probe_audio, read_audio
from talkhead.media.audio_file import AudioLimits
from talkhead.media.resampling import SoundBlock
from talkhead.types import Sound
from tests.media_fakes import clicking, flashing, joined, mux, sound_file, speech_like, wav

FORMATS = {  # container: codec, and whether its headers state a length
    "wav": ("pcm_s16le", True),
    "w64": ("pcm_s24le", True),
    "aiff": ("pcm_s16be", True),
    "au": ("pcm_s16be", True),
    "caf": ("pcm_s16le", True),
    "flac": ("flac", True),
    "ogg": ("libopus", True),
    "mp3": ("libmp3lame", True),
    "mp4": ("aac", True),
    "webm": ("libopus", True),
    "matroska": ("flac", True),
    "adts": ("aac", False),
}


def _whole(blocks: Iterable[SoundBlock]) -> SoundBlock:
    blocks = list(blocks)
    sound = np.concatenate([block.sound for block in blocks])
    return SoundBlock(sound, np.concatenate([block.waveform for block in blocks]))


@pytest.mark.parametrize("container", FORMATS)
@pytest.mark.parametrize("channels", [1, 2])
def test_every_format_is_read(container: str, channels: int) -> None:
    data = sound_file(speech_like(1.5, channels), container, FORMATS[container][0])
    info, result = probe_audio(data), _whole(read_audio(data))
    assert info.channels == channels
    assert info.duration_s == pytest.approx(1.5, abs=0.05)
    padding = {"adts": 2048 / 48_000}.get(container, 0.0)
    assert 0 <= len(result.waveform) / 16_000 - 1.5 <= padding + 1e-6
    assert result.sound.shape == (3 * len(result.waveform), channels)


@pytest.mark.parametrize("container", FORMATS)
def test_a_click_is_where_it_was_in_both_rates(container: str) -> None:
    data = sound_file(clicking(50, [20]), container, FORMATS[container][0])
    result = _whole(read_audio(data))
    late = 1024 / 48_000 if container == "adts" else 0.0  # a raw stream cannot say its priming
    for samples, rate in ((result.sound[:, 0], 48_000), (result.waveform, 16_000)):
        onset = int(np.argmax(np.abs(samples) > 0.2)) / rate
        assert onset - late == pytest.approx(20 / 25, abs=0.0005)


@pytest.mark.parametrize("container", [name for name, (_, stated) in FORMATS.items() if stated])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9, 0.9999])
def test_a_file_that_ends_early_is_refused(container: str, part: float) -> None:
    data = sound_file(speech_like(1.5), container, FORMATS[container][0])
    with pytest.raises((AudioTruncated, AudioUnreadable)) as caught:
        probe_audio(data[: int(len(data) * part)])
    assert caught.type is AudioTruncated or (container, part) == ("flac", 0.3)


def test_the_first_sound_of_a_video_counts(tmp_path: Path) -> None:
    sound = speech_like(2.0)
    (tmp_path / "video.mp4").write_bytes(joined(mux(flashing(50), sound, (10,))))
    result = _whole(read_audio(tmp_path / "video.mp4"))
    assert 0 <= len(result.sound) - len(sound) < 1024  # the filling of a fragment's last packet
    assert np.abs(result.sound[: len(sound)] - sound).mean() < 0.05 * np.abs(sound).mean()


@pytest.mark.parametrize("seconds", [0.04, 0.1, 0.5, 2.0])
def test_block_sizes_do_not_change_the_sound(seconds: float) -> None:
    data = wav(speech_like(1.1)[::3], 16_000)
    reference, blocks = _whole(read_audio(data)), list(read_audio(data, block_seconds=seconds))
    assert np.array_equal(_whole(blocks).sound, reference.sound)
    assert all(len(block.waveform) == seconds * 16_000 for block in blocks[:-1])
    assert all(len(block.sound) == 3 * len(block.waveform) for block in blocks)


def test_packet_sizes_do_not_change_the_sound() -> None:
    sound = speech_like(1.1)
    one, other = (sound_file(sound, name, "pcm_s16le", rate=44_100) for name in ("wav", "matroska"))
    assert np.array_equal(_whole(read_audio(one)).sound, _whole(read_audio(other)).sound)


@pytest.mark.parametrize(("channels", "expected"), [(3, 1), (6, 1), (16, 1)])
def test_many_channels_without_places_become_one(channels: int, expected: int) -> None:
    sound = np.repeat(speech_like(0.5)[::3], channels, axis=1)
    result = _whole(read_audio(wav(sound, 16_000)))
    assert result.sound.shape[1] == expected
    assert np.allclose(result.waveform, sound[:, 0], atol=1e-3)


def test_surround_keeps_its_middle_in_both_channels() -> None:
    sound = np.zeros((48_000, 6), np.float32)
    sound[:, 2] = speech_like(1.0)[:, 0]  # front centre
    result = _whole(read_audio(sound_file(sound, "flac", "flac", layout="5.1")))
    assert result.sound.shape == (48_000, 2)
    assert np.allclose(result.sound[:, 0], result.sound[:, 1])
    assert np.abs(result.sound).mean() > 0.2 * np.abs(sound[:, 2]).mean()


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 96_000])
def test_the_length_is_exact_at_any_rate(rate: int) -> None:
    samples = int(0.777 * rate)
    result = _whole(read_audio(wav(np.zeros((samples, 1), np.float32), rate)))
    assert len(result.waveform) == int(samples / rate * 16_000 + 0.5)


def test_too_short_and_too_long_by_a_hair() -> None:
    limits = AudioLimits(maximum_s=1.0)
    for samples in (640, 16_000):
        assert probe_audio(wav(np.zeros((samples, 1), np.float32), 16_000), limits)
    for samples, error in ((0, AudioTooShort), (639, AudioTooShort), (16_001, AudioTooLong)):
        data = wav(np.zeros((samples, 1), np.float32), 16_000)
        with pytest.raises(error):
            probe_audio(data, limits)
        with pytest.raises(error):
            list(read_audio(data, limits=limits))


@pytest.mark.parametrize("container", FORMATS)
def test_short_sounds_have_their_length(container: str) -> None:
    data = sound_file(speech_like(0.06), container, FORMATS[container][0])
    assert probe_audio(data).duration_s == pytest.approx(0.06, abs=0.05)
    assert probe_audio(data).duration_s >= 0.06


@pytest.mark.parametrize("container", FORMATS)
def test_too_long_is_known_without_reading_it_all(container: str) -> None:
    data = sound_file(speech_like(3.0), container, FORMATS[container][0])
    with pytest.raises(AudioTooLong):
        probe_audio(data, AudioLimits(maximum_s=2.0))
    with pytest.raises(AudioTooLong):
        for _ in read_audio(data, limits=AudioLimits(maximum_s=2.0)):
            pass


def test_too_many_bytes_are_too_long() -> None:
    with pytest.raises(AudioTooLong, match="bytes"):
        probe_audio(wav(speech_like(1.0), 48_000), AudioLimits(maximum_bytes=1000))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(value: float) -> None:
    body = np.full(16_000, value, "<f4").tobytes()
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(body), b"WAVE", b"fmt ", 16, 3, 1,
                         16_000, 64_000, 4, 32, b"data", len(body))  # fmt: skip
    with pytest.raises(AudioUnreadable, match="finite"):
        list(read_audio(header + body))


@pytest.mark.parametrize("kind", ["m3u8", "ffconcat", "sdp", "mpd", "xspf"])
@pytest.mark.parametrize("as_bytes", [True, False])
def test_a_list_of_files_opens_none_of_them(tmp_path: Path, kind: str, as_bytes: bool) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(wav(speech_like(1.0), 48_000))
    lists = {
        "m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        "ffconcat": f"ffconcat version 1.0\nfile '{secret}'\n",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nt=0 0\nm=audio 5 RTP/AVP 0\n",
        "mpd": f"<?xml version='1.0'?><MPD><BaseURL>file://{secret}</BaseURL></MPD>",
        "xspf": f"<playlist><trackList><location>file://{secret}</location></trackList></playlist>",
    }
    source = tmp_path / f"speech.{kind}"
    source.write_text(lists[kind])
    with pytest.raises(AudioUnreadable):
        probe_audio(source.read_bytes() if as_bytes else source)
    with pytest.raises(AudioUnreadable):
        list(read_audio(source.read_bytes() if as_bytes else source))


@pytest.mark.parametrize("rubbish", [b"", b"\0", b"RIFF", b"hello " * 500, bytes(range(256)) * 50])
def test_rubbish_is_an_audio_error(rubbish: bytes) -> None:
    with pytest.raises(AudioError):
        probe_audio(rubbish)


def test_no_byte_flipped_or_lost_escapes_as_another_error() -> None:
    """Damage gives sound or an AudioError, never anything else."""
    chance = np.random.default_rng(3)
    for container, (codec, _) in FORMATS.items():
        data = sound_file(speech_like(0.3), container, codec)
        for _ in range(25):
            damaged = bytearray(data)
            for position in chance.integers(0, min(len(damaged), 600), 8):
                damaged[position] = chance.integers(0, 256)
            try:
                probe_audio(bytes(damaged))
                list(read_audio(bytes(damaged)))
            except AudioError:
                continue


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    peaks = []
    for minutes in (1, 4):
        path = tmp_path / f"{minutes}.flac"
        path.write_bytes(sound_file(_quiet(60 * minutes), "flac", "flac"))
        tracemalloc.start()
        for _ in read_audio(path):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def _quiet(seconds: int) -> Sound:
    return np.zeros((seconds * 48_000, 1), np.float32)


def test_a_reader_may_be_left_early(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    path.write_bytes(wav(speech_like(2.0), 48_000))
    with closing(read_audio(path)) as blocks:
        assert len(next(blocks).waveform) == 8_000
    with pytest.raises(StopIteration):
        next(blocks)
