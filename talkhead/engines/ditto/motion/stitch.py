"""Generated motion on a registered portrait: rows in, key points of both out (ditto.md §5).

A call does any run of frames, and nothing is kept between calls: what the first frame decides for
all others is computed once by `anchors` and handed in.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float32

from talkhead.engines.ditto.motion.gaze import compensation
from talkhead.engines.ditto.motion.layout import (
    ANGLES,
    KeyPoints,
    Rows,
    key_points,
    rotation,
    split,
)
from talkhead.engines.ditto.motion.mixing import masked, mixed
from talkhead.engines.ditto.motion.pose import Pose, pose_of
from talkhead.engines.ditto.motion.source import SourceMotion
from talkhead.engines.ditto.motion.stitch_settings import FrameControls, StitchSettings

StitchNetwork: TypeAlias = Callable[[KeyPoints, KeyPoints], KeyPoints]  # source, driving: driving
Generated: TypeAlias = Float32[np.ndarray, "frames 265"]
Blinks: TypeAlias = Float32[np.ndarray, "frames 63"] | None


@dataclass(frozen=True)
class Motion:
    """A motion while it is edited."""

    scale: Float32[np.ndarray, "frames 1"]
    translation: Float32[np.ndarray, "frames 3"]
    expression: Float32[np.ndarray, "frames 63"]
    pose: Pose


@dataclass(frozen=True)
class Anchors:
    """What the first frame of a session decides for all of them."""

    reference: Float32[np.ndarray, " 265"] | None  # generated motion that changes nothing
    source_degrees: Float32[np.ndarray, " 3"]  # pitch, yaw, roll: the gaze is kept as it is there
    ratio: float  # face size of the `ch_info` over the source's
    fade_target: Motion | None  # one frame; None: every frame fades to its source


class Stitched(NamedTuple):
    source: KeyPoints
    driving: KeyPoints


def anchors(
    settings: StitchSettings,
    source: SourceMotion,
    generated: Generated,
    controls: FrameControls = FrameControls(),
    blinks: Blinks = None,
    reference: Float32[np.ndarray, " 265"] | None = None,
) -> Anchors:
    """From frame 0, the first row of every argument.

    `reference` is the motion that relative motion starts from; online it is the first row of
    window 0, which is not shown (ditto.md §4.2). Without one it is the generated motion of frame 0.
    Both are clipped already, if motion is clipped.
    """
    if settings.relative and reference is None:
        reference = generated[0]
    ratio = 1.0
    if settings.channel_scale is not None:
        ratio = settings.channel_scale / float(split(source.rows[0])["scale"][0])
    first = Anchors(
        reference if settings.relative else None, pose_of(source.rows[:1]).degrees[0], ratio, None
    )
    if settings.fade_to != "d0":
        return first
    source = SourceMotion(source.rows[:1], source.canonical[:1])
    blinks = None if blinks is None else blinks[:1]
    controls = controls.part(0, 1).over(settings.overall)
    return replace(
        first, fade_target=_edited(settings, first, source, generated[:1], controls, blinks)
    )


def stitched(
    settings: StitchSettings,
    anchors: Anchors,
    source: SourceMotion,
    generated: Generated,
    network: StitchNetwork,
    controls: FrameControls = FrameControls(),
    blinks: Blinks = None,
) -> Stitched:
    """Key points, (frames, 21, 3) each, of the source and of what it is driven to.

    All arguments are of the same run of frames: `source` is `SourceMotion.at`, and `blinks` are
    the rows of `blink_rows`, if the eyes blink by themselves.
    """
    controls = controls.over(settings.overall)
    motion = _edited(settings, anchors, source, generated, controls, blinks)
    if settings.fade_to and controls.fade_alpha is not None:
        weight = np.where(np.isnan(controls.fade_alpha), 1, controls.fade_alpha)
        target = anchors.fade_target or _motion_of(source.rows)
        motion = _faded(settings, motion, target, weight.astype(np.float32))
    expression = motion.expression
    if settings.drive_eye:
        expression = expression + compensation(motion.pose.degrees, anchors.source_degrees)
    turned = rotation(*np.moveaxis(motion.pose.degrees, -1, 0))
    parts = {"scale": motion.scale, "t": motion.translation, "exp": expression}
    driving = key_points(source.canonical, parts, turned)
    still = np.broadcast_to(source.key_points(), driving.shape).copy()
    return Stitched(still, network(still, driving) if settings.stitching else driving)


def _motion_of(rows: Rows) -> Motion:
    parts = split(rows)
    return Motion(parts["scale"], parts["t"], parts["exp"], pose_of(rows))


def _edited(
    settings: StitchSettings,
    anchors: Anchors,
    source: SourceMotion,
    generated: Generated,
    controls: FrameControls,
    blinks: Blinks,
) -> Motion:
    """Steps 3 to 6: mixed with the source, masked, and what the controls add."""
    own = split(source.rows)["exp"]
    rows = mixed(settings, source.rows, generated, anchors.reference, anchors.ratio)
    motion = _motion_of(rows)
    expression = masked(settings, own, motion.expression, blinks)
    if controls.vad_alpha is not None:
        share = np.where(controls.vad_alpha < 1, controls.vad_alpha, 1)[:, None]  # NaN is 1 too
        expression = (share * expression + (1 - share) * own).astype(np.float32)
    if controls.delta_exp is not None:
        expression = expression + np.nan_to_num(controls.delta_exp)
    return replace(motion, expression=expression, pose=_moved(motion.pose, controls))


def _moved(pose: Pose, controls: FrameControls) -> Pose:
    if controls.delta_degrees is not None:
        pose = pose.shifted(controls.delta_degrees)
    if controls.alpha is not None:
        pose = pose.scaled(np.where(np.isnan(controls.alpha), np.float32(1), controls.alpha))
    return pose


def _faded(
    settings: StitchSettings, motion: Motion, target: Motion, weight: Float32[np.ndarray, " _"]
) -> Motion:
    """Step 7, of the parts that fade."""

    def part(name: str, here: np.ndarray, there: np.ndarray) -> np.ndarray:
        share = weight[:, None] if name in settings.fade_parts else np.float32(1)
        return share * here + (1 - share) * there

    angles = np.array([name in settings.fade_parts for name in ANGLES])
    return Motion(
        part("scale", motion.scale, target.scale),
        part("t", motion.translation, target.translation),
        part("exp", motion.expression, target.expression),
        motion.pose.faded(target.pose, weight, angles),
    )
