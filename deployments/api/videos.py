"""`/v1/videos`: a portrait or avatar and speech in, a video out, streamed or as a job."""

import time
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Response, UploadFile
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from deployments.api.schemas import Limit, ListView, VideoOptions, VideoView
from deployments.api.streaming import FragmentResponse
from deployments.api.uploads import require_multipart
from deployments.wording import in_words
from talkhead.errors import OptionError
from talkhead.service.requests import VideoRequest
from talkhead.service.service import Service
from talkhead.service.video_table import Video

OnFirstFragment = Callable[[float], None]  # seconds since the request was read


def video_routes(service: Service, on_first_fragment: OnFirstFragment) -> APIRouter:
    api = APIRouter(prefix="/v1/videos", tags=["videos"])
    videos = service.videos

    @api.post(
        "",
        status_code=202,
        dependencies=[Depends(require_multipart)],
        responses={200: {"content": {"video/mp4": {}}, "description": "With stream=true."}},
        response_model=VideoView,
    )
    async def create(
        audio: Annotated[UploadFile, File(description="Speech: any format FFmpeg reads.")],
        portrait: Annotated[UploadFile | None, File(description="An image with one face.")] = None,
        avatar: Annotated[str | None, Form(description="Instead of a portrait: its id.")] = None,
        options: Annotated[str, Form(description="JSON: see VideoOptions.")] = "{}",
        stream: Annotated[bool | None, Form(description="Short for options.stream.")] = None,
    ) -> Response:
        """Make a video. With `stream` the answer is the video itself, while it is being made."""
        started = time.perf_counter()
        wanted = parse_options(options)
        request = VideoRequest(
            audio=audio.file,
            portrait=await portrait.read() if portrait else None,
            avatar=avatar,
            character=wanted.character,
            engine=wanted.engine,
            size=wanted.size,
            seed=wanted.seed,
            controls=wanted.controls,
        )
        if not (wanted.stream if stream is None else stream):
            video = await videos.submit(request)
            location = {"Location": f"/v1/videos/{video.id}"}
            return JSONResponse(VideoView.of(video).model_dump(), 202, headers=location)
        video, first, rest = await videos.stream(request)
        seconds = time.perf_counter() - started
        on_first_fragment(seconds)
        return FragmentResponse(first, rest, video_headers(video, seconds))

    @api.get("")
    async def list_videos(limit: Limit = 100) -> ListView:
        """Videos, newest first."""
        found = (await videos.table.all())[:limit]
        return ListView(data=[VideoView.of(video) for video in found])

    @api.get("/{id}")
    async def get(id: str) -> VideoView:
        return VideoView.of(await videos.table.get(id))

    @api.post("/{id}/cancel")
    async def cancel(id: str) -> VideoView:
        """End a video that is being made."""
        return VideoView.of(await videos.cancel(id))

    @api.delete("/{id}", status_code=204)
    async def delete(id: str) -> None:
        """Forget a video and its file; one that is being made is canceled."""
        await videos.delete(id)

    return api


def video_headers(video: Video, first_fragment_s: float) -> dict[str, str]:
    return {
        "Content-Location": f"/v1/videos/{video.id}",
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",  # nginx in front must not collect the stream
        "Server-Timing": f"first_fragment;dur={1000 * first_fragment_s:.1f}",
    }


def parse_options(text: str) -> VideoOptions:
    """The options of a request.

    Raises:
        OptionError: it is not JSON, or not these options; names the one at fault.
    """
    try:
        return VideoOptions.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        param = ".".join(["options", *(str(part) for part in first["loc"])])
        raise OptionError(in_words(first, param, tuple(VideoOptions.model_fields)), param) from None
