"""How close generated motion comes to the teacher's, in numbers that people can judge."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32
from scipy.ndimage import minimum_filter1d

from talkhead.engines.builtin.coefficients import INDEX
from talkhead.engines.builtin.motion.schedule import SCHEDULE
from talkhead.timing import FRAME_RATE
from talkhead.types import Motion

Track = Float[np.ndarray, " frames"]

SEALED = 0.10  # apertures below this share of the 95th percentile are closed lips
OPEN = 0.20  # and above this they are open for certain
NEAR = 2  # frames by which a closure may be off
AROUND = 7  # frames before and after in which a medial closure's lips are open
LONGEST_LAG = 8  # frames searched for the lag
POSES = ("pitch", "yaw", "roll")


@dataclass(frozen=True)
class Example:
    """One clip: generated and taught."""

    motion: Motion
    taught: Motion
    closure: Float32[np.ndarray, " frames"]  # the teacher's, 1 = sealed


@dataclass(frozen=True)
class Scores:
    aperture_correlation: float
    jaw_correlation: float
    closure_recall: float  # of /p/, /b/, /m/ between open lips on one side at least
    medial_recall: float  # with lips open before and after
    medial_closures: int
    false_closures: float  # per minute, where the teacher's lips are open for 3 frames around
    lag: float  # milliseconds, median over clips; positive is late
    blinks: float  # per minute
    taught_blinks: float
    head_ratio: float  # standard deviation of the head's angles, of the teacher's
    brow_ratio: float
    acceleration_ratio: float  # of the head's angles, RMS
    stair_ratio: float  # steps between tokens, of those inside tokens; 1 = no staircase
    seam_ratio: float  # head steps between windows, of those inside windows; 1 = no seam


def score(examples: Sequence[Example]) -> Scores:
    apertures = [aperture(example.motion) for example in examples]
    taught = [aperture(example.taught) for example in examples]
    generated_p95 = float(np.percentile(np.concatenate(apertures), 95))
    taught_p95 = float(np.percentile(np.concatenate(taught), 95))
    found = [
        _Closures.of(a / generated_p95, t / taught_p95, e.closure)
        for a, t, e in zip(apertures, taught, examples, strict=True)
    ]
    minutes = sum(map(len, apertures)) / FRAME_RATE / 60
    total = {name: sum(getattr(f, name) for f in found) for name in _Closures.__annotations__}
    return Scores(
        aperture_correlation=_correlation(np.concatenate(apertures), np.concatenate(taught)),
        jaw_correlation=_correlation(*_columns(examples, "jawOpen")),
        closure_recall=total["hits"] / max(total["closures"], 1),
        medial_recall=total["medial_hits"] / max(total["medial"], 1),
        medial_closures=total["medial"],
        false_closures=total["false"] / minutes,
        lag=float(np.median([_lag(example) for example in examples])),
        blinks=_blinks([example.motion for example in examples]) / minutes,
        taught_blinks=_blinks([example.taught for example in examples]) / minutes,
        head_ratio=_spread_ratio(examples, POSES),
        brow_ratio=_spread_ratio(examples, ("browInnerUp",)),
        acceleration_ratio=_acceleration_ratio(examples),
        stair_ratio=_step_ratio(examples, 2),
        seam_ratio=_seam_ratio(examples),
    )


def aperture(motion: Motion) -> Track:
    """How far the lips are apart, in units of `jawOpen`: 0 is sealed."""

    def both(name: str) -> Track:
        return (motion[:, INDEX[f"{name}Left"]] + motion[:, INDEX[f"{name}Right"]]) / 2

    jaw = motion[:, INDEX["jawOpen"]] - motion[:, INDEX["mouthClose"]]
    lips = 0.35 * both("mouthLowerDown") + 0.25 * both("mouthUpperUp")
    shape = 0.15 * motion[:, INDEX["mouthFunnel"]] - 0.25 * motion[:, INDEX["mouthRollLower"]]
    opening: Track = np.maximum(jaw, 0) + lips + shape
    return opening


@dataclass(frozen=True)
class _Closures:
    closures: int
    hits: int
    medial: int
    medial_hits: int
    false: int

    @staticmethod
    def of(generated: Track, taught: Track, closure: Track) -> "_Closures":
        """Both apertures as shares of their 95th percentile."""
        spans = [span for span in runs(closure > 0.8) if _around(taught, span, 6).max() >= 0.25]
        shut = [_around(generated, span, NEAR).min() < SEALED for span in spans]
        medial = [_opens_both_sides(taught, span) for span in spans]
        surely_open = minimum_filter1d(taught, 7) > OPEN
        wrong = [surely_open[start:stop].all() for start, stop in runs(generated < SEALED)]
        return _Closures(
            closures=len(spans),
            hits=sum(shut),
            medial=sum(medial),
            medial_hits=sum(s and m for s, m in zip(shut, medial, strict=True)),
            false=sum(wrong),
        )


def runs(where: Bool[np.ndarray, " frames"]) -> list[tuple[int, int]]:
    """[start, stop) of every stretch of true values."""
    edges = np.diff(np.pad(where.astype(int), 1))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def _around(track: Track, span: tuple[int, int], margin: int) -> Track:
    return track[max(0, span[0] - margin) : span[1] + margin]


def _opens_both_sides(taught: Track, span: tuple[int, int]) -> bool:
    before = taught[max(0, span[0] - AROUND) : span[0] + 1]
    after = taught[span[1] - 1 : span[1] + AROUND]
    return bool(before.max() > OPEN and after.max() > OPEN)


def _correlation(a: Track, b: Track) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def _columns(examples: Sequence[Example], name: str) -> tuple[Track, Track]:
    column = INDEX[name]
    generated = np.concatenate([example.motion[:, column] for example in examples])
    return generated, np.concatenate([example.taught[:, column] for example in examples])


def _lag(example: Example) -> float:
    """Milliseconds by which the jaw trails the teacher's: peak of the cross-correlation."""
    jaw = INDEX["jawOpen"]
    late, early = (m[:, jaw] - m[:, jaw].mean() for m in (example.motion, example.taught))
    lags = range(-LONGEST_LAG, LONGEST_LAG + 1)
    values = [_product(late, early, lag) for lag in lags]
    best = int(np.clip(np.argmax(values), 1, len(values) - 2))
    left, middle, right = values[best - 1 : best + 2]
    between = 0.5 * (left - right) / (left - 2 * middle + right - 1e-12)
    return float((lags[best] + between) * 1000 / FRAME_RATE)


def _product(late: Track, early: Track, lag: int) -> float:
    """Mean product with `late` moved forward by `lag` frames."""
    length = len(late) - abs(lag)
    moved, kept = late[max(lag, 0) :][:length], early[max(-lag, 0) :][:length]
    return float((moved * kept).mean())


def _blinks(motions: Sequence[Motion]) -> int:
    return sum(len(runs(motion[:, INDEX["eyeBlinkLeft"]] > 0.45)) for motion in motions)


def _spread_ratio(examples: Sequence[Example], names: Sequence[str]) -> float:
    columns = [INDEX[name] for name in names]
    generated = np.mean([example.motion[:, columns].std(0) for example in examples])
    return float(generated / np.mean([example.taught[:, columns].std(0) for example in examples]))


def _acceleration_ratio(examples: Sequence[Example]) -> float:
    columns = [INDEX[name] for name in POSES]

    def size(motions: Sequence[Motion]) -> float:
        bends = [np.diff(motion[:, columns], n=2, axis=0) for motion in motions]
        return float(np.sqrt((np.concatenate(bends) ** 2).mean()))

    return size([e.motion for e in examples]) / size([e.taught for e in examples])


def _steps(examples: Sequence[Example]) -> list[Float[np.ndarray, "steps poses"]]:
    columns = [INDEX[name] for name in POSES]
    return [np.abs(np.diff(example.motion[:, columns], axis=0)) for example in examples]


def _step_ratio(examples: Sequence[Example], token: int) -> float:
    """Mean head step from one token to the next, of that inside tokens."""
    steps = _steps(examples)
    inside = np.concatenate([step[::token] for step in steps]).mean()
    return float(np.concatenate([step[token - 1 :: token] for step in steps]).mean() / inside)


def _seam_ratio(examples: Sequence[Example]) -> float:
    """Mean head step from one window of the service's schedule to the next, of all."""
    steps = _steps(examples)
    seams = [step[SCHEDULE.first - 1 :: SCHEDULE.step] for step in steps]
    return float(np.concatenate(seams).mean() / np.concatenate(steps).mean())
