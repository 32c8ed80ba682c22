"""Batches are what the shards hold; a resumed training is the same training."""

from pathlib import Path

import numpy as np
import pytest
import torch

from talkhead.engines.builtin.coefficients import NAMES
from talkhead.engines.builtin.motion.conditions import STYLES
from talkhead.engines.builtin.motion.config import MotionConfig
from talkhead.engines.builtin.motion.mel import MELS, ROWS_PER_FRAME, SILENCE, log_mel
from talkhead.training import mel_augmentation
from talkhead.training.batches import Windows
from talkhead.training.clips import Clip
from talkhead.training.losses import motion_loss
from talkhead.training.phones import PHONES
from talkhead.training.shards import Part, parts, save
from talkhead.training.sources import SOURCES
from talkhead.training.train import FRAMES, SHORT, Trainer, TrainingConfig

SIZES = MotionConfig(mel_width=8, middle_width=8, audio_width=8, width=16, layers=1, hidden=16)


def clip(frames: int, seed: int) -> Clip:
    """Every track counts frames, so that a window tells where it was cut."""
    random = np.random.default_rng(seed)
    count = np.arange(frames, dtype=np.float16)[:, None]
    rows = np.repeat(count, ROWS_PER_FRAME, axis=0)
    shares = np.zeros((frames, len(PHONES)), np.float16)
    shares[:, seed % len(PHONES)] = 1
    return Clip(
        waveform=np.zeros(0, np.float32),
        mel=-rows * np.float16(0.01) + random.normal(0, 1, (1, MELS)).astype(np.float16),
        motion=np.repeat(count / 100, len(NAMES), axis=1),
        phones=shares,
        tracks=np.repeat(count % 2, 3, axis=1),
        condition=np.array([seed % 8, 0.5, *[0.1] * len(STYLES)], np.float32),
        voice="counting",
    )


@pytest.fixture
def windows(tmp_path: Path) -> Windows:
    path = tmp_path / "counting-00.npz"
    save(path, [clip(120, 1), clip(150, 2), clip(100, 3)], with_waveforms=False)
    return Windows({"counting": [path]}, {"counting": 1.0})


def test_a_stretch_is_cut_from_one_clip_in_one_piece(windows: Windows) -> None:
    batch = windows.draw(64, FRAMES, SHORT, np.random.default_rng(0))
    steps = torch.diff(batch.motion[..., 0] * 100, dim=1)
    for row, missing in zip(steps, batch.missing, strict=True):
        assert row[missing:].round().eq(1).all()  # within the clip every frame follows the last
        assert row[:missing].round().eq(0)[: max(int(missing) - 1, 0)].all()


def test_some_stretches_begin_a_session_in_digital_silence(windows: Windows) -> None:
    config = np.random.default_rng(1)
    batch = windows.draw(400, FRAMES, SHORT, config)
    assert set(batch.missing.tolist()) == {0, FRAMES - SHORT, FRAMES - SHORT - 4}
    share = (batch.missing > 0).float().mean()
    assert 0.06 < share < 0.2


def test_augmentation_keeps_size_and_stays_finite() -> None:
    random = np.random.default_rng(0)
    mels = random.normal(-5, 3, (32, 60, MELS)).astype(np.float32)
    mels[:4] = SILENCE
    for _ in range(5):
        changed = mel_augmentation.augment(mels.copy(), random)
        assert changed.shape == mels.shape
        assert changed.dtype == np.float32
        assert np.isfinite(changed).all()
        assert np.abs(changed - mels).max() > 0.1


def test_quieter_mels_are_those_of_quieter_sound() -> None:
    class Fixed(np.random.Generator):
        """Chooses every item and lowers it by 2 nepers of power."""

        def random(self, *_: object, **__: object) -> np.ndarray:  # type: ignore[override]
            return np.zeros(1)

        def uniform(self, *_: object, **__: object) -> np.ndarray:  # type: ignore[override]
            return np.full((1, 1, 1), -2.0)

    sound = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    lowered = mel_augmentation.quieter(log_mel(sound)[None].copy(), 0.5, Fixed(np.random.PCG64()))
    expected = log_mel(sound * np.float32(np.exp(-1)))
    np.testing.assert_allclose(lowered[0], expected, atol=0.01)


def test_the_truth_costs_nothing_and_an_error_costs_something(windows: Windows) -> None:
    trainer = Trainer(windows, TrainingConfig(1, 1, joint_batch=4), SIZES)
    batch = windows.draw(4, FRAMES, SHORT, np.random.default_rng(0))
    truth = trainer.model.normalise(batch.motion)
    window, last = truth[:, -SHORT:], truth[:, -SHORT - 1]
    there = torch.ones(4)
    exact = motion_loss(trainer.model, window, batch, last, there)
    assert exact.total == pytest.approx(0, abs=1e-6)
    wrong = motion_loss(trainer.model, window + 0.1, batch, last, there)
    alone = motion_loss(trainer.model, window + 0.1, batch, last, 0 * there)
    assert wrong.velocity > alone.velocity == pytest.approx(0, abs=1e-6)
    assert wrong.position == pytest.approx(float(alone.position))


def test_a_resumed_training_ends_with_the_same_weights(windows: Windows, tmp_path: Path) -> None:
    config = TrainingConfig(2, 3, listening_batch=4, joint_batch=4, save_every=3)
    straight = Trainer(windows, config, SIZES).run(tmp_path / "straight.pt")
    broken = Trainer(windows, config, SIZES)
    for _ in range(3):
        broken.advance()
    broken.save(tmp_path / "broken.pt")
    resumed = Trainer(windows, config, SIZES).run(tmp_path / "broken.pt")
    for name, tensor in straight.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], tensor, rtol=0, atol=0)


def test_listening_leaves_the_rest_of_the_model_alone(windows: Windows) -> None:
    trainer = Trainer(windows, TrainingConfig(5, 5, listening_batch=4), SIZES)
    before = {name: p.clone() for name, p in trainer.model.named_parameters()}
    trainer.advance()
    for name, parameter in trainer.model.named_parameters():
        moved = not torch.equal(parameter, before[name])
        assert moved == name.startswith("audio."), name


def test_training_lowers_the_loss(windows: Windows) -> None:
    config = TrainingConfig(0, 60, joint_batch=8, rate=3e-3)
    trainer = Trainer(windows, config, SIZES)
    losses = [trainer.advance()["position"] for _ in range(60)]
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:10])


def test_the_parts_of_a_data_set_add_up_to_its_hours() -> None:
    planned = parts(SOURCES, seed=1)
    for source in SOURCES:
        made = [part for part in planned if part.source == source.name]
        assert sum(part.hours for part in made) == pytest.approx(source.hours)
        assert [part.number for part in made] == list(range(len(made)))
    assert len(set(planned)) == len(planned)
    assert isinstance(planned[0], Part)
