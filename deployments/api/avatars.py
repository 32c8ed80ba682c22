"""`/v1/avatars`: portraits that were checked and studied once."""

from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile
from fastapi.staticfiles import StaticFiles

from deployments.api.schemas import AvatarView, Limit, ListView
from deployments.api.uploads import require_multipart
from talkhead.service.service import Service

# An hour, in no shared cache: whose face it is may want it gone.
_CACHING = "private, max-age=3600"


def avatar_routes(service: Service) -> APIRouter:
    api = APIRouter(prefix="/v1/avatars", tags=["avatars"])
    avatars = service.avatars
    files = StaticFiles(check_dir=False)  # for what it knows of ETags; it serves no folder

    @api.post("", status_code=201, dependencies=[Depends(require_multipart)])
    async def create(
        portrait: Annotated[UploadFile, File(description="An image with one face.")],
        name: Annotated[str, Form(max_length=200)] = "",
        consent: Annotated[
            str, Form(max_length=2000, description="Who agreed to be animated, and how.")
        ] = "",
    ) -> AvatarView:
        """Check and study a portrait, so that a video with it can start at once."""
        return AvatarView.of(await avatars.create(await portrait.read(), name, consent))

    @api.get("")
    async def list_avatars(limit: Limit = 100) -> ListView:
        """Avatars, newest first."""
        return ListView(data=[AvatarView.of(avatar) for avatar in (await avatars.all())[:limit]])

    @api.get("/{id}")
    async def get(id: str) -> AvatarView:
        return AvatarView.of(await avatars.get(id))

    @api.head("/{id}/thumbnail", include_in_schema=False)
    @api.get(
        "/{id}/thumbnail",
        response_class=Response,
        responses={200: {"content": {"image/jpeg": {}}}, 304: {"description": "You have it."}},
    )
    async def thumbnail(id: str, request: Request) -> Response:
        """A small picture of the face, at most 320 pixels wide and high. `If-None-Match` works."""
        path = service.blobs.path(await avatars.thumbnail(id))
        response = files.file_response(path, path.stat(), request.scope)
        response.headers["Cache-Control"] = _CACHING
        return response

    @api.delete("/{id}", status_code=204)
    async def delete(id: str) -> None:
        await avatars.delete(id)

    return api
