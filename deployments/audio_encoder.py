"""Serves the audio encoders of the engines, batched over sessions."""

from deployments.metrics import BatchMetrics
from deployments.stage import StageSettings, check_progress, per_engine, prepare
from talkhead.batching import Priority
from talkhead.types import AudioFeatures, Waveform


class AudioEncoder:
    def __init__(self, settings: StageSettings) -> None:
        from talkhead.pipeline.local import LocalAudioEncoder

        device, limits = prepare(settings)
        on_batch = BatchMetrics().observe
        self._stages = per_engine(
            settings,
            lambda engine: LocalAudioEncoder(engine.audio_encoder(device), limits, on_batch),
        )

    async def encode(self, engine: str, waveform: Waveform, priority: Priority) -> AudioFeatures:
        return await self._stages[engine].encode(waveform, priority)

    async def ping(self) -> None:
        """Only a replica whose models are loaded gets to answer."""

    async def check_health(self) -> None:
        for stage in self._stages.values():
            check_progress(stage.running_s)
