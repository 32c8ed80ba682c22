"""The HTTP API in front of a service: remote stages in production, local or fake ones in a test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

import talkhead
from deployments.api.avatars import avatar_routes
from deployments.api.files import content_routes
from deployments.api.live import live_routes
from deployments.api.problems import install
from deployments.api.system import mount_studio, system_routes
from deployments.api.uploads import BodyLimit
from deployments.api.videos import OnFirstFragment, video_routes
from talkhead.service.service import Service


def build_api(
    service: Service, on_first_fragment: OnFirstFragment = lambda seconds: None
) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        await service.aclose()

    api = FastAPI(
        title="Talkhead",
        version=talkhead.__version__,
        summary=talkhead.__doc__,
        lifespan=lifespan,
    )
    install(api)
    api.add_middleware(BodyLimit, max_bytes=service.limits.upload_bytes)
    for routes in (
        video_routes(service, on_first_fragment),
        content_routes(service),
        avatar_routes(service),
        live_routes(service),
        system_routes(service),
    ):
        api.include_router(routes)
    mount_studio(api)
    return api
