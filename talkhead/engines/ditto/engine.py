"""The `ditto` engine: what it can do, and how its models are loaded."""

from dataclasses import replace
from functools import cached_property
from pathlib import Path

from talkhead.engines.control import Control
from talkhead.engines.ditto.controls import (
    BLINK_CONTROLS,
    CANVAS,
    CHARACTER_CONTROL,
    CONTROLS,
    check_together,
    fusion_of,
)
from talkhead.engines.ditto.files.config_pickle import DittoConfig, read_config
from talkhead.engines.ditto.files.published_files import PUBLISHED
from talkhead.engines.ditto.generation.windows import schedule_of
from talkhead.engines.ditto.reference import REFERENCE_DIM
from talkhead.engines.engine import AudioEncoder, EngineInfo, MotionGenerator, Renderer, Schedule
from talkhead.errors import CheckpointMismatch
from talkhead.types import Controls
from talkhead.weights.files import EngineWeights

FEATURE_DIM, KEY_POINTS_DIM = 1024, 63


class DittoEngine:
    """Imports torch and the networks only when a model is asked for."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or PUBLISHED.folder

    @property
    def weights(self) -> EngineWeights:
        return replace(PUBLISHED, folder=self._folder)

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="ditto",
            title="Ditto: motion by diffusion, faces by LivePortrait's networks; needs a GPU",
            code_licence="Apache-2.0",
            weights_licence="Apache-2.0, MIT; the face models InsightFace offers are optional",
            default_size=512,
            minimum_size=128,
            maximum_size=CANVAS,
            schedule_for=_schedule_for,
            feature_dim=FEATURE_DIM,
            motion_dim=KEY_POINTS_DIM,
            reference_dim=REFERENCE_DIM,
            controls=self._controls,
            plays_characters=True,
            needs_gpu=True,
        )

    @cached_property
    def _controls(self) -> tuple[Control, ...]:
        """Some need numbers, and one a default, that only the published configuration has."""
        config = self._config()
        tilt = config.overall_ctrl_info.get("delta_pitch", 0.0)
        usual = tuple(
            replace(control, default=tilt) if control.name == "pitch_offset" else control
            for control in CONTROLS
        )
        blinks = BLINK_CONTROLS if config.delta_eye_arr is not None else ()
        return (*usual, *blinks, *((CHARACTER_CONTROL,) if config.ch_info else ()))

    def _config(self) -> DittoConfig:
        path = PUBLISHED.find("online_config", self._folder)
        try:
            return read_config(path) if path else DittoConfig()
        except CheckpointMismatch:  # `weights verify` tells, and so does loading the models
            return DittoConfig()

    def audio_encoder(self, device: str) -> AudioEncoder:
        from talkhead.engines.ditto.loading import speech_encoder
        from talkhead.engines.ditto.speech.audio_encoder import DittoAudioEncoder

        return DittoAudioEncoder(speech_encoder(self._folder, device))

    def motion_generator(self, device: str) -> MotionGenerator:
        from talkhead.engines.ditto.generation.motion_generator import DittoMotionGenerator
        from talkhead.engines.ditto.loading import motion_models

        return DittoMotionGenerator(motion_models(self._folder, device))

    def renderer(self, device: str) -> Renderer:
        from talkhead.engines.ditto.loading import drawing, registration_models
        from talkhead.engines.ditto.rendering.drawing import FaceDrawer
        from talkhead.engines.ditto.rendering.renderer import DittoRenderer

        drawer = FaceDrawer(drawing(self._folder, device))
        return DittoRenderer(drawer, registration_models(self._folder, device))


def _schedule_for(controls: Controls) -> Schedule:
    schedule = schedule_of(fusion_of(controls))
    check_together(controls, schedule.look_ahead)
    return schedule
