"""Sound to AAC-LC packets, while the sound is still arriving."""

from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.codec.context import Flags

from talkhead.timing import SOUND_RATE
from talkhead.types import Sound

PACKET_SAMPLES = 1024  # what an AAC-LC packet decodes to, at SOUND_RATE: 21.3 ms
PRIMING_SAMPLES = 1024  # what a decoder gives before the first sample: one packet, to be skipped
HELD_SAMPLES = 3 * PACKET_SAMPLES - 1  # at most so much is pushed and not yet decodable: 64 ms
_BITS_PER_CHANNEL = 64_000  # bit/s

_LAYOUTS = {1: "mono", 2: "stereo"}


@dataclass(frozen=True, slots=True)
class SoundPacket:
    payload: bytes  # raw AAC, no ADTS header
    samples: int  # PACKET_SAMPLES; less in the last one if the sound ends inside it


class SoundEncoder:
    """One sound track, from its first sample to its last; the piece sizes do not matter.

    The packets together decode to PRIMING_SAMPLES of silence and then the sound. The encoder looks
    one packet ahead, so the last HELD_SAMPLES of what was pushed may still be inside it.
    """

    def __init__(self, channels: int) -> None:
        self.channels = channels
        self._encoder = _open_encoder(channels)
        self._pending = np.empty((0, channels), np.float32)
        self._pushed = 0  # samples given to the codec

    @property
    def audio_config(self) -> bytes:
        """The AudioSpecificConfig (ISO 14496-3, 1.6.2.1) that decoders need."""
        assert self._encoder.extradata is not None
        return self._encoder.extradata

    def push(self, sound: Sound) -> list[SoundPacket]:
        """The packets that `sound` completed."""
        self._pending = np.concatenate([self._pending, sound])
        whole = len(self._pending) // PACKET_SAMPLES * PACKET_SAMPLES
        blocks = self._pending[:whole].reshape(-1, PACKET_SAMPLES, self.channels)
        self._pending = self._pending[whole:]
        return [packet for block in blocks for packet in self._encode(block)]

    def finish(self) -> list[SoundPacket]:
        """The rest. Nothing can be pushed after this."""
        rest = self._encode(self._pending) if len(self._pending) else []
        return rest + self._packets(None)

    def _encode(self, block: Sound) -> list[SoundPacket]:
        planes = np.ascontiguousarray(block.T)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=_LAYOUTS[self.channels])
        frame.sample_rate, frame.time_base = SOUND_RATE, Fraction(1, SOUND_RATE)
        frame.pts, self._pushed = self._pushed, self._pushed + len(block)
        return self._packets(frame)

    def _packets(self, frame: av.AudioFrame | None) -> list[SoundPacket]:
        packets = self._encoder.encode(frame)
        return [SoundPacket(bytes(packet), packet.duration or 0) for packet in packets]


def _open_encoder(channels: int) -> AudioCodecContext:
    encoder = av.CodecContext.create("aac", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate, encoder.time_base = SOUND_RATE, Fraction(1, SOUND_RATE)
    encoder.layout, encoder.format = _LAYOUTS[channels], "fltp"
    encoder.bit_rate = _BITS_PER_CHANNEL * channels
    encoder.flags |= Flags.global_header  # the AudioSpecificConfig apart from the packets
    encoder.open()
    assert encoder.frame_size == PACKET_SAMPLES
    return encoder
