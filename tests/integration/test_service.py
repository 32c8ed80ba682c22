"""Records, jobs and background work: nothing is lost with a process, nothing stays for ever."""

import asyncio
import io
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from talkhead.errors import NotFound, OptionError, ServiceFull
from talkhead.limits import Limits
from talkhead.pipeline.local import LocalStages
from talkhead.service.avatars import thumbnail_key
from talkhead.service.requests import VideoRequest
from talkhead.service.service import Service
from talkhead.service.video_table import Video
from talkhead.storage.blobs import open_blobs
from tests.fakes import FakeEngine, decode, grey_portrait, png_bytes, tone, wav_bytes

PORTRAIT = png_bytes(grey_portrait())
LONG_AGO = time.time() - 48 * 3600


@asynccontextmanager
async def service(
    root: Path, live: bool = True, plays_characters: bool = False, **limits: Any
) -> AsyncIterator[Service]:
    info = replace(FakeEngine().info, plays_characters=plays_characters)
    async with LocalStages.load(FakeEngine(info), open_blobs(root)) as stages:
        stages = replace(stages, live=live)
        opened = Service.open({"fake": stages}, root, replace(Limits(), **limits))
        yield opened
        await opened.aclose()


def request(seconds: float) -> VideoRequest:
    return VideoRequest(io.BytesIO(wav_bytes(tone(seconds))), PORTRAIT, engine="fake")


async def ended(opened: Service, id: str) -> Video:
    async with asyncio.timeout(30):
        while not (video := await opened.videos.table.get(id)).ended:
            await asyncio.sleep(0.01)
    return video


async def test_a_cancel_is_never_lost(tmp_path: Path) -> None:
    async with service(tmp_path) as opened:
        table = opened.videos.table
        video = (await opened.videos.submit(request(30))).id
        for _ in range(50):
            fresh = await table.get(video)
            again = await table.create(
                **{
                    name: getattr(fresh, name)
                    for name in ("engine", "stream", "size", "seed", "controls", "portrait")
                },
                status="in_progress",
                audio=fresh.audio,
                audio_seconds=1.0,
                maker=fresh.maker,
            )
            await asyncio.gather(
                table.end(again.id, "canceled"),
                *[table.update(again.id, frames=n) for n in range(4)],
            )
            assert (await table.get(again.id)).status == "canceled"


async def test_a_job_survives_its_process(tmp_path: Path) -> None:
    async with service(tmp_path, running_jobs=1) as first:
        running = await first.videos.submit(request(20))
        waiting = await first.videos.submit(request(1))
        while (await first.videos.table.get(running.id)).status == "queued":
            await asyncio.sleep(0.005)
    async with service(tmp_path) as second:
        assert not (await second.videos.table.get(running.id)).ended
        await second.videos.take_over()
        for id, frames in ((running.id, 500), (waiting.id, 25)):
            video = await ended(second, id)
            assert (video.status, video.attempt, video.frames) == ("completed", 2, frames)
            path = second.blobs.path(video.content)
            assert len(decode(path.read_bytes())[0]) == frames
        await second.videos.take_over()
        assert (await second.videos.table.get(running.id)).attempt == 2


async def test_a_job_that_kills_its_maker_is_given_up(tmp_path: Path) -> None:
    async with service(tmp_path, running_jobs=1) as opened:
        await opened.videos.submit(request(20))  # keeps the runner busy
        job = await opened.videos.submit(request(1))
        await opened.videos.table.update(job.id, maker="0" * 16, attempt=3)
        await opened.videos.take_over()
        video = await opened.videos.table.get(job.id)
        assert video.status == "failed"
        assert video.error
        assert "interrupted" in video.error["message"]
        assert not opened.blobs.path(job.audio).exists()


async def test_a_full_queue_refuses_also_those_who_come_together(tmp_path: Path) -> None:
    async with service(tmp_path, queued_jobs=3) as opened:
        answers = await asyncio.gather(
            *[opened.videos.submit(request(5)) for _ in range(8)], return_exceptions=True
        )
        refused = [answer for answer in answers if isinstance(answer, ServiceFull)]
        assert len(refused) == 5
        assert len(await opened.videos.table.all()) == 3


async def test_places_of_streams_come_back(tmp_path: Path) -> None:
    async with service(tmp_path, streams=2) as opened:
        for _ in range(5):
            _, _, rest = await opened.videos.stream(request(5))
            await rest.aclose()
        open_streams = [await opened.videos.stream(request(5)) for _ in range(2)]
        with pytest.raises(ServiceFull):
            await opened.videos.stream(request(5))
        for _, _, rest in open_streams:
            await rest.aclose()
        videos = await opened.videos.table.all()
        assert {video.status for video in videos} == {"canceled"}
        assert not list((tmp_path / "blobs" / "uploads").iterdir())


async def test_an_engine_that_is_too_slow_here_makes_files_only(tmp_path: Path) -> None:
    async with service(tmp_path, live=False) as opened:
        with pytest.raises(OptionError, match="only on a GPU") as refusal:
            await opened.videos.stream(request(0.4))
        assert refusal.value.param == "options.stream"
        video = await opened.videos.submit(request(0.4))
        assert (await ended(opened, video.id)).status == "completed"


async def test_a_character_is_an_avatar_of_an_engine_that_plays_them(tmp_path: Path) -> None:
    async with service(tmp_path) as opened:
        with pytest.raises(OptionError, match="cannot play") as refusal:
            await opened.videos.submit(replace(request(0.4), character="avt_x"))
        assert refusal.value.param == "options.character"
    async with service(tmp_path, plays_characters=True) as opened:
        with pytest.raises(NotFound) as missing:
            await opened.videos.submit(replace(request(0.4), character="avt_x"))
        assert missing.value.param == "options.character"
        avatar = await opened.avatars.create(png_bytes(grey_portrait(level=30)), "Grey", "mine")
        video = await opened.videos.submit(replace(request(0.4), character=avatar.id))
        assert (await ended(opened, video.id)).character == avatar.portrait


async def test_being_cancelled_again_and_again_does_not_stop_the_tidying_up(
    tmp_path: Path,
) -> None:
    async with service(tmp_path, streams=60) as opened:
        for pause in range(30):
            video, _, rest = await opened.videos.stream(request(20))
            reader = asyncio.create_task(anext(rest))
            for _ in range(4):
                await asyncio.sleep(pause * 1e-4)
                reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
            await rest.aclose()
            assert (await opened.videos.table.get(video.id)).status == "canceled"
        assert not list((tmp_path / "blobs" / "uploads").iterdir())


async def test_a_deleted_job_leaves_nothing(tmp_path: Path) -> None:
    async with service(tmp_path) as opened:
        running = await opened.videos.submit(request(30))
        waiting = await opened.videos.submit(request(30))
        await asyncio.sleep(0.1)
        for video in (waiting, running):
            await opened.videos.delete(video.id)
        await asyncio.sleep(0.2)
        with pytest.raises(NotFound):
            await opened.videos.table.get(running.id)
        left = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
        assert {path.parent.name for path in left} <= {"portraits", "appearances"}


async def test_the_sweeper_forgets_what_is_old_and_nothing_else(tmp_path: Path) -> None:
    async with service(tmp_path, keep_days=1e-9) as opened:
        old = await opened.videos.submit(request(1))
        await ended(opened, old.id)
        unfinished = await opened.videos.submit(request(60))
        avatar = await opened.avatars.create(png_bytes(grey_portrait(level=99)))
        blobs = tmp_path / "blobs"
        loose = [
            blobs / "uploads" / "ab",
            blobs / "uploads" / ".part-x",
            blobs / "videos" / "v.mp4",
            blobs / "thumbnails" / "t.jpg",
        ]
        for path in loose:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"left by a dead process")
        faces = [avatar.portrait, thumbnail_key(avatar.portrait)]
        kept = [blobs / key for key in (unfinished.audio, unfinished.portrait, *faces)]
        for path in (*loose, *kept):
            os.utime(path, (LONG_AGO, LONG_AGO))
        young = blobs / "uploads" / "young"
        young.write_bytes(b"being accepted")
        await opened._sweeper.sweep()
        with pytest.raises(NotFound):
            await opened.videos.table.get(old.id)
        assert not blobs.joinpath(old.content).exists()
        assert [path.name for path in loose if path.exists()] == []
        assert [path.name for path in (*kept, young) if not path.exists()] == []


async def test_background_work_survives_a_bad_record(tmp_path: Path) -> None:
    async with service(tmp_path) as opened:
        opened.start()
        folder = tmp_path / "records" / "video"
        folder.mkdir(parents=True)
        (folder / "vid_0123456789abcdef01234567.json").write_text('{"from": "another version"}')
        await asyncio.sleep(0.2)
        assert opened._sweeping
        assert not opened._sweeping.done()


async def test_an_avatar_that_is_deleted_leaves_no_face(tmp_path: Path) -> None:
    async with service(tmp_path) as opened:
        one, two = [await opened.avatars.create(PORTRAIT) for _ in range(2)]
        blobs = tmp_path / "blobs"
        await opened.avatars.delete(one.id)
        assert (blobs / two.portrait).exists()
        await opened.avatars.delete(two.id)
        assert [path for path in blobs.rglob("*") if path.is_file()] == []
