"""The sizes of the motion model; they travel inside its checkpoint."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MotionConfig:
    mel_width: int = 160  # encoder channels at 100 Hz
    middle_width: int = 192  # at 50 Hz
    audio_width: int = 224  # at 25 Hz: the features that leave the encoder
    phones: int = 24  # classes of the auxiliary task
    width: int = 224  # of the transformer
    layers: int = 5
    heads: int = 4
    hidden: int = 672  # of the feed-forward layers
    frame_width: int = 96  # channels a frame between transformer and motion
    head_gain: float = 1.0  # what the sampled head lacks of the teacher's liveliness, measured

    @property
    def feature_width(self) -> int:
        """Audio channels, and the probabilities of closure, labiodental contact and speech."""
        return self.audio_width + len(EVENTS)


EVENTS = ("closure", "labiodental", "speech")
FRAMES_PER_TOKEN = 2
