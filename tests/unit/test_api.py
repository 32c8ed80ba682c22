"""The HTTP API in front of a service with the fake engine: no Ray, no network."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deployments.api.app import build_api
from talkhead.limits import Limits
from talkhead.media.image import read_image
from talkhead.pipeline.local import LocalStages
from talkhead.service.service import Service
from talkhead.storage.blobs import open_blobs
from tests.fakes import FakeEngine, decode, grey_portrait, png_bytes, tone, wav_bytes

PORTRAIT = ("portrait.png", png_bytes(grey_portrait()))


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    limits = Limits(streams=2, upload_bytes=2_000_000, audio_seconds=60)
    async with LocalStages.load(FakeEngine(), open_blobs(tmp_path)) as stages:
        service = Service.open({"fake": stages}, tmp_path, limits)
        service.start()
        transport = httpx.ASGITransport(build_api(service), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client
        await service.aclose()


def speech(seconds: float = 1.0) -> tuple[str, bytes]:
    return ("speech.wav", wav_bytes(tone(seconds)))


def options(**given: Any) -> dict[str, str]:
    return {"options": json.dumps({"engine": "fake", **given})}


async def until_ended(client: httpx.AsyncClient, id: str) -> dict[str, Any]:
    for _ in range(500):
        video: dict[str, Any] = (await client.get(f"/v1/videos/{id}")).json()
        if video["status"] not in ("queued", "in_progress"):
            return video
        await asyncio.sleep(0.02)
    raise AssertionError("the video never ended")


async def test_a_stream_is_the_video(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/v1/videos",
        files={"portrait": PORTRAIT, "audio": speech()},
        data=options(stream=True),
    )
    assert response.status_code == 200
    assert response.headers["content-type"] == "video/mp4"
    pictures, _ = decode(response.content)
    assert pictures.shape == (25, 64, 64, 3)
    video = (await client.get(response.headers["content-location"])).json()
    assert (video["status"], video["frames"], video["progress"]) == ("completed", 25, 1.0)
    kept = await client.get(video["content_url"])
    assert kept.content == response.content


async def test_stream_as_a_form_field(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/v1/videos",
        files={"portrait": PORTRAIT, "audio": speech()},
        data={**options(), "stream": "true"},
    )
    assert response.headers["content-type"] == "video/mp4"


async def test_a_job_ends_in_a_file(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/v1/videos", files={"portrait": PORTRAIT, "audio": speech(2.0)}, data=options(size=32)
    )
    assert response.status_code == 202
    assert response.headers["location"] == f"/v1/videos/{response.json()['id']}"
    video = await until_ended(client, response.json()["id"])
    assert (video["status"], video["frames"]) == ("completed", 50)
    content = await client.get(video["content_url"])
    pictures, _ = decode(content.content)
    assert pictures.shape == (50, 32, 32, 3)


async def test_content_has_ranges_and_an_etag(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/v1/videos", files={"portrait": PORTRAIT, "audio": speech()}, data=options()
    )
    url = (await until_ended(client, response.json()["id"]))["content_url"]
    whole = await client.get(url)
    part = await client.get(url, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    etag = whole.headers["etag"]
    assert (await client.get(url, headers={"If-None-Match": etag})).status_code == 304
    changed = {"Range": "bytes=0-9", "If-Range": '"another"'}
    assert (await client.get(url, headers=changed)).status_code == 200
    beyond = {"Range": f"bytes={len(whole.content)}-"}
    refused = await client.get(url, headers=beyond)
    assert (refused.status_code, refused.json()["code"]) == (416, "range_not_satisfiable")
    assert (await client.get(url, headers={"Range": "lines=1-2"})).status_code == 200
    weak = {"If-None-Match": f'"other", W/{etag}'}
    assert (await client.get(url, headers=weak)).status_code == 304
    head = await client.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(whole.content)


async def test_an_avatar_can_speak_and_be_forgotten(client: httpx.AsyncClient) -> None:
    made = await client.post(
        "/v1/avatars", files={"portrait": PORTRAIT}, data={"name": "Grey", "consent": "a picture"}
    )
    assert made.status_code == 201
    avatar = made.json()
    assert avatar["checks"] == {"face_pixels": 64.0}
    assert (await client.get("/v1/avatars")).json()["data"] == [avatar]
    assert (await client.get(f"/v1/avatars/{avatar['id']}")).json() == avatar
    fields = {**options(stream=True), "avatar": avatar["id"]}
    spoken = await client.post("/v1/videos", files={"audio": speech()}, data=fields)
    assert len(decode(spoken.content)[0]) == 25
    assert (await client.delete(f"/v1/avatars/{avatar['id']}")).status_code == 204
    assert (await client.get(f"/v1/avatars/{avatar['id']}")).status_code == 404
    again = await client.post("/v1/videos", files={"audio": speech()}, data=fields)
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


async def test_an_avatar_has_a_thumbnail(client: httpx.AsyncClient) -> None:
    made = await client.post("/v1/avatars", files={"portrait": PORTRAIT})
    url = f"/v1/avatars/{made.json()['id']}/thumbnail"
    got = await client.get(url)
    assert (got.status_code, got.headers["content-type"]) == (200, "image/jpeg")
    assert "max-age" in got.headers["cache-control"]
    assert abs(int(read_image(got.content).mean()) - 60) <= 1  # the level of the grey portrait
    again = await client.get(url, headers={"If-None-Match": got.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == got.headers["etag"]
    head = await client.head(url)
    assert int(head.headers["content-length"]) == len(got.content)
    await client.delete(f"/v1/avatars/{made.json()['id']}")
    for gone in (url, "/v1/avatars/avt_0123456789abcdef/thumbnail", "/v1/avatars/x/thumbnail"):
        refused = await client.get(gone)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
        assert refused.headers["content-type"] == "application/problem+json"


async def test_an_avatar_of_an_older_version_gets_its_thumbnail(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    made = await client.post("/v1/avatars", files={"portrait": PORTRAIT})
    (file,) = (tmp_path / "blobs" / "thumbnails").iterdir()
    before = file.read_bytes()
    file.unlink()
    assert (await client.get(f"/v1/avatars/{made.json()['id']}/thumbnail")).content == before


async def test_the_same_seed_gives_the_same_bytes(client: httpx.AsyncClient) -> None:
    videos = [
        await client.post(
            "/v1/videos",
            files={"portrait": PORTRAIT, "audio": speech()},
            data=options(stream=True, seed=7),
        )
        for _ in range(2)
    ]
    assert videos[0].content == videos[1].content


async def test_silence_is_a_warning_not_an_error(client: httpx.AsyncClient) -> None:
    silent = ("silence.wav", wav_bytes(0 * tone(1.0)))
    response = await client.post(
        "/v1/videos", files={"portrait": PORTRAIT, "audio": silent}, data=options()
    )
    video = await until_ended(client, response.json()["id"])
    assert video["status"] == "completed"
    assert [warning["code"] for warning in video["warnings"]] == ["audio_silent"]


async def test_a_job_can_be_canceled_and_deleted(client: httpx.AsyncClient) -> None:
    ids = []
    for _ in range(2):
        response = await client.post(
            "/v1/videos", files={"portrait": PORTRAIT, "audio": speech(50)}, data=options()
        )
        ids.append(response.json()["id"])
    for id in ids:
        canceled = await client.post(f"/v1/videos/{id}/cancel")
        assert canceled.json()["status"] == "canceled"
    assert (await client.get(f"/v1/videos/{ids[0]}/content")).status_code == 404
    for id in ids:
        assert (await client.delete(f"/v1/videos/{id}")).status_code == 204
    assert (await client.get("/v1/videos")).json()["data"] == []


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"options": "not json"}, "options", "option_invalid"),
        ({"options": "[]"}, "options", "option_invalid"),
        ({"options": '{"colour": 1}'}, "options.colour", "option_invalid"),
        (options(engine="none"), "options.engine", "unknown_engine"),
        (options(size=7), "options.size", "option_invalid"),
        (options(size=4096), "options.size", "option_invalid"),
        (options(seed=-1), "options.seed", "option_invalid"),
        (options(controls={"hat": 1}), "options.controls.hat", "unknown_control"),
        (options(controls={"gain": 9}), "options.controls.gain", "control_out_of_range"),
        (options(controls={"gain": "loud"}), "options.controls.gain", "control_out_of_range"),
        ({**options(), "avatar": "avt_nobody"}, "portrait", "invalid_request"),
    ],
)
async def test_bad_options_name_their_parameter(
    client: httpx.AsyncClient, fields: dict[str, str], param: str, code: str
) -> None:
    response = await client.post(
        "/v1/videos", files={"portrait": PORTRAIT, "audio": speech()}, data=fields
    )
    body = response.json()
    assert (response.status_code, body["param"], body["code"]) == (422, param, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert body["request_id"] == response.headers["x-request-id"]


async def test_bad_requests_are_problems(client: httpx.AsyncClient) -> None:
    no_audio = await client.post("/v1/videos", files={"portrait": PORTRAIT}, data=options())
    assert (no_audio.status_code, no_audio.json()["param"]) == (422, "audio")
    no_portrait = await client.post("/v1/videos", files={"audio": speech()}, data=options())
    assert (no_portrait.status_code, no_portrait.json()["param"]) == (422, "portrait")
    wrong_type = await client.post("/v1/videos", json={"portrait": "me"})
    assert (wrong_type.status_code, wrong_type.json()["param"]) == (415, "Content-Type")
    nobody = await client.get("/v1/videos/vid_0")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "not_found")
    long = await client.get(f"/v1/videos/vid_{'a' * 400}")
    assert long.status_code == 404
    no_avatar = {**options(), "avatar": "avt_0123456789abcdef01234567"}
    unknown = await client.post("/v1/videos", files={"audio": speech()}, data=no_avatar)
    assert (unknown.status_code, unknown.json()["param"]) == (404, "avatar")
    traversal = await client.get("/v1/videos/..%2F..%2Fsecret")
    assert traversal.status_code == 404


async def test_a_large_body_is_refused_before_it_is_read(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/v1/videos", files={"portrait": ("p", b"0" * 2_500_000), "audio": speech()}
    )
    assert (response.status_code, response.json()["code"]) == (413, "upload_too_large")

    async def chunked() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="audio"; filename="a"\r\n\r\n'
        for _ in range(25):
            yield b"0" * 100_000

    response = await client.post(
        "/v1/videos",
        content=chunked(),
        headers={"content-type": "multipart/form-data; boundary=b"},
    )
    assert (response.status_code, response.json()["code"]) == (413, "upload_too_large")


async def test_what_the_service_says_of_itself(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json()["status"] == "ok"
    assert (await client.get("/readyz")).json() == {"status": "ready"}
    (model,) = (await client.get("/v1/models")).json()["data"]
    assert model["id"] == "fake"
    assert model["controls"][0]["maximum"] == 2.0
    assert (await client.get("/v1/limits")).json()["audio_seconds"] == 60
    assert (await client.get("/docs")).status_code == 200
    paths = (await client.get("/openapi.json")).json()["paths"]
    assert {"/v1/videos", "/v1/avatars", "/v1/models", "/healthz", "/readyz"} <= paths.keys()
