"""How windows of 80 frames become one sequence: overlaps are blended, the pose is smoothed.

Written on the end of the sequence alone: `Fusion.tail` rows and the number of windows so far are
all that another process needs to go on.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from talkhead.engines.ditto.motion.layout import PARTS
from talkhead.engines.ditto.motion.smoothing import smoothed

WINDOW = 80  # frames
Rows = Float32[np.ndarray, "*batch _ 265"]
_POSE = slice(0, PARTS["exp"].start)  # what is smoothed; the expression stays as it is


@dataclass(frozen=True)
class Fusion:
    """How windows overlap (ditto.md §4); the defaults are those published for files."""

    overlap: int = 10  # frames that a window shares with the one before it, 1 to 79
    online: bool = False  # blend over no more frames than a window adds
    smoothing: int = 3  # frames, odd; 1 or less is off
    restart_every: int = 0  # windows until one starts from the source's motion again; 0: never
    kept: tuple[int, int] | None = None  # columns [first, stop) that go on even then

    @property
    def valid(self) -> int:
        """Frames that every window but the first adds."""
        return WINDOW - self.overlap

    @property
    def blended(self) -> int:
        """Frames that the next window still changes; all before them are final."""
        return min(self.overlap, self.valid) if self.online else self.overlap

    @property
    def tail(self) -> int:
        """Rows that `fused` and `condition_frame` need: 71 of overlap 70, 11 of overlap 10."""
        return max(self.overlap + 1, self.blended + max(self.smoothing, 1) // 2)


PUBLISHED_ONLINE = Fusion(70, online=True, restart_every=1, kept=(0, 202))


def fused(fusion: Fusion, tail: Rows, prediction: Float32[np.ndarray, "*batch 80 265"]) -> Rows:
    """The tail and what the window adds to it; no rows in `tail` make it the first window.

    Returns `tail` with its last `blended` rows replaced and `valid` rows more (the first window:
    its 80). All but the last `blended` rows are final, see `final`.
    """
    length, blended = tail.shape[-2], fusion.blended
    if length == 0:
        return _pose_smoothed(fusion, prediction, 0, WINDOW)
    weight = (np.arange(blended, dtype=np.float32) / np.float32(blended))[:, None]
    begin = fusion.overlap - blended
    old, new = tail[..., length - blended :, :], prediction[..., begin : fusion.overlap, :]
    rows = np.concatenate(
        [
            tail[..., : length - blended, :],
            (1 - weight) * old + weight * new,
            prediction[..., fusion.overlap :, :],
        ],
        -2,
    )
    return _pose_smoothed(fusion, rows, length - blended, length + 1)


def _pose_smoothed(fusion: Fusion, rows: Rows, first: int, stop: int) -> Rows:
    result = rows.copy()
    result[..., first:stop, _POSE] = smoothed(rows[..., _POSE], fusion.smoothing, first, stop)
    return result


def final(fusion: Fusion, rows: Rows, index: int) -> Rows:
    """Of the rows from `fused` those that window `index` made final: `valid`, the first one more.

    The published online system does not show those of window 0.
    """
    stop = rows.shape[-2] - fusion.blended
    return rows[..., stop - fusion.valid if index else 0 : stop, :]


def tail_of(fusion: Fusion, rows: Rows) -> Rows:
    """What the next window needs of the rows from `fused`."""
    return rows[..., max(rows.shape[-2] - fusion.tail, 0) :, :]


def condition_frame(
    fusion: Fusion, tail: Rows, source: Float32[np.ndarray, "*batch 265"], index: int
) -> Float32[np.ndarray, "*batch 265"]:
    """The motion from which window `index` starts: that of the frame just before it.

    `source` is the registered portrait's motion: where window 0 starts, and every window whose
    number `restart_every` divides, except for the columns `kept`.
    """
    if index == 0:
        return source.copy()
    before: np.ndarray = tail[..., tail.shape[-2] - fusion.overlap - 1, :]
    if not fusion.restart_every or index % fusion.restart_every:
        return before.copy()
    started = source.copy()
    if fusion.kept:
        columns = slice(*fusion.kept)
        started[..., columns] = before[..., columns]
    return started


def offline_smoothed(fusion: Fusion, rows: Rows, first: int = 0, stop: int | None = None) -> Rows:
    """The second smoothing, of finished sequences (ditto.md §4), of rows [first, stop)."""
    stop = rows.shape[-2] if stop is None else stop
    result: np.ndarray = _pose_smoothed(fusion, rows, first, stop)[..., first:stop, :]
    return result
