"""When the eyes blink: drawn once for a session, then looked up by the number of the frame."""

from collections.abc import Iterator, Sequence
from itertools import cycle
from random import Random

import numpy as np
from jaxtyping import Float32, Int64

BLINK = 15  # frames
UNBOUNDED = 3000  # frames drawn for when the length is not known; they repeat
SHORTEST_GAP, LONGEST_GAP = 60, 100  # frames, of random gaps


def blink_track(
    frames: int, gap: int | Sequence[int], random: Random
) -> Int64[np.ndarray, " frames"]:
    """For each frame how far a blink is: 0 with open eyes, 0 to 14 during a blink.

    `gap` is the number of frames between blinks: fixed, or taken from a list in turn, or 0 for
    random ones, or negative for no blink at all. The draws are in the published order (ditto.md
    §5 step 4): the first gap, the one kept free at the end, then one after each blink.
    """
    track = np.zeros(frames, np.int64)
    if isinstance(gap, int) and gap < 0:
        return track
    gaps = _gaps(gap, random)
    start = next(gaps)
    last = frames - max(next(gaps) if isinstance(gap, int) else gap[-1], BLINK)
    while start < last:
        track[start : start + BLINK] = np.arange(BLINK)
        start += BLINK + next(gaps)
    return track


def _gaps(gap: int | Sequence[int], random: Random) -> Iterator[int]:
    if gap == 0:
        return iter(lambda: random.randint(SHORTEST_GAP, LONGEST_GAP), None)
    return cycle([gap] if isinstance(gap, int) else gap)


def blink_rows(
    track: Int64[np.ndarray, " frames"],
    shapes: Float32[np.ndarray, "15 63"],
    start: int,
    count: int,
) -> Float32[np.ndarray, "count 63"]:
    """The expression that frames [start, start + count) add to closed or open eyes.

    `shapes` is one blink, its first row the open eye.
    """
    return shapes[track[np.arange(start, start + count) % len(track)]]
