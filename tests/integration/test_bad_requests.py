"""The corpus through the API: a problem that names the parameter, never a 5xx, never a hang."""

import asyncio
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from deployments.api.app import build_api
from talkhead.engines.registry import find_engine
from talkhead.limits import Limits
from talkhead.pipeline.local import LocalStages
from talkhead.service.service import Service
from talkhead.storage.blobs import open_blobs
from tests.bad_inputs import BadInput, cases
from tests.fakes import tone, wav_bytes

pytestmark = pytest.mark.asyncio(loop_scope="module")
HANG_S = 30.0
PORTRAIT = Path(str(files("talkhead") / "examples" / "collins.png")).read_bytes()
SPEECH = wav_bytes(tone(0.5))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    root = tmp_path_factory.mktemp("data")
    async with LocalStages.load(find_engine("builtin"), open_blobs(root)) as stages:
        service = Service.open({"builtin": stages}, root, Limits())
        transport = httpx.ASGITransport(build_api(service), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client
        await service.aclose()


@pytest.mark.parametrize("case", cases(), ids=str)
async def test_a_bad_request_is_a_problem(client: httpx.AsyncClient, case: BadInput) -> None:
    before = await videos(client)
    async with asyncio.timeout(HANG_S):
        response = await send(client, case)
    assert 400 <= response.status_code < 500, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["code"] in case.codes or any(issubclass_code(body["code"], case))
    assert "Traceback" not in body["detail"]
    assert body["param"] or case.param == "request"
    if case.param in ("portrait", "audio"):
        assert body["param"] == case.param
    if case.param == "options":
        assert body["param"].split(".")[0] in ("options", "stream")
    assert await videos(client) == before  # refused before any work


async def videos(client: httpx.AsyncClient) -> list[object]:
    found: list[object] = (await client.get("/v1/videos")).json()["data"]
    return found


def issubclass_code(code: str, case: BadInput) -> list[bool]:
    """Whether the code is that of a kind of the errors expected."""
    return [kind.code == code for error in case.errors for kind in (error, *error.__subclasses__())]


async def send(client: httpx.AsyncClient, case: BadInput) -> httpx.Response:
    parts = {"portrait": ("a.png", PORTRAIT), "audio": ("a.wav", SPEECH)}
    if case.param in parts:
        parts[case.param] = ("file", case.content)
    parts = {name: part for name, part in parts.items() if name not in case.missing}
    if case.content_type:
        headers = {"content-type": case.content_type}
        return await client.post("/v1/videos", content=b"{}", headers=headers)
    fields = {"options": '{"stream": true}', **case.fields}
    return await client.post("/v1/videos", files=parts or None, data=fields)
