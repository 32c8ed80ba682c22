"""Where the face was found it is put back, in every size; portraits of one batch do not mix."""

from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest

from talkhead.engines.ditto.registration.video_source import source_windows
from talkhead.engines.ditto.rendering.appearance import DittoAppearance
from talkhead.engines.ditto.rendering.renderer import DittoRenderer
from talkhead.engines.engine import Appearance
from talkhead.errors import CheckpointMismatch
from talkhead.media.image import read_image
from talkhead.types import Controls, Frames, Image, Motion
from tests.ditto_engine import SmallDitto

EXAMPLES = Path(str(files("talkhead") / "examples"))
NAMES = ("collins.png", "hopper.png")


@pytest.fixture(scope="module")
def renderer() -> DittoRenderer:
    made = SmallDitto().renderer("cpu")
    assert isinstance(made, DittoRenderer)
    return made


@pytest.fixture(scope="module")
def appearances(renderer: DittoRenderer) -> dict[str, Appearance]:
    return {name: renderer.register(read_image(EXAMPLES / name)) for name in NAMES}


def at_rest(appearance: Appearance, frames: int = 1) -> Motion:
    """Key points as they were photographed: the stand-ins then draw the crop itself."""
    points = cast(DittoAppearance, appearance).key_points.reshape(1, 63)
    return np.repeat(points, frames, 0)


def draw(renderer: DittoRenderer, appearance: Appearance, motion: Motion, size: int) -> Frames:
    (frames,) = renderer.render([(appearance, motion, {})], size)
    return frames


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [128, 300, 512, 1024])
def test_a_face_at_rest_is_put_back_where_it_was(
    renderer: DittoRenderer, appearances: dict[str, Appearance], name: str, size: int
) -> None:
    """The stand-ins draw the crop itself, blurred: nothing of it may be shifted."""
    appearance = appearances[name]
    (frame,) = draw(renderer, appearance, at_rest(appearance), size)
    canvas = cast(DittoAppearance, appearance).arrays["canvas"]
    known = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
    grey = [
        cv2.GaussianBlur(
            cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), size / 80
        )
        for one in (frame, known)
    ]
    shift, _ = cv2.phaseCorrelate(*grey)
    assert np.abs(shift).max() < size / 1000
    assert np.abs(grey[0] - grey[1]).mean() < 3  # levels


@pytest.mark.parametrize("size", [4, 7])
def test_a_source_video_at_rest_stays_as_it_was(renderer: DittoRenderer, size: int) -> None:
    """Frames of any shape, in windows of any size: each face goes back to its own place."""
    picture = read_image(EXAMPLES / "hopper.png")
    video = [picture[at : at + 440, 2 * at : 2 * at + 480].copy() for at in range(8)]
    made: list[Image] = []
    for window in source_windows(iter(video), renderer.registration, size):
        frames = video[window.start : window.start + len(window.matrices)]
        still = window.motion.key_points().reshape(-1, 63)
        made += renderer.render_onto(frames, window, still)
    for frame, known in zip(made, video, strict=True):
        assert frame.shape == known.shape
        grey = [
            cv2.GaussianBlur(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 6)
            for one in (frame, known)
        ]
        shift, _ = cv2.phaseCorrelate(*grey)
        assert np.abs(shift).max() < 0.5  # the next frame is off by 1 and 2
        assert np.abs(grey[0] - grey[1]).mean() < 3
        np.testing.assert_array_equal(frame[-8:], known[-8:])  # outside the crop


def test_portraits_in_one_batch_do_not_mix(
    renderer: DittoRenderer, appearances: dict[str, Appearance]
) -> None:
    random = np.random.default_rng(0)
    items: list[tuple[Appearance, Motion, Controls]] = []
    for turn in range(5):
        appearance = appearances[NAMES[turn % 2]]
        moves = 0.1 * random.standard_normal((turn, 63)).astype(np.float32)
        items.append((appearance, at_rest(appearance, turn) + moves, {}))
    together = renderer.render(items, 256)
    for frames, (appearance, motion, _) in zip(together, items, strict=True):
        assert frames.shape == (len(motion), 256, 256, 3)
        np.testing.assert_array_equal(frames, draw(renderer, appearance, motion, 256))


def test_what_is_stored_draws_the_same(
    renderer: DittoRenderer, appearances: dict[str, Appearance]
) -> None:
    for appearance in appearances.values():
        again = renderer.load(appearance.to_bytes())
        motion = at_rest(appearance, 2) + np.float32(0.05)
        np.testing.assert_array_equal(
            draw(renderer, again, motion, 256), draw(renderer, appearance, motion, 256)
        )
        assert again.checks == appearance.checks
        assert again.checks["face_pixels"] > 64
        np.testing.assert_array_equal(again.reference, appearance.reference)
        assert appearance.reference.shape == (1, 399)


def test_what_another_version_or_other_weights_stored_is_refused(
    renderer: DittoRenderer, appearances: dict[str, Appearance]
) -> None:
    with pytest.raises(CheckpointMismatch, match="cannot be read"):
        renderer.load(b"something else")
    others = replace(renderer.registration, identity="0123")
    with pytest.raises(CheckpointMismatch, match="from other weights"):
        DittoRenderer(renderer.drawer, others).load(appearances["collins.png"].to_bytes())
