"""What a replica does once before it is ready, so that its first video is like all others.

Models and codecs load, compile and allocate when they are first used. The inputs here take every
path of a stream: both sizes of window, all sizes of chunk, and a portrait that ships.
"""

from collections.abc import Callable
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import numpy as np

from talkhead.engines.engine import (
    NOTHING,
    EngineInfo,
    MotionStep,
    MotionWindow,
    Schedule,
)
from talkhead.media.audio import probe_audio, read_audio
from talkhead.media.muxer import FragmentMuxer
from talkhead.pipeline.windows import STREAM_CHUNKS
from talkhead.timing import SAMPLES_PER_FRAME, SOUND_PER_FRAME
from talkhead.types import Motion, VideoChunk, Waveform

PORTRAIT = Path(str(files("talkhead") / "examples" / "collins.png"))
SPEECH = Path(str(files("talkhead") / "examples" / "speech.flac"))
# The last size twice: a session has two chunks on their way, and that is its need of memory.
CHUNKS = (*STREAM_CHUNKS, STREAM_CHUNKS[-1])
_MOST_MOTION = 0.2  # of every coefficient: mouth open, eyes half closed, head turned a little


def silent_windows(info: EngineInfo) -> list[Waveform]:
    """What the audio encoder is given first, and what it is given after that."""
    schedule = info.schedule_for(info.check_controls({}))
    if hearing := schedule.hearing:
        samples = hearing.before + hearing.frames * SAMPLES_PER_FRAME + hearing.after
        return [np.zeros(samples, np.float32)]
    return [np.zeros(rows * SAMPLES_PER_FRAME, np.float32) for rows in _rows(schedule)]


def rehearse_motion(info: EngineInfo, move: Callable[[MotionWindow], MotionStep]) -> None:
    """Move for the first window of a video, which has no past, and for one that follows it."""
    controls = info.check_controls({})
    schedule = info.schedule_for(controls)
    reference = np.zeros((1, info.reference_dim), np.float32) if info.reference_dim else NOTHING
    random = np.random.default_rng(0)
    tail, start = NOTHING, 0
    for index, (rows, frames) in enumerate(
        zip(_rows(schedule), (schedule.first, schedule.step), strict=True)
    ):
        features = random.standard_normal((rows, info.feature_dim), np.float32)
        window = MotionWindow(
            features, tail, frames, 0, index, controls, start=start, reference=reference
        )
        tail, start = move(window).tail, start + frames


def moving(info: EngineInfo, frames: int) -> Motion:
    """Rows in which everything that can move does: a renderer may skip what rests."""
    share = np.linspace(0, _MOST_MOTION, frames, dtype=np.float32)
    return np.repeat(share[:, None], info.motion_dim, axis=1)


def rehearse_session() -> None:
    """Decode speech, resample it, and put its sound into a video: what a session itself does."""
    probe_audio(SPEECH)
    with closing(read_audio(SPEECH)) as blocks:
        sound = next(blocks).sound
    frames = STREAM_CHUNKS[0]
    FragmentMuxer(sound.shape[1]).write(_blank(frames), sound[: frames * SOUND_PER_FRAME])


def _rows(schedule: Schedule) -> tuple[int, int]:
    around = schedule.context + schedule.look_ahead
    return around + schedule.first, around + schedule.step


def _blank(frames: int) -> VideoChunk:
    """Frames without a picture: a muxer does not look inside."""
    return VideoChunk((b"\0",) * frames, b"\x67\x64\x00\x1f", b"\x68", 16, 16)
