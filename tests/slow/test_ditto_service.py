"""`ditto` and `builtin` behind one Ray Serve, without a GPU: files of one, streams of the other.

The weights are random and in the published layout; a frame of such a face costs as much as one of
a trained network, so the videos here are short.
"""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.ditto_weights import write_pth
from tests.e2e.browser import browsing, complaints, visiting
from tests.e2e.client import Stream, make_avatar, post_video, speech
from tests.e2e.serving import Server, serving
from tests.fakes import decode
from tests.parity_cases import parity

pytestmark = pytest.mark.timeout(600)

NETWORKS = {
    "lmdm": "lmdm_v0.4_hubert",
    "appearance_extractor": "appearance_extractor",
    "motion_extractor": "motion_extractor",
    "stitch_network": "stitch_network",
    "warp_network": "warp_network",
    "decoder": "decoder",
}
ENGINES = ["builtin", "ditto"]
STREAMS = 5
FRAMES, SECONDS = 8, 0.3  # 7.5 frames: the last one is begun
SLOWER = 6.0  # times, while `ditto` draws on both cores; 1.7 was seen


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of weights for each engine; large, so it does not stay."""
    folder = tmp_path_factory.mktemp("weights")
    models = folder / "ditto" / "ditto_pytorch" / "models"
    models.mkdir(parents=True)
    for name, stem in NETWORKS.items():
        write_pth(name, models / f"{stem}.pth")
    shutil.copy(parity("ditto").toy("hubert"), folder / "ditto" / "hubert.onnx")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("ditto")
    with serving(folder, profile="cpu", engines=ENGINES, weights_dir=str(weights)) as server:
        yield server


@pytest.fixture(scope="module")
def avatar(server: Server) -> str:
    """Studied for both engines."""
    return make_avatar(server.url)


def test_both_are_listed(server: Server) -> None:
    models = httpx.get(f"{server.url}/v1/models").json()["data"]
    assert [model["id"] for model in models] == ENGINES
    ditto = models[1]
    assert ditto["plays_characters"]
    kinds = {control["kind"] for control in ditto["controls"]}
    assert kinds == {"number", "word", "mix", "offsets"}


def test_a_stream_is_refused_in_words(server: Server, avatar: str) -> None:
    answer = post_video(server.url, avatar, speech(SECONDS), engine="ditto", stream=True)
    assert answer.status_code == 422
    assert answer.json()["param"] == "options.stream"
    assert "GPU" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("controls", "at_fault"),
    [
        ({"emotion": {"glad": 1}}, "emotion"),
        ({"expression_offsets": {"21": [0, 0, 0]}}, "expression_offsets"),
        ({"mode": "offline", "overlap": 70}, "overlap"),
        ({"blink": "none"}, "blink"),  # the published configuration is not here
    ],
)
def test_a_control_that_cannot_be_is_named(
    server: Server, avatar: str, controls: dict[str, Any], at_fault: str
) -> None:
    answer = post_video(server.url, avatar, speech(SECONDS), engine="ditto", controls=controls)
    assert answer.status_code == 422
    assert answer.json()["param"] == f"options.controls.{at_fault}"


def test_the_page_shows_the_controls_of_the_engine_that_was_chosen(server: Server) -> None:
    """Mixes as one word, offsets not at all; that there are no streams is said at the engine."""
    with browsing() as browser, visiting(browser, server.url) as page:
        page.click("#controls summary")
        engine = page.locator("[id='options.engine']")
        expect(page.locator("[data-param='options.controls.jaw_style']")).to_be_visible()
        engine.select_option("ditto")
        expect(page.locator("[id='options.engine']")).to_be_focused()
        expect(page.locator("[data-param='options.controls.jaw_style']")).to_have_count(0)
        page.select_option("[id='options.controls.emotion']", "happy")
        assert page.locator("[data-param='options.controls.expression_offsets']").count() == 0
        page.click("#make")
        expect(page.locator("[data-param='options.engine'] .error")).to_contain_text("GPU")
        assert "422" in complaints(page).pop()


def test_a_file_is_made_while_the_other_engine_streams(server: Server, avatar: str) -> None:
    renderers = server.replicas("Renderer")
    alone = [streamed(server.url, avatar)[0] for _ in range(STREAMS)]
    controls = {"steps": 3, "emotion": {"happy": 0.7, "sad": 0.3}, "gaze_x": 0.5}
    started = time.monotonic()
    answer = post_video(server.url, avatar, speech(SECONDS), engine="ditto", controls=controls)
    assert answer.status_code == 202, answer.text
    record = f"{server.url}{answer.headers['location']}"
    until_it_draws(record)
    beside, states = [], set()
    for _ in range(STREAMS):
        first_s, streamed_pictures = streamed(server.url, avatar)
        beside.append(first_s)
        states.add(httpx.get(record, timeout=30).json()["status"])
    video = ended(record)
    seconds = time.monotonic() - started
    quiet, busy = float(np.median(alone)), float(np.median(beside))
    print(f"\nditto: {FRAMES} frames in {seconds:.0f} s of job, {seconds / FRAMES:.1f} s a frame")
    print(f"builtin's first fragment: {1000 * quiet:.0f} ms alone, {1000 * busy:.0f} ms beside it")
    assert states == {"in_progress"}  # all of `beside` was measured while it was drawn
    assert video["status"] == "completed", video["error"]
    pictures, sound = decode(httpx.get(f"{server.url}{video['content_url']}", timeout=30).content)
    assert pictures.shape == (FRAMES, 512, 512, 3)
    assert 0 <= len(sound) - FRAMES * 48_000 // 25 < 1024  # the rest of the last packet
    assert pictures[:, 128:384, 128:384].std(0).mean() > 5  # the random face is not at rest
    # and around it is the photo, but for what the codec makes of it
    assert np.abs(edges(pictures) - edges(streamed_pictures[:1])).mean() < 4
    assert server.replicas("Renderer") == renderers  # nothing took it for dead
    assert busy < SLOWER * quiet


def streamed(url: str, avatar: str) -> tuple[float, Any]:
    """A short stream of `builtin`: seconds to its first fragment, and its pictures."""
    stream = Stream(url, avatar, speech(1.0))
    stream.start()
    pictures, _ = decode(stream.body())
    assert len(pictures) == 25
    return stream.arrivals[0], pictures


def edges(pictures: Any) -> Any:
    """Left and right, where neither engine moves anything."""
    return np.concatenate([pictures[:, :, :12], pictures[:, :, -12:]], 2).astype(np.float32)


def until_it_draws(record: str) -> None:
    while httpx.get(record, timeout=30).json()["status"] == "queued":
        time.sleep(0.1)


def ended(record: str, seconds: float = 400) -> dict[str, Any]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        video: dict[str, Any] = httpx.get(record, timeout=30).json()
        if video["status"] in ("completed", "failed", "canceled"):
            return video
        time.sleep(0.5)
    raise AssertionError(f"still {json.dumps(video)}")
