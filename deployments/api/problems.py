"""Errors to HTTP (RFC 9457), in one table. The only place that knows both."""

from http import HTTPStatus
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from deployments.api.schemas import Problem
from deployments.wording import in_words
from talkhead.errors import (
    InputError,
    InternalError,
    NotFound,
    RangeNotSatisfiable,
    ServiceFull,
    TalkheadError,
    UnsupportedMedia,
    UploadTooLarge,
)

# The first class that fits decides.
_STATUS: tuple[tuple[type[TalkheadError], int], ...] = (
    (NotFound, 404),
    (UploadTooLarge, 413),
    (UnsupportedMedia, 415),
    (RangeNotSatisfiable, 416),
    (InputError, 422),
    (ServiceFull, 503),
    (TalkheadError, 500),
)
_RETRY_AFTER_S = "2"


def status_of(error: TalkheadError) -> int:
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def problem(error: TalkheadError, request_id: str) -> JSONResponse:
    """The response that describes `error` to a client."""
    status = status_of(error)
    headers = {"Retry-After": _RETRY_AFTER_S} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return _response(status, error.code, error.message, error.param, request_id, headers)


def install(api: FastAPI) -> None:
    """Every error of the API becomes a problem document; none leaks what is not the client's."""

    @api.exception_handler(TalkheadError)
    async def on_ours(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, TalkheadError)
        return problem(error, request_id(request))

    @api.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        param = ".".join(str(part) for part in first["loc"][1:])
        message = in_words(first, param)
        return _response(422, "invalid_request", message, param, request_id(request))

    @api.exception_handler(HTTPException)
    async def on_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        code = HTTPStatus(error.status_code).name.lower()
        headers = dict(error.headers or {})
        return _response(
            error.status_code, code, str(error.detail), None, request_id(request), headers
        )

    @api.exception_handler(Exception)
    async def on_foreign(request: Request, error: Exception) -> JSONResponse:
        return problem(InternalError("something went wrong on our side"), request_id(request))


def request_id(request: Request) -> str:
    """The id Serve gave the request, or a new one."""
    return request.headers.get("x-request-id") or f"req_{uuid4().hex[:16]}"


def _response(
    status: int,
    code: str,
    detail: str,
    param: str | None,
    request_id: str,
    headers: dict[str, Any] | None = None,
) -> JSONResponse:
    body = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        param=param,
        retryable=status >= HTTPStatus.INTERNAL_SERVER_ERROR,
        request_id=request_id,
    )
    return JSONResponse(
        body.model_dump(),
        status_code=status,
        headers={**(headers or {}), "X-Request-ID": request_id},
        media_type="application/problem+json",
    )
