"""The builtin renderer's laws, on both example portraits."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import talkhead
from talkhead.engines.builtin.coefficients import ARKIT, INDEX, NAMES
from talkhead.engines.builtin.renderer.appearance import PortraitAppearance
from talkhead.engines.builtin.renderer.renderer import BuiltinRenderer
from talkhead.engines.engine import Renderer
from talkhead.errors import CheckpointMismatch, NoFaceFound, PortraitError
from talkhead.types import Frames, Image, Motion

EXAMPLES = Path(talkhead.__file__).with_name("examples")
AS_PHOTOGRAPHED = {"neutral_expression": 0.0}


def portrait(name: str) -> Image:
    data = np.fromfile(EXAMPLES / f"{name}.png", np.uint8)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)


@pytest.fixture(scope="module")
def renderer() -> BuiltinRenderer:
    return BuiltinRenderer()


@pytest.fixture(scope="module")
def appearances(renderer: BuiltinRenderer) -> dict[str, PortraitAppearance]:
    return {name: renderer.register(portrait(name)) for name in ("collins", "hopper")}


@pytest.fixture(params=["collins", "hopper"])
def appearance(
    request: pytest.FixtureRequest, appearances: dict[str, PortraitAppearance]
) -> PortraitAppearance:
    return appearances[request.param]


def lively(frames: int, seed: int) -> Motion:
    """Every coefficient and every pose axis moves, smoothly."""
    rng = np.random.default_rng(seed)
    time = np.linspace(0, 3, frames)[:, None]
    waves = np.sin(2 * np.pi * (rng.uniform(0.2, 1.2, len(NAMES)) * time + rng.uniform(size=58)))
    motion = np.zeros((frames, len(NAMES)), np.float32)
    motion[:, : len(ARKIT)] = 0.25 * (1 + waves[:, : len(ARKIT)])
    motion[:, len(ARKIT) :] = waves[:, len(ARKIT) :] * [5, 6, 4, 2, 1, 2]
    return motion


def drawn(
    renderer: Renderer, appearance: PortraitAppearance, motion: Motion, neutral: float = 1.0
) -> Frames:
    (frames,) = renderer.render([(appearance, motion, {"neutral_expression": neutral})], 512)
    return frames


def test_at_rest_the_frame_is_the_portrait_to_the_bit(
    renderer: BuiltinRenderer, appearance: PortraitAppearance
) -> None:
    rest = np.zeros((1, len(NAMES)), np.float32)
    (frame,) = drawn(renderer, appearance, rest, neutral=0.0)
    assert np.array_equal(frame, appearance.arrays["image"])


def test_the_canvas_is_the_portrait(appearances: dict[str, PortraitAppearance]) -> None:
    """Hopper's photo is as wide as the canvas; its face makes the canvas a little smaller."""
    canvas = appearances["hopper"].arrays["image"]
    found = cv2.matchTemplate(
        portrait("hopper"), cv2.resize(canvas, (462, 462)), cv2.TM_CCOEFF_NORMED
    )
    assert found.max() > 0.98


@pytest.mark.parametrize("factor", [2, 3, 6])
def test_a_larger_picture_gives_the_same_canvas(
    renderer: BuiltinRenderer, appearances: dict[str, PortraitAppearance], factor: int
) -> None:
    """Whatever is shrunk, it is shrunk without shifting."""
    large = cv2.resize(
        portrait("hopper"), None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC
    )
    arrays = renderer.register(np.asarray(large, np.uint8)).arrays
    before = appearances["hopper"].arrays
    blurred = (cv2.GaussianBlur(one["image"], (0, 0), 2).astype(float) for one in (arrays, before))
    assert np.abs(np.subtract(*blurred)).mean() < 2.5
    assert arrays["head.mm"] == pytest.approx(before["head.mm"], rel=0.01)


def test_background_far_from_the_head_never_changes(
    renderer: BuiltinRenderer, appearance: PortraitAppearance
) -> None:
    frames = drawn(renderer, appearance, lively(12, seed=1))
    person = (appearance.arrays["alpha"] > 0).astype(np.uint8)
    far = cv2.dilate(person, np.ones((81, 81), np.uint8)) == 0
    assert far.sum() > 20_000
    assert np.array_equal(frames[:, far], np.broadcast_to(frames[0][far], frames[:, far].shape))
    assert np.array_equal(frames[0][far], appearance.arrays["image"][far])


def test_the_body_below_the_neck_never_changes(
    renderer: BuiltinRenderer, appearance: PortraitAppearance
) -> None:
    frames = drawn(renderer, appearance, lively(12, seed=2))
    body = appearance.arrays["image"][490:]
    assert np.array_equal(frames[:, 490:], np.broadcast_to(body, (12, *body.shape)))


def test_a_mixed_batch_equals_single_runs(
    renderer: BuiltinRenderer, appearances: dict[str, PortraitAppearance]
) -> None:
    items = [
        (appearances[name], lively(frames, seed), {"neutral_expression": neutral})
        for name, frames, seed, neutral in (
            ("collins", 7, 3, 1.0),
            ("hopper", 5, 4, 1.0),
            ("collins", 2, 5, 0.3),
        )
    ]
    together = renderer.render(items, 512)
    for (appearance, motion, controls), frames in zip(items, together, strict=True):
        for row, frame in zip(motion, frames, strict=True):
            ((alone,),) = renderer.render([(appearance, row[None], controls)], 512)
            assert np.array_equal(alone, frame)


def test_the_order_of_frames_does_not_matter(
    renderer: BuiltinRenderer, appearance: PortraitAppearance
) -> None:
    motion = lively(6, seed=6)
    backwards = drawn(renderer, appearance, motion[::-1])
    assert np.array_equal(drawn(renderer, appearance, motion), backwards[::-1])


def test_a_stored_appearance_draws_the_same(
    renderer: BuiltinRenderer, appearance: PortraitAppearance
) -> None:
    data = appearance.to_bytes()
    assert len(data) < 16_000_000
    again = BuiltinRenderer().load(data)
    assert again.to_bytes() == data
    motion = lively(3, seed=7)
    assert np.array_equal(drawn(renderer, again, motion), drawn(renderer, appearance, motion))


def test_registering_twice_gives_the_same_bytes(
    renderer: BuiltinRenderer, appearances: dict[str, PortraitAppearance]
) -> None:
    again = BuiltinRenderer().register(portrait("collins"))
    assert again.to_bytes() == appearances["collins"].to_bytes()


def test_a_portrait_without_a_face_is_refused(renderer: BuiltinRenderer) -> None:
    with pytest.raises(NoFaceFound):
        renderer.register(np.full((300, 300, 3), 200, np.uint8))


def test_data_of_another_kind_or_version_is_refused(
    renderer: BuiltinRenderer, appearance: PortraitAppearance
) -> None:
    with pytest.raises(CheckpointMismatch, match="cannot be read"):
        renderer.load(b"not an appearance")
    with pytest.raises(CheckpointMismatch, match="cannot be read"):
        renderer.load(appearance.to_bytes()[:-1000])


@pytest.mark.parametrize("size", [128, 256, 360, 768, 1024])
def test_other_sizes_are_the_native_frame_scaled(
    renderer: BuiltinRenderer, appearance: PortraitAppearance, size: int
) -> None:
    motion = lively(2, seed=8)
    native = drawn(renderer, appearance, motion)
    (frames,) = renderer.render([(appearance, motion, {"neutral_expression": 1.0})], size)
    assert frames.shape == (2, size, size, 3)
    for frame, reference in zip(frames, native, strict=True):
        small = min(size, 128)
        way = cv2.INTER_AREA
        ours, theirs = (
            cv2.resize(picture, (small, small), interpolation=way).astype(float)
            for picture in (frame, reference)
        )
        assert np.abs(ours - theirs).mean() < 1.0


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("jawOpen", "mouth"),
        ("mouthPucker", "mouth"),
        ("eyeBlinkLeft", "left_eye"),
        ("eyeBlinkRight", "right_eye"),
    ],
)
def test_a_coefficient_changes_its_part_of_the_face_most(
    renderer: BuiltinRenderer, appearance: PortraitAppearance, name: str, part: str
) -> None:
    motion = np.zeros((2, len(NAMES)), np.float32)
    motion[1, INDEX[name]] = 0.8
    still, moved = drawn(renderer, appearance, motion).astype(float)
    change = cv2.GaussianBlur(np.abs(moved - still).sum(-1), (0, 0), 6)
    y, x = np.unravel_index(change.argmax(), change.shape)
    centre_x, centre_y = appearance.arrays[f"{part}.axis"][:2]
    assert np.hypot(x - centre_x, y - centre_y) < 80  # pixels: the chin moves more than the lips


def test_a_dark_open_mouth_is_the_portrait_at_rest(renderer: BuiltinRenderer) -> None:
    """Its teeth are too dark to be told from the rest: they are drawn, but not at rest."""
    dark = renderer.register((portrait("collins") * 0.25).astype(np.uint8))
    rest = np.zeros((1, len(NAMES)), np.float32)
    (frame,) = drawn(renderer, dark, rest, neutral=0.0)
    assert np.array_equal(frame, dark.arrays["image"])


def test_a_grey_portrait_stays_grey(renderer: BuiltinRenderer) -> None:
    grey = np.repeat(cv2.cvtColor(portrait("hopper"), cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    motion = np.zeros((1, len(NAMES)), np.float32)
    motion[0, [INDEX["jawOpen"], INDEX["eyeLookOutLeft"], INDEX["tongueOut"]]] = 0.7
    (frame,) = drawn(renderer, renderer.register(grey), motion).astype(int)
    assert np.ptp(frame, axis=-1).max() <= 4  # levels: eyes and teeth are warmed by what is there


@pytest.mark.parametrize("factor", [0.02, 4.0])
def test_badly_exposed_portraits_are_drawn_or_refused(
    renderer: BuiltinRenderer, factor: float
) -> None:
    image = np.clip(portrait("collins") * factor, 0, 255).astype(np.uint8)
    try:
        appearance = renderer.register(image)
    except PortraitError:
        return
    frames = drawn(renderer, appearance, lively(2, seed=10))
    assert frames.std() > 1


def test_neutral_expression_takes_the_smile_away(
    renderer: BuiltinRenderer, appearances: dict[str, PortraitAppearance]
) -> None:
    """Collins shows her teeth; at 1 her lips are closed, and Hopper's, closed, stay as they are."""
    rest = np.zeros((1, len(NAMES)), np.float32)
    for name, changes in (("collins", True), ("hopper", False)):
        photographed, neutral = (
            drawn(renderer, appearances[name], rest, neutral=value)[0] for value in (0.0, 1.0)
        )
        assert bool((photographed != neutral).any()) is changes


def test_out_of_range_motion_is_bounded(
    renderer: BuiltinRenderer, appearance: PortraitAppearance
) -> None:
    """Coefficients beyond 0 and 1 count as 0 and 1; poses beyond what a photo allows stop there."""
    motion = np.zeros((2, len(NAMES)), np.float32)
    motion[0, INDEX["jawOpen"]], motion[1, INDEX["jawOpen"]] = 1.0, 3.0
    motion[0, INDEX["mouthPucker"]], motion[1, INDEX["mouthPucker"]] = 0.0, -2.0
    motion[0, INDEX["yaw"]], motion[1, INDEX["yaw"]] = 40.0, 90.0
    first, second = drawn(renderer, appearance, motion)
    assert np.array_equal(first, second)
