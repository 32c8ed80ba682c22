"""A source video, registered frame by frame in windows: for dubbing, in constant memory.

The large things, frames and feature volumes, are held for one window at a time; of the frames
ahead, which smoothing must know, only the small crops and the motion.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice

import numpy as np
from jaxtyping import Bool, Float32, Float64

from talkhead.engines.ditto.motion.layout import MOTION_DIM
from talkhead.engines.ditto.motion.smoothing import smoothed_stream
from talkhead.engines.ditto.motion.source import SourceMotion
from talkhead.engines.ditto.registration.crop import FOR_NETWORKS
from talkhead.engines.ditto.registration.locate import followed, largest_face
from talkhead.engines.ditto.registration.models import RegistrationModels
from talkhead.engines.ditto.registration.register import (
    Sight,
    cut_small,
    face_motion,
    first_sight,
    seen,
    volumes,
)
from talkhead.types import Image

SMOOTHING = 13  # frames
LOOK_AHEAD = SMOOTHING // 2


@dataclass(frozen=True)
class SourceWindow:
    """Some frames of the video, one entry a frame (ditto.md §6 step 6)."""

    start: int  # number of the first frame
    motion: SourceMotion  # smoothed over time
    first_canonical: Float32[np.ndarray, " 63"]  # of the video's first frame, not smoothed
    eye_open: Float32[np.ndarray, "frames 2"]
    eye_ball: Float32[np.ndarray, "frames 6"]
    matrices: Float64[np.ndarray, "frames 3 3"]  # from crop pixels to the frame's
    volumes: Float32[np.ndarray, "frames 32 16 64 64"]
    missing: Bool[np.ndarray, " frames"]  # no face was found; everything is of the one before


@dataclass(frozen=True)
class _Frame:
    sight: Sight
    missing: bool


def source_windows(
    frames: Iterable[Image], models: RegistrationModels, size: int
) -> Iterator[SourceWindow]:
    """Windows of `size` frames, the last ones shorter; none of a video without frames.

    Frames have the size that `limited` makes, and are asked for one by one. A window comes when
    the six frames after it are known.

    Raises:
        PortraitError: what is wrong with the face in the first frame.
    """
    ahead: deque[_Frame] = deque()
    measured = _measured(_frames(frames, models), models, size, ahead)
    first = next(measured, None)
    if first is None:
        return
    start, canonical = 0, first[0, MOTION_DIM:].copy()
    for rows in smoothed_stream(chain([first], measured), SMOOTHING):
        for some in np.split(rows, range(size, len(rows), size)):
            window = [ahead.popleft() for _ in some]
            yield _window(start, canonical, some, window, models)
            start += len(some)


def _measured(
    frames: Iterator[_Frame], models: RegistrationModels, size: int, ahead: deque[_Frame]
) -> Iterator[Float32[np.ndarray, "frames 328"]]:
    """Motion and canonical points of batches, which join `ahead`; `size` more with each."""
    count, last = size + LOOK_AHEAD, None
    while batch := list(islice(frames, count)):
        ahead.extend(batch)
        rows = np.concatenate(face_motion([frame.sight.small for frame in batch], models), 1)
        for place, frame in enumerate(batch):
            if frame.missing and last is not None:
                rows[place] = last  # the network saw no face there
            last = rows[place]
        yield rows
        count = size


def _frames(frames: Iterable[Image], models: RegistrationModels) -> Iterator[_Frame]:
    """The face in each frame, followed from the one before."""
    last: Sight | None = None
    for picture in frames:
        frame = _next(picture, last, models)
        last = frame.sight
        yield frame


def _next(picture: Image, last: Sight | None, models: RegistrationModels) -> _Frame:
    if last is None:
        return _Frame(first_sight(picture, models), False)
    found = seen(picture, followed(picture, last.points, models), models)
    found = found or _found_again(picture, models)
    return _Frame(found or _without_face(picture, last), found is None)


def _found_again(picture: Image, models: RegistrationModels) -> Sight | None:
    points = largest_face(picture, models)
    return seen(picture, points, models) if points else None


def _without_face(picture: Image, last: Sight) -> Sight:
    """What is now where the face was last."""
    return replace(last, small=cut_small(picture, FOR_NETWORKS.around(last.points)))


def _window(
    start: int,
    first_canonical: Float32[np.ndarray, " 63"],
    rows: Float32[np.ndarray, "frames 328"],
    frames: list[_Frame],
    models: RegistrationModels,
) -> SourceWindow:
    sights = [frame.sight for frame in frames]
    return SourceWindow(
        start,
        SourceMotion(rows[:, :MOTION_DIM], rows[:, MOTION_DIM:]),
        first_canonical,
        np.stack([sight.eyes.openness for sight in sights]),
        np.stack([sight.eyes.movement for sight in sights]),
        np.stack([sight.matrix for sight in sights]),
        volumes([sight.small for sight in sights], models),
        np.array([frame.missing for frame in frames]),
    )
