"""The `builtin` engine: what it can do, and how its models are loaded."""

from pathlib import Path

from talkhead.engines.builtin.coefficients import NAMES
from talkhead.engines.builtin.motion.config import MotionConfig
from talkhead.engines.builtin.motion.controls import CONTROLS as MOTION_CONTROLS
from talkhead.engines.builtin.motion.schedule import schedule_for
from talkhead.engines.builtin.renderer.controls import RENDERER_CONTROLS
from talkhead.engines.engine import AudioEncoder, EngineInfo, MotionGenerator, Renderer
from talkhead.weights.files import EngineWeights
from talkhead.weights.shipped import SHIPPED

_HERE = Path(__file__).parent
_WEIGHTS = _HERE / "motion" / "weights.safetensors"


class BuiltinEngine:
    """Imports torch and the networks only when a model is asked for."""

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="builtin",
            title="Any front-facing photo, animated by layered warps; motion by diffusion",
            code_licence="Apache-2.0",
            weights_licence="Apache-2.0",
            default_size=512,
            minimum_size=128,
            maximum_size=1024,
            schedule_for=schedule_for,
            feature_dim=MotionConfig().feature_width,
            motion_dim=len(NAMES),
            controls=(*MOTION_CONTROLS, *RENDERER_CONTROLS),
        )

    @property
    def weights(self) -> EngineWeights:
        return SHIPPED

    def audio_encoder(self, device: str) -> AudioEncoder:
        from talkhead.engines.builtin.motion.audio_encoder import BuiltinAudioEncoder
        from talkhead.engines.builtin.motion.checkpoint import load

        return BuiltinAudioEncoder(load(_WEIGHTS, device))

    def motion_generator(self, device: str) -> MotionGenerator:
        from talkhead.engines.builtin.motion.checkpoint import load
        from talkhead.engines.builtin.motion.motion_generator import BuiltinMotionGenerator

        return BuiltinMotionGenerator(load(_WEIGHTS, device))

    def renderer(self, device: str) -> Renderer:
        from talkhead.engines.builtin.renderer.renderer import BuiltinRenderer

        return BuiltinRenderer(device)
