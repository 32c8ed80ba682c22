"""Centred moving averages over frames: of the generated motion and of a source video's motion."""

from collections.abc import Iterable, Iterator

import numpy as np
from jaxtyping import Float32

Rows = Float32[np.ndarray, "*batch _ columns"]


def smoothed(rows: Rows, window: int, first: int = 0, stop: int | None = None) -> Rows:
    """The mean of the `window` (odd) rows around each of rows [first, stop), as new rows.

    Neighbours beyond the ends of `rows` are left out of the mean (ditto.md §4 and §6). A window
    of one row or less changes nothing.
    """
    half = max(window, 1) // 2
    stop = rows.shape[-2] if stop is None else stop
    begin, end = max(first - half, 0), min(stop + half, rows.shape[-2])
    near, known = rows[..., begin:end, :], np.ones((end - begin, 1))
    missing = (begin - (first - half), stop + half - end)
    # In float64, so that a row's mean does not depend on what else is smoothed with it.
    totals = _window_sums(near, half, missing) / _window_sums(known, half, missing)
    return totals.astype(rows.dtype)


def _window_sums(rows: np.ndarray, half: int, missing: tuple[int, int]) -> np.ndarray:
    padding = [(0, 0)] * (rows.ndim - 2) + [missing, (0, 0)]
    padded = np.pad(rows.astype(np.float64), padding)
    count = padded.shape[-2] - 2 * half
    total = padded[..., :count, :].copy()
    for shift in range(1, 2 * half + 1):
        total += padded[..., shift : shift + count, :]
    return total


def smoothed_stream(chunks: Iterable[Rows], window: int) -> Iterator[Rows]:
    """The rows of all chunks, smoothed as one sequence, each once window // 2 later rows are known.

    Holds at most the largest chunk and `window` rows more.
    """
    half = max(window, 1) // 2
    held: np.ndarray | None = None
    done = 0  # rows of `held` that are out already, and are there only as neighbours
    for chunk in chunks:
        held = chunk if held is None else np.concatenate([held, chunk], -2)
        ready = held.shape[-2] - half
        if ready > done:
            yield smoothed(held, window, done, ready)
            drop = max(ready - half, 0)
            held, done = held[..., drop:, :], ready - drop
    if held is not None and held.shape[-2] > done:
        yield smoothed(held, window, done)
