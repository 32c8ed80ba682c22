"""The HTTP side of the graph: the service behind the API, with remote stages."""

from fastapi import FastAPI
from ray import serve

from deployments.api.app import build_api
from deployments.metrics import StreamMetrics
from deployments.remote import Handle, remote_stages
from deployments.settings import AppSettings
from talkhead.engines.registry import find_engine
from talkhead.pipeline.rehearsal import rehearse_session
from talkhead.service.service import Service


@serve.ingress()
class Ingress:
    """Serve builds the app in the replica, so nothing of FastAPI is ever pickled."""

    def __init__(
        self,
        settings: AppSettings,
        on_gpu: bool,
        audio_encoder: Handle,
        motion: Handle,
        renderer: Handle,
    ) -> None:
        rehearse_session()
        stages = {
            name: remote_stages(
                find_engine(name, settings.weights_root).info,
                audio_encoder,
                motion,
                renderer,
                on_gpu,
            )
            for name in settings.engines
        }
        self._service = Service.open(stages, settings.data_root, settings.limits.limits())

    def __serve_build_asgi_app__(self) -> FastAPI:
        return build_api(self._service, StreamMetrics().observe)
