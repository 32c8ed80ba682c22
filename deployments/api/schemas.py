"""What travels over HTTP as JSON."""

from typing import Annotated, Any, Self

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from talkhead.engines.control import Control
from talkhead.engines.engine import EngineInfo
from talkhead.service.avatars import Avatar
from talkhead.service.video_table import Video


class Problem(BaseModel):
    """The body of every error (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str  # one sentence, for people
    code: str  # stable, for programs
    param: str | None  # the request parameter at fault
    retryable: bool
    request_id: str


class VideoOptions(BaseModel):
    """The `options` part of a request, as JSON."""

    model_config = ConfigDict(extra="forbid", strict=True)

    stream: bool = Field(
        default=False, description="Answer with the video itself while it is made."
    )
    engine: str = Field(default="builtin", description="One of `/v1/models`.")
    size: int | None = Field(default=None, description="Frame height and width, pixels; even.")
    seed: int = Field(default=0, ge=0, description="The same seed gives the same video.")
    character: str | None = Field(
        default=None,
        description="Id of another avatar: its way of speaking is played, where an engine can.",
    )
    controls: dict[str, float | str | list[Any] | dict[str, Any]] = Field(
        default_factory=dict, description="What the engine can be told: see `/v1/models`."
    )


class AvatarView(BaseModel):
    id: str
    object: str = "avatar"
    name: str
    created_at: str
    checks: dict[str, float]
    consent: str

    @classmethod
    def of(cls, avatar: Avatar) -> Self:
        return cls(
            id=avatar.id,
            name=avatar.name,
            created_at=avatar.created_at,
            checks=avatar.checks,
            consent=avatar.consent,
        )


class VideoView(BaseModel):
    id: str
    object: str = "video"
    status: str
    model: str
    stream: bool
    size: int
    seed: int
    controls: dict[str, Any]
    progress: float
    created_at: str
    completed_at: str | None
    expires_at: str
    seconds: float
    frames: int
    first_fragment_ms: float | None
    real_time_factor: float | None
    warnings: list[dict[str, Any]]
    error: dict[str, Any] | None
    content_url: str | None

    @classmethod
    def of(cls, video: Video) -> Self:
        done = video.status == "completed"
        return cls(
            id=video.id,
            status=video.status,
            model=video.engine,
            stream=video.stream,
            size=video.size,
            seed=video.seed,
            controls=video.controls,
            progress=video.progress,
            created_at=video.created_at,
            completed_at=video.completed_at,
            expires_at=video.expires_at,
            seconds=round(video.audio_seconds, 3),
            frames=video.frames,
            first_fragment_ms=video.first_fragment_ms,
            real_time_factor=video.real_time_factor,
            warnings=video.warnings,
            error=video.error,
            content_url=f"/v1/videos/{video.id}/content" if done else None,
        )


Limit = Annotated[int, Query(ge=1, le=1000, description="The most to list.")]


class ListView(BaseModel):
    object: str = "list"
    data: list[Any]


class ControlView(BaseModel):
    name: str
    effect: str
    kind: str  # number, word, mix or offsets
    values: str  # what is possible, for people
    default: Any
    minimum: float | None
    maximum: float | None
    choices: list[str] | None

    @classmethod
    def of(cls, control: Control) -> Self:
        words = list(control.choices) or None
        return cls(
            name=control.name,
            effect=control.effect,
            kind=control.kind,
            values=control.values,
            default=control.default,
            minimum=None if words else control.minimum,
            maximum=None if words else control.maximum,
            choices=words,
        )


class ModelView(BaseModel):
    id: str
    object: str = "model"
    title: str
    licence: str
    weights_licence: str
    sizes: dict[str, int]
    streams: bool  # here: on this machine's devices it keeps up with playback
    plays_characters: bool
    controls: list[ControlView]

    @classmethod
    def of(cls, info: EngineInfo, live: bool) -> Self:
        sizes = {
            "minimum": info.minimum_size,
            "default": info.default_size,
            "maximum": info.maximum_size,
        }
        return cls(
            id=info.name,
            title=info.title,
            licence=info.code_licence,
            weights_licence=info.weights_licence,
            sizes=sizes,
            streams=live,
            plays_characters=info.plays_characters,
            controls=[ControlView.of(control) for control in info.controls],
        )
