"""Feature rows to motion rows, batched: the second stage of the engine."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from talkhead.engines.builtin.coefficients import ARKIT, NAMES
from talkhead.engines.builtin.motion.closure import sealed
from talkhead.engines.builtin.motion.conditions import EMOTIONS
from talkhead.engines.builtin.motion.config import EVENTS, FRAMES_PER_TOKEN
from talkhead.engines.builtin.motion.continuity import continued
from talkhead.engines.builtin.motion.controls import Sampling, sampling
from talkhead.engines.builtin.motion.diffusion import sample, times
from talkhead.engines.builtin.motion.model import MotionModel
from talkhead.engines.builtin.motion.noise import window_noise
from talkhead.engines.builtin.motion.schedule import PREVIOUS, SCHEDULE
from talkhead.engines.engine import MotionStep, MotionWindow
from talkhead.engines.lone_thread import lone_thread

# The items of one call may differ in length, so the axis has no name.
Rows = Float32[np.ndarray, "_ dim"]
POSE_COLUMNS = slice(len(ARKIT), len(NAMES))


class BuiltinMotionGenerator:
    def __init__(self, model: MotionModel) -> None:
        self._model = model
        self._thread = lone_thread()

    def close(self) -> None:
        """End its thread."""
        self._thread.shutdown(wait=False)

    def kind(self, window: MotionWindow) -> Hashable:
        """Windows of one length."""
        return window.features.shape

    def generate(self, windows: Sequence[MotionWindow]) -> list[MotionStep]:
        """The motion of each; windows of one size and sampler share their passes."""
        moved = self._thread.submit(self._generate_all, windows).result()
        return [_step(window, rows) for window, rows in zip(windows, moved, strict=True)]

    def _generate_all(self, windows: Sequence[MotionWindow]) -> list[Rows]:
        groups: dict[tuple[int, int, bool], list[int]] = defaultdict(list)
        gain = self._model.config.head_gain
        items = [_Item.of(window, gain) for window in windows]
        for place, item in enumerate(items):
            groups[item.kind].append(place)
        results: dict[int, Rows] = {}
        for (_, steps, guided), places in groups.items():
            chosen = [items[place] for place in places]
            rows = self._sample(chosen, steps, guided)
            finished = (item.finish(row) for item, row in zip(chosen, rows, strict=True))
            results.update(zip(places, finished, strict=True))
        return [results[place] for place in range(len(windows))]

    def _sample(self, items: Sequence["_Item"], steps: int, guided: bool) -> list[Rows]:
        model = self._model
        device = model.mean.device
        features = _stacked([item.features for item in items]).to(device)
        present = _stacked([item.present for item in items]).to(device)
        previous = model.normalise(_stacked([item.previous for item in items]).to(device))
        noise = _stacked([item.noise for item in items]).to(device)
        guidance = torch.tensor([[[item.sampling.guidance]] for item in items], device=device)
        with torch.inference_mode():
            modulations = self._modulations(items, steps)
            told = model.denoiser.given(previous, present, features)
            silent = model.denoiser.silent.expand_as(features)
            untold = model.denoiser.given(previous, present, silent) if guided else told

            def predict(noisy: Tensor, step: int) -> Tensor:
                clean = model.denoiser.denoise(noisy, modulations[step], told)
                if not guided:
                    return clean
                unmoved = model.denoiser.denoise(noisy, modulations[step], untold)
                return unmoved + guidance * (clean - unmoved)

            return list(model.denormalise(sample(predict, noise, steps)).cpu().numpy())

    def _modulations(
        self, items: Sequence["_Item"], steps: int
    ) -> Float[Tensor, "steps batch 6 width"]:
        """Of all steps at once: many small products are slower than one."""
        condition = self._condition(items)
        time = times(steps)[:-1].repeat_interleave(len(items)).to(condition)
        rows = self._model.denoiser.modulation(time, condition.repeat(steps, 1))
        return rows.reshape(steps, len(items), *rows.shape[1:])

    def _condition(self, items: Sequence["_Item"]) -> Float[Tensor, "batch width"]:
        conditions = [item.sampling.condition for item in items]
        device = self._model.mean.device
        return self._model.condition(
            torch.tensor([EMOTIONS.index(c.emotion) for c in conditions], device=device),
            torch.tensor([c.intensity for c in conditions], device=device),
            torch.tensor([c.styles for c in conditions], device=device),
        )


def _step(window: MotionWindow, rows: Rows) -> MotionStep:
    past = np.concatenate([window.tail, rows]) if len(window.tail) else rows
    return MotionStep(rows, past[-PREVIOUS:])


@dataclass(frozen=True)
class _Item:
    """A window as the network takes it: whole tokens, ten earlier rows whether there or not."""

    frames: int  # wanted
    features: Float32[np.ndarray, "rows audio"]
    previous: Float32[np.ndarray, "previous dim"]
    present: Float32[np.ndarray, " previous"]
    noise: Float32[np.ndarray, "window dim"]
    sampling: Sampling
    pose_gain: float

    @staticmethod
    def of(window: MotionWindow, head_gain: float) -> "_Item":
        settings = sampling(window.controls)
        length = window.frames + SCHEDULE.look_ahead
        padding = -length % FRAMES_PER_TOKEN
        heard = window.features[-(PREVIOUS + length) :]
        known = window.tail[-PREVIOUS:]
        previous = np.zeros((PREVIOUS, len(NAMES)), np.float32)
        present = np.zeros(PREVIOUS, np.float32)
        if len(known):
            previous[-len(known) :] = known
            present[-len(known) :] = 1
        pose_gain = head_gain * settings.head_scale
        if pose_gain > 0:
            previous[:, POSE_COLUMNS] /= pose_gain
        return _Item(
            frames=window.frames,
            features=np.pad(heard, ((0, padding), (0, 0)), "edge"),
            previous=previous,
            present=present,
            noise=window_noise(window.seed, window.index, length + padding),
            sampling=settings,
            pose_gain=pose_gain,
        )

    @property
    def kind(self) -> tuple[int, int, bool]:
        """What must be equal to share a pass: window length, steps, whether guided."""
        return len(self.noise), self.sampling.steps, self.sampling.guidance != 1

    def finish(self, rows: Float32[np.ndarray, "window dim"]) -> Rows:
        closing = self.features[PREVIOUS:, -len(EVENTS) + EVENTS.index("closure")]
        earlier = self.previous[self.present > 0]
        motion = continued(sealed(rows, closing), earlier)[: self.frames]
        motion[:, : len(ARKIT)] = np.clip(motion[:, : len(ARKIT)], 0, 1)
        motion[:, POSE_COLUMNS] *= self.pose_gain
        return motion


def _stacked(arrays: Sequence[Float32[np.ndarray, "..."]]) -> Tensor:
    return torch.from_numpy(np.stack(arrays))
