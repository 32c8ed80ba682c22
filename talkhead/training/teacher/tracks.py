"""Time series the teacher is built of, and the way from its 100 Hz down to video frames."""

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d, maximum_filter1d
from scipy.signal import lfilter

from talkhead.timing import FRAME_RATE

TEACHER_RATE = 100  # articulatory steps per second
STEPS_PER_FRAME = TEACHER_RATE // FRAME_RATE

Track = Float[np.ndarray, " steps"]

assert TEACHER_RATE % FRAME_RATE == 0


def smooth(track: Track, sigma: float) -> Track:
    """Gaussian smoothing; `sigma` in the track's own steps."""
    smoothed: Track = gaussian_filter1d(track, sigma)
    return smoothed


def at_frames(track: Track) -> Track:
    """Means of the 40 ms of each video frame."""
    frames = len(track) // STEPS_PER_FRAME
    kernel = np.ones(STEPS_PER_FRAME) / STEPS_PER_FRAME
    means = np.convolve(track, kernel, "same")[STEPS_PER_FRAME // 2 :: STEPS_PER_FRAME]
    return means[:frames]


def peaks_at_frames(track: Track) -> Track:
    """Maxima around each video frame: the closure of a 50 ms /p/ must survive."""
    frames = len(track) // STEPS_PER_FRAME
    peaks: Track = maximum_filter1d(track, STEPS_PER_FRAME + 1)
    return peaks[STEPS_PER_FRAME // 2 :: STEPS_PER_FRAME][:frames]


def wander(frames: int, seconds: float, random: np.random.Generator) -> Track:
    """An Ornstein-Uhlenbeck process: mean 0, variance 1, correlation time `seconds`."""
    decay = np.exp(-1 / (FRAME_RATE * seconds))
    noise = random.standard_normal(frames) * np.sqrt(1 - decay * decay)
    start = [decay * random.standard_normal()]
    values: Track = lfilter([1.0], [1.0, -decay], noise, zi=start)[0]
    return values
