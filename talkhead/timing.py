"""The rates every stage agrees on.

One video frame is the unit of time: everything else is a whole number of it, so no stage
rounds and lips cannot drift.
"""

FRAME_RATE = 25  # video frames per second
SAMPLE_RATE = 16_000  # what the engines hear: samples per second, mono
SAMPLES_PER_FRAME = SAMPLE_RATE // FRAME_RATE  # 640 samples, 40 ms
SOUND_RATE = 48_000  # what people hear: the rate of the sound track
SOUND_PER_FRAME = SOUND_RATE // FRAME_RATE  # 1920 samples

assert SAMPLE_RATE % FRAME_RATE == 0
assert SOUND_RATE % SAMPLE_RATE == 0


def frames_in(samples: int) -> int:
    """Video frames that `samples` of audio at SAMPLE_RATE need; a part frame counts as one."""
    return -(-samples // SAMPLES_PER_FRAME)
