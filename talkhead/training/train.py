"""The training loop: first the ears alone, then everything together; it can be resumed."""

import copy
import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from talkhead.engines.builtin.coefficients import ARKIT
from talkhead.engines.builtin.motion.config import MotionConfig
from talkhead.engines.builtin.motion.diffusion import mixed
from talkhead.engines.builtin.motion.model import MotionModel, feature_rows
from talkhead.engines.builtin.motion.schedule import PREVIOUS, SCHEDULE
from talkhead.training.batches import Batch, Windows
from talkhead.training.losses import listening_loss, motion_loss

log = logging.getLogger(__name__)

FRAMES = SCHEDULE.context + SCHEDULE.step + SCHEDULE.look_ahead  # heard at once, as in service
SHORT = SCHEDULE.step + SCHEDULE.look_ahead
LONG = FRAMES - PREVIOUS
LEAST_DEVIATION = 0.06  # coefficients that hardly move are not blown up


@dataclass(frozen=True)
class TrainingConfig:
    listening_steps: int  # the audio network and its auxiliary task only
    joint_steps: int
    listening_batch: int = 56  # stretches of FRAMES frames
    joint_batch: int = 40
    rate: float = 1e-3  # Adam's, at the top of its cosine
    audio_share: float = 0.3  # of the rate, for the audio network in the joint phase
    smoothing: float = 0.998  # of the running mean of the weights, which is what ships
    deaf: float = 0.1  # share of windows whose audio is withheld: audio guidance needs it
    alone: float = 0.12  # share without earlier motion
    short: float = 0.5  # share of batches with service windows; the others predict all they hear
    expression: float = 1.0  # weight of all that is not the mouth, in the motion's loss
    quiet: float = 0.0  # share of stretches up to 26 decibels lower
    seed: int = 0
    threads: int = 1
    save_every: int = 400  # steps

    @property
    def steps(self) -> int:
        return self.listening_steps + self.joint_steps


class Trainer:
    """Model, running mean and optimiser; all randomness comes from (seed, step)."""

    def __init__(
        self, windows: Windows, config: TrainingConfig, sizes: MotionConfig = MotionConfig()
    ) -> None:
        torch.manual_seed(config.seed)
        self.windows, self.config = windows, config
        self.model = MotionModel(sizes)
        mean, deviation = motion_scale(windows)
        self.model.mean.copy_(mean)
        self.model.deviation.copy_(deviation)
        self.smoothed = copy.deepcopy(self.model).eval()
        audio = list(self.model.audio.parameters())
        ears = {id(parameter) for parameter in audio}
        others = [p for p in self.model.parameters() if id(p) not in ears]
        groups = [{"params": audio}, {"params": others}]
        self.optimiser = torch.optim.AdamW(groups, weight_decay=0.01, betas=(0.9, 0.98))
        self.step = 0

    def start_from(self, weights: dict[str, Tensor]) -> None:
        """Another training's result; the scale of the motion stays that one's."""
        self.model.load_state_dict(weights)
        self.smoothed.load_state_dict(weights)

    def run(self, checkpoint: Path) -> MotionModel:
        """Trains from where `checkpoint` left off, if it exists, to the end."""
        torch.set_num_threads(self.config.threads)
        if checkpoint.exists():
            self._load(checkpoint)
        started = time.monotonic()
        recent: dict[str, float] = {}
        while self.step < self.config.steps:
            figures = self.advance()
            recent = {k: 0.97 * recent.get(k, v) + 0.03 * v for k, v in figures.items()}
            if self.step % 50 == 0:
                shown = {name: round(value, 4) for name, value in recent.items()}
                log.info("step %d, %.0f s, %s", self.step, time.monotonic() - started, shown)
            if self.step % self.config.save_every == 0 or self.step == self.config.steps:
                self.save(checkpoint)
        return self.smoothed

    def advance(self) -> dict[str, float]:
        """One step; the losses by name."""
        random = np.random.default_rng([self.config.seed, self.step])
        torch.manual_seed(int(random.integers(2**62)))
        listening = self.step < self.config.listening_steps
        self._set_rates(listening)
        phase = self._listen if listening else self._animate
        with torch.autocast("cpu", torch.bfloat16):
            loss, figures = phase(random)
        self.optimiser.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        self._smooth()
        return figures

    def _draw(self, count: int, window: int, random: np.random.Generator) -> Batch:
        return self.windows.draw(count, FRAMES, window, random, self.config.quiet)

    def _listen(self, random: np.random.Generator) -> tuple[Tensor, dict[str, float]]:
        batch = self._draw(self.config.listening_batch, SHORT, random)
        loss = listening_loss(self.model.audio(batch.mel), batch)
        return loss, {"listening": loss.item()}

    def _animate(self, random: np.random.Generator) -> tuple[Tensor, dict[str, float]]:
        window = SHORT if random.random() < self.config.short else LONG
        batch = self._draw(self.config.joint_batch, window, random)
        heard = self.model.audio(batch.mel)
        listening = listening_loss(heard, batch)
        rows = feature_rows(heard)[:, -(window + PREVIOUS) :]
        deaf = torch.rand(len(rows)) < self.config.deaf
        rows = torch.where(deaf[:, None, None], self.model.denoiser.silent.to(rows), rows)
        previous, present = self._earlier(batch, window)
        clean = self.model.normalise(batch.motion[:, -window:])
        noise_level = torch.where(torch.rand(len(rows)) < 0.12, 1.0, torch.rand(len(rows)))
        predicted = self.model.denoiser(
            mixed(clean, torch.randn_like(clean), noise_level),
            noise_level,
            previous * present[..., None],
            present,
            rows,
            self.model.condition(batch.emotion, batch.intensity, batch.styles),
        )
        loss = motion_loss(
            self.model, predicted, batch, previous[:, -1], present[:, -1], self.config.expression
        )
        figures = {
            "listening": listening.item(),
            "position": loss.position.item(),
            "velocity": loss.velocity.item(),
            "gap": loss.gap.item(),
        }
        return loss.total + 0.25 * listening, figures

    def _earlier(
        self, batch: Batch, window: int
    ) -> tuple[Float[Tensor, "batch previous dim"], Float[Tensor, "batch previous"]]:
        """The frames before the window, a little wrong as they will be, and which are there."""
        first = batch.motion.shape[1] - window - PREVIOUS
        rows = torch.arange(first, first + PREVIOUS)
        previous = self.model.normalise(batch.motion[:, rows])
        strength = 0.15 * torch.rand(len(previous), 1, 1)
        offset = strength * torch.randn(len(previous), 1, previous.shape[2])
        previous = previous + offset + 0.03 * torch.randn_like(previous)
        there = (rows >= batch.missing[:, None]).float()
        together = (torch.rand(len(previous), 1) >= self.config.alone).float()
        return previous, there * together

    def _set_rates(self, listening: bool) -> None:
        config = self.config
        length = config.listening_steps if listening else config.joint_steps
        done = self.step if listening else self.step - config.listening_steps
        cosine = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done / length))
        rate = config.rate * cosine * min(1.0, (done + 1) / 80)
        ears, others = self.optimiser.param_groups
        ears["lr"] = rate if listening else rate * config.audio_share
        others["lr"] = 0.0 if listening else rate

    def _smooth(self) -> None:
        decay = min(self.config.smoothing, (self.step + 1) / (self.step + 20))
        with torch.no_grad():
            pairs = zip(self.smoothed.parameters(), self.model.parameters(), strict=True)
            for mean, value in pairs:
                mean.lerp_(value, 1 - decay)

    def save(self, path: Path) -> None:
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "smoothed": self.smoothed.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        unfinished = path.with_suffix(".unfinished")
        torch.save(state, unfinished)
        unfinished.rename(path)

    def _load(self, path: Path) -> None:
        state = torch.load(path, weights_only=True)
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.smoothed.load_state_dict(state["smoothed"])
        self.optimiser.load_state_dict(state["optimiser"])


def motion_scale(windows: Windows) -> tuple[Float[Tensor, " dim"], Float[Tensor, " dim"]]:
    """Mean and standard deviation of every column over the training set."""
    rows = np.concatenate([shard.motion[::7] for shard in windows.shards]).astype(np.float32)
    mean, deviation = rows.mean(0), rows.std(0)
    deviation[: len(ARKIT)] = np.maximum(deviation[: len(ARKIT)], LEAST_DEVIATION)
    return torch.from_numpy(mean), torch.from_numpy(deviation)
