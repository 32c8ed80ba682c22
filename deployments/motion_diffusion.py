"""Serves the motion generators of the engines, batched over sessions."""

from deployments.metrics import BatchMetrics
from deployments.stage import StageSettings, check_progress, per_engine, prepare
from talkhead.batching import Priority
from talkhead.engines.engine import MotionStep, MotionWindow


class MotionDiffusion:
    def __init__(self, settings: StageSettings) -> None:
        from talkhead.pipeline.local import LocalMotion

        device, limits = prepare(settings)
        on_batch = BatchMetrics().observe
        self._stages = per_engine(
            settings,
            lambda engine: LocalMotion(engine.motion_generator(device), limits, on_batch),
        )

    async def generate(self, engine: str, window: MotionWindow, priority: Priority) -> MotionStep:
        return await self._stages[engine].generate(window, priority)

    async def ping(self) -> None:
        """Only a replica whose models are loaded gets to answer."""

    async def check_health(self) -> None:
        for stage in self._stages.values():
            check_progress(stage.running_s)
