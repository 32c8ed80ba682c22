"""Health, models, limits, and the studio page."""

from dataclasses import asdict
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, FastAPI, Response
from fastapi.staticfiles import StaticFiles

import talkhead
from deployments.api.schemas import ListView, ModelView
from talkhead.service.service import Service


def system_routes(service: Service) -> APIRouter:
    api = APIRouter(tags=["system"])

    @api.get("/healthz")
    async def health() -> dict[str, str]:
        """This process answers."""
        return {"status": "ok", "version": talkhead.__version__}

    @api.get("/readyz", responses={503: {"description": "A stage does not answer."}})
    async def ready(response: Response) -> dict[str, str]:
        """Every stage answers."""
        if await service.ready():
            return {"status": "ready"}
        response.status_code = 503
        return {"status": "starting"}

    @api.get("/v1/models")
    async def models() -> ListView:
        """The engines served here, and what each can be told."""
        served = service.stages.values()
        return ListView(data=[ModelView.of(stages.info, stages.live) for stages in served])

    @api.get("/v1/limits")
    async def limits() -> dict[str, float]:
        """How much of everything a request may bring."""
        return asdict(service.limits)

    return api


def mount_studio(api: FastAPI) -> None:
    """The page at `/`, and the examples it offers. Last, for it takes every path that is left."""
    examples = Path(str(files("talkhead") / "examples"))
    studio = Path(str(files("deployments") / "studio"))
    api.mount("/examples", StaticFiles(directory=examples))
    api.mount("/", StaticFiles(directory=studio, html=True))
