"""Chunks of video and the sound that goes with them, joined to fragments as they come."""

from dataclasses import dataclass

from talkhead.errors import RenderingFailed
from talkhead.media.aac import PACKET_SAMPLES, SoundEncoder, SoundPacket
from talkhead.media.fmp4 import FragmentedMp4, end_mark, fragment
from talkhead.timing import SOUND_PER_FRAME
from talkhead.types import Fragment, Sound, VideoChunk

_WARM_UP_PACKETS = 2  # encoded again and dropped at a resumption: the priming, and one to settle


@dataclass(frozen=True, slots=True)
class MuxPosition:
    """How far a video has left the muxer."""

    frames: int = 0
    packets: int = 0  # of sound

    @property
    def sound_from(self) -> int:
        """The sample, at SOUND_RATE, from which a resuming muxer needs the sound again."""
        return max(0, self.packets - _WARM_UP_PACKETS) * PACKET_SAMPLES


class FragmentMuxer:
    """One video, from its first chunk to its end.

        muxer = FragmentMuxer(channels=1, comment="AI-generated")
        for chunk, sound in pieces:
            send(muxer.write(chunk, sound))
        send(muxer.finish())

    Everything complete leaves with each call: the pictures at once, the sound up to
    `talkhead.media.aac.HELD_SAMPLES` (64 ms) short of what was given. The sound may run ahead of
    the pictures, so a caller who has the next 64 ms gives them early and nothing is held back.

    Holds no container and no file: it may be dropped at any time.
    """

    def __init__(self, channels: int, comment: str = "", start: MuxPosition | None = None) -> None:
        """`start` resumes a video elsewhere: no header then; give sound from `start.sound_from`."""
        self.position = start or MuxPosition()
        self._comment = comment
        self._sound = SoundEncoder(channels)
        self._sound_given = self.position.sound_from  # samples from the start of the video
        self._drop = min(self.position.packets, _WARM_UP_PACKETS)
        self._header_due = start is None
        self._parameter_sets: tuple[bytes, bytes] | None = None

    def write(self, chunk: VideoChunk, sound: Sound) -> Fragment:
        """A fragment with these frames; the first has the header before it.

        `sound` is what follows the sound given so far; together they must reach at least to the
        end of these frames: SOUND_PER_FRAME samples for each.

        Raises:
            RenderingFailed: the chunk was encoded with other settings than those before it.
        """
        first = self.position
        self._sound_given += len(sound)
        assert self._sound_given >= (first.frames + chunk.frames) * SOUND_PER_FRAME
        self._check_same(chunk)
        packets = self._keep(self._sound.push(sound))
        payload = self._take_header(chunk) + fragment(chunk, first.frames, packets, first.packets)
        self._advance(chunk.frames, packets)
        return Fragment(payload, first.frames, chunk.frames)

    def finish(self) -> Fragment | None:
        """The last of the sound and an end mark; None if nothing was ever written.

        After this the sound is exactly as long as the pictures: the packets have been cut there.
        """
        first = self.position
        if not first.frames:
            return None
        assert self._sound_given == first.frames * SOUND_PER_FRAME
        packets = self._keep(self._sound.finish())
        payload = fragment(None, first.frames, packets, first.packets) + end_mark()
        self._advance(0, packets)
        return Fragment(payload, first.frames, 0)

    def _check_same(self, chunk: VideoChunk) -> None:
        self._parameter_sets = self._parameter_sets or (chunk.sps, chunk.pps)
        if self._parameter_sets != (chunk.sps, chunk.pps):
            raise RenderingFailed("two chunks of one video were encoded with different settings")

    def _take_header(self, chunk: VideoChunk) -> bytes:
        if not self._header_due:
            return b""
        self._header_due = False
        return FragmentedMp4(
            chunk.width,
            chunk.height,
            self._sound.channels,
            chunk.sps,
            chunk.pps,
            self._sound.audio_config,
            self._comment,
        ).header()

    def _keep(self, packets: list[SoundPacket]) -> list[SoundPacket]:
        """Without those that only warm up a resumed encoder."""
        dropped = min(self._drop, len(packets))
        self._drop -= dropped
        return packets[dropped:]

    def _advance(self, frames: int, packets: list[SoundPacket]) -> None:
        before = self.position
        self.position = MuxPosition(before.frames + frames, before.packets + len(packets))
