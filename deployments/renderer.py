"""Serves the renderers of the engines: frames batched over sessions, then H.264.

Raw frames never leave this process.
"""

from deployments.metrics import BatchMetrics
from deployments.stage import StageSettings, check_progress, per_engine, prepare
from talkhead.batching import Priority
from talkhead.pipeline.stages import RenderRequest
from talkhead.types import Motion, VideoChunk


class Renderer:
    def __init__(self, settings: StageSettings) -> None:
        from talkhead.media.image import ImageLimits
        from talkhead.pipeline.local import LocalRenderer
        from talkhead.storage.blobs import open_blobs

        device, limits = prepare(settings)
        given = settings.limits
        images = ImageLimits(given.portrait_bytes, given.portrait_pixels)
        on_batch, blobs = BatchMetrics().observe, open_blobs(settings.data_root)
        self._stages = per_engine(
            settings,
            lambda engine: LocalRenderer(
                engine.renderer(device),
                engine.info.name,
                blobs,
                limits.on(device, engine.info),
                on_batch,
                images,
            ),
        )

    async def register(self, engine: str, portrait: str) -> dict[str, float]:
        return await self._stages[engine].register(portrait)

    async def reference(self, engine: str, portrait: str) -> Motion:
        return await self._stages[engine].reference(portrait)

    async def render(self, engine: str, request: RenderRequest, priority: Priority) -> VideoChunk:
        return await self._stages[engine].render(request, priority)

    async def ping(self) -> None:
        """Only a replica whose models are loaded gets to answer."""

    async def check_health(self) -> None:
        for stage in self._stages.values():
            check_progress(stage.running_s)
