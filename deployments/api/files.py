"""A finished file over HTTP: ranges, and no second download of what the client has."""

import re
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from talkhead.errors import NotFound, RangeNotSatisfiable
from talkhead.service.service import Service

_RANGES = re.compile(r"bytes=\s*(\d*-\d*)(\s*,\s*\d*-\d*)*\s*")


def content_routes(service: Service) -> APIRouter:
    api = APIRouter(prefix="/v1/videos", tags=["videos"])

    @api.head("/{id}/content", include_in_schema=False)
    @api.get("/{id}/content", response_class=FileResponse)
    async def content(id: str, request: Request) -> Response:
        """The finished file. Range requests and `If-None-Match` work."""
        video = await service.videos.table.get(id)
        path = service.blobs.path(video.content)
        if video.status != "completed" or not path.is_file():
            raise NotFound(f"video {video.id} is {video.status}: it has no content", "id")
        return file_response(path, video.id, request)

    return api


def file_response(path: Path, id: str, request: Request) -> Response:
    """The MP4 at `path`; its id is its ETag, for a finished video never changes.

    Raises:
        RangeNotSatisfiable: the range begins beyond the end.
    """
    etag = {"ETag": f'"{id}"'}
    if _has_it(request.headers.get("if-none-match", ""), etag["ETag"]):
        return Response(status_code=304, headers=etag)
    _check_range(request, path.stat().st_size)
    return FileResponse(path, headers=etag, media_type="video/mp4", filename=f"{id}.mp4")


def _has_it(if_none_match: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or "*" in tags


def _check_range(request: Request, size: int) -> None:
    """Drop what is no byte range, as RFC 9110 wants; refuse one that begins beyond the end."""
    given = request.headers.get("range", "")
    starts = re.findall(r"(\d+)-", given)
    if given and not _RANGES.fullmatch(given):
        headers = [(name, value) for name, value in request.scope["headers"] if name != b"range"]
        request.scope["headers"] = headers
    elif starts and all(int(start) >= size for start in starts):
        if request.headers.get("if-range"):
            return  # it may be another file now: Starlette compares and sends all of it
        raise RangeNotSatisfiable(f"the file has {size} bytes", "Range")
