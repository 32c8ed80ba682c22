"""All three stages in one process, for laptops: the same methods, two processes fewer."""

from deployments.audio_encoder import AudioEncoder
from deployments.motion_diffusion import MotionDiffusion
from deployments.renderer import Renderer
from deployments.stage import StageSettings
from talkhead.batching import Priority
from talkhead.engines.engine import MotionStep, MotionWindow
from talkhead.pipeline.stages import RenderRequest
from talkhead.types import AudioFeatures, Motion, VideoChunk, Waveform


class Fused:
    def __init__(self, settings: StageSettings) -> None:
        self._audio_encoder = AudioEncoder(settings)
        self._motion = MotionDiffusion(settings)
        self._renderer = Renderer(settings)

    async def encode(self, engine: str, waveform: Waveform, priority: Priority) -> AudioFeatures:
        return await self._audio_encoder.encode(engine, waveform, priority)

    async def generate(self, engine: str, window: MotionWindow, priority: Priority) -> MotionStep:
        return await self._motion.generate(engine, window, priority)

    async def register(self, engine: str, portrait: str) -> dict[str, float]:
        return await self._renderer.register(engine, portrait)

    async def reference(self, engine: str, portrait: str) -> Motion:
        return await self._renderer.reference(engine, portrait)

    async def render(self, engine: str, request: RenderRequest, priority: Priority) -> VideoChunk:
        return await self._renderer.render(engine, request, priority)

    async def ping(self) -> None:
        """Only a replica whose models are loaded gets to answer."""

    async def check_health(self) -> None:
        for part in (self._audio_encoder, self._motion, self._renderer):
            await part.check_health()
