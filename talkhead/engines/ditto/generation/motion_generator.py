"""Features to key points, batched over sessions: the second stage of the engine."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from talkhead.engines.control import number
from talkhead.engines.ditto.controls import Plan, plan_of
from talkhead.engines.ditto.generation.past import Past
from talkhead.engines.ditto.generation.windows import Span, span_of
from talkhead.engines.ditto.motion.blinks import UNBOUNDED, blink_rows, blink_track
from talkhead.engines.ditto.motion.condition import condition_rows, told_rows
from talkhead.engines.ditto.motion.fading import fade_alphas
from talkhead.engines.ditto.motion.fusion import (
    WINDOW,
    condition_frame,
    fused,
    offline_smoothed,
)
from talkhead.engines.ditto.motion.layout import clipped, split
from talkhead.engines.ditto.motion.noise import start_noise, step_noises
from talkhead.engines.ditto.motion.stitch import StitchNetwork, anchors, stitched
from talkhead.engines.ditto.motion.stitch_settings import FOR_VIDEOS, FrameControls, StitchSettings
from talkhead.engines.ditto.reference import FaceReference, WindowReference
from talkhead.engines.engine import MotionStep, MotionWindow
from talkhead.types import Motion

KEY_POINTS_DIM = 63

Rows = Float32[np.ndarray, "_ 265"]


@runtime_checkable
class Diffusion(Protocol):
    """The sampler around the network, for windows that take the same number of steps."""

    def close(self) -> None: ...

    def sample(
        self,
        condition: Float32[np.ndarray, "batch 80 1103"],
        condition_frame: Float32[np.ndarray, "batch 265"],
        start: Float32[np.ndarray, "batch 80 265"],
        step_noises: Float32[np.ndarray, "batch more 80 265"],
    ) -> Float32[np.ndarray, "batch 80 265"]: ...


@dataclass(frozen=True)
class Noise:
    """Where random numbers come from, by seed; tests put recorded ones in their place."""

    start: Callable[[int, int], Float32[np.ndarray, "80 265"]] = start_noise
    steps: Callable[[int, int], Float32[np.ndarray, "more 80 265"]] = step_noises
    blinks: Callable[[int], Random] = Random


@dataclass(frozen=True)
class MotionModels:
    """What the generator computes with, and the numbers that were published with it."""

    diffusion: Diffusion
    stitch: StitchNetwork
    silence: Float32[np.ndarray, "5 1024"]  # features of silence, which repeat
    limits: Float32[np.ndarray, "limits 265"] | None = None  # least and most of generated motion
    blink: Float32[np.ndarray, "15 63"] | None = None  # the expression of one blink
    character: FaceReference | None = None  # the face whose way of speaking is played by default


class DittoMotionGenerator:
    """Rows are the key points, 21 x 3, to which the portrait is driven."""

    def __init__(self, models: MotionModels, noise: Noise = Noise()) -> None:
        self._models, self._noise = models, noise

    def close(self) -> None:
        """End the threads of the diffusion."""
        self._models.diffusion.close()

    def kind(self, window: MotionWindow) -> Hashable:
        """Windows that take the same number of steps."""
        return number(window.controls, "steps")

    def generate(self, windows: Sequence[MotionWindow]) -> list[MotionStep]:
        """The motion of each; all windows of one number of steps are sampled together."""
        items = [_Item.of(window, self._models.character) for window in windows]
        groups: dict[int, list[int]] = defaultdict(list)
        for place, item in enumerate(items):
            if item.span.runs:
                groups[item.plan.steps].append(place)
        predicted: dict[int, Rows] = {}
        for steps, places in groups.items():
            sampled = self._sample([items[place] for place in places], steps)
            predicted.update(zip(places, sampled, strict=True))
        return [self._finish(item, predicted.get(place)) for place, item in enumerate(items)]

    def _sample(self, items: Sequence["_Item"], steps: int) -> Float32[np.ndarray, "batch 80 265"]:
        return self._models.diffusion.sample(
            np.stack([item.condition(self._models.silence) for item in items]),
            np.stack([item.condition_frame() for item in items]),
            np.stack([self._noise.start(it.window.seed, it.window.index) for it in items]),
            np.stack([self._noise.steps(item.window.seed, steps) for item in items]),
        )

    def _finish(self, item: "_Item", prediction: Rows | None) -> MotionStep:
        rows = item.past.rows
        if prediction is not None:
            rows = fused(item.plan.fusion, rows, prediction)
        shown = self._clipped(item.shown(rows))
        past = item.learnt(rows, self._clipped(rows[:1]), shown)
        return MotionStep(self._key_points(item, past, shown), past.to_rows())

    def _clipped(self, rows: Rows) -> Rows:
        limits = self._models.limits
        return rows if limits is None else clipped(rows, limits)

    def _key_points(self, item: "_Item", past: Past, shown: Rows) -> Motion:
        if past.first is None:
            return np.zeros((0, KEY_POINTS_DIM), np.float32)
        window = item.window
        first = anchors(
            item.stitch,
            item.face.first.source,
            past.first[None],
            item.frame_controls(0, 1),
            self._blinks(item, 0, 1),
            past.reference,
        )
        count = len(shown)
        result = stitched(
            item.stitch,
            first,
            item.face.at(window.start, count).source,
            shown,
            self._models.stitch,
            item.frame_controls(window.start, count),
            self._blinks(item, window.start, count),
        )
        return result.driving.reshape(count, KEY_POINTS_DIM).astype(np.float32)

    def _blinks(
        self, item: "_Item", start: int, count: int
    ) -> Float32[np.ndarray, "count 63"] | None:
        gap, shapes = item.plan.blink_gap, self._models.blink
        if gap is None or shapes is None:
            return None
        track = blink_track(UNBOUNDED, gap, self._noise.blinks(item.window.seed))
        return blink_rows(track, shapes, start, count)


def _lengthened(rows: Float32[np.ndarray, "_ dim"]) -> Float32[np.ndarray, "80 dim"]:
    return np.pad(rows, ((0, WINDOW - len(rows)), (0, 0)), "edge")


@dataclass(frozen=True)
class _Item:
    """A window, and what its parts mean here."""

    window: MotionWindow
    plan: Plan
    span: Span
    face: WindowReference  # that is shown
    character: FaceReference | None  # another one that the motion is made for, if any
    past: Past

    @staticmethod
    def of(window: MotionWindow, published: FaceReference | None) -> "_Item":
        plan = plan_of(window.controls)
        span = span_of(plan.fusion, window)
        character = published if plan.published_character else None
        if len(window.character):
            character = FaceReference.from_rows(window.character)
        return _Item(
            window=window,
            plan=plan,
            span=span,
            face=WindowReference(window.reference, span.heard),
            character=character,
            past=Past.from_rows(window.tail),
        )

    @property
    def stitch(self) -> StitchSettings:
        settings = self.plan.stitch
        if self.face.of_video:
            driven = {name: settings.driven[name] for name in FOR_VIDEOS.driven}
            settings = replace(settings, driven=driven, drive_eye=FOR_VIDEOS.drive_eye)
        if self.character is None:
            return settings
        scale = float(split(self.character.source.rows)["scale"][0, 0])
        return replace(settings, channel_scale=scale)

    def condition(self, silence: Float32[np.ndarray, "5 1024"]) -> Float32[np.ndarray, "80 1103"]:
        """Silence before the video; after its end the last features again, offline the last row."""
        span = self.span
        features = self.window.features[max(span.first - span.heard, 0) :]
        quiet = silence[np.arange(min(span.first, 0), 0) % len(silence)]
        heard = np.concatenate([quiet, features])[:WINDOW]
        if self.plan.fusion.online:
            return self._told(_lengthened(heard))
        return _lengthened(self._told(heard))

    def _told(self, features: Float32[np.ndarray, "_ 1024"]) -> Float32[np.ndarray, "_ 1103"]:
        first, emotion = self.span.first, self.plan.emotion
        if self.character:
            return condition_rows(features, first, emotion, self.character.condition)
        eyes = self.face.at(first, len(features)).condition
        return told_rows(features, first, emotion, eyes)

    def condition_frame(self) -> Float32[np.ndarray, " 265"]:
        source = (self.character or self.face.first).source.rows[0]
        return condition_frame(self.plan.fusion, self.past.rows, source, self.window.index)

    def shown(self, rows: Rows) -> Rows:
        """Of the fused rows those of the frames that are wanted."""
        window, fusion, end = self.window, self.plan.fusion, self.span.end
        first = len(rows) - (end - window.start)
        stop = first + window.frames
        if fusion.online:
            return rows[first:stop]
        if window.total is not None:  # what lies beyond must not smooth the last frame
            rows = rows[: first + window.total - window.start]
        return offline_smoothed(fusion, rows, first, stop)

    def learnt(self, rows: Rows, earliest: Rows, shown: Rows) -> Past:
        """What the next window must know; `earliest` is the first of `rows` as it would show."""
        fusion = self.plan.fusion
        reference, first = self.past.reference, self.past.first
        if first is None and len(shown):
            first = shown[0]
        if reference is None:
            # Relative motion starts online from what was made for silence, offline from frame 0.
            reference = earliest[0] if fusion.online else first
        kept = fusion.tail + fusion.smoothing  # the second smoothing looks back
        return Past(reference, first, rows[-kept:])

    def frame_controls(self, start: int, count: int) -> FrameControls:
        plan = self.plan
        if not plan.fade_in and not plan.fade_out:
            return FrameControls()
        alphas = fade_alphas(start, count, self.window.total, plan.fade_in, plan.fade_out)
        return FrameControls(fade_alpha=alphas)
