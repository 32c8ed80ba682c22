"""The laws of a session on the `ditto` engine; its large networks have stand-ins."""

import asyncio
import pickle
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import pytest_asyncio

from talkhead.engines.control import Control
from talkhead.engines.engine import MotionStep, MotionWindow
from talkhead.errors import ControlOutOfRange, NoFaceFound, UnknownControl
from talkhead.pipeline.features import feature_windows
from talkhead.pipeline.generate import VideoSpec, generate
from talkhead.pipeline.local import (
    BatchLimits,
    LocalAudioEncoder,
    LocalMotion,
    LocalRenderer,
    LocalStages,
)
from talkhead.pipeline.pacing import Unpaced
from talkhead.pipeline.stages import Stages
from talkhead.pipeline.windows import STREAM_CHUNKS
from talkhead.storage.blobs import MemoryBlobs
from talkhead.timing import SAMPLES_PER_FRAME, frames_in
from talkhead.types import Controls, ControlValue, Motion, Waveform
from tests.ditto_engine import SmallDitto
from tests.fakes import blocks, decode, grey_portrait, png_bytes

in_module_loop = pytest.mark.asyncio(loop_scope="module")
EXAMPLES = Path(str(files("talkhead") / "examples"))
COLLINS, HOPPER = "portraits/collins", "portraits/hopper"
ENGINE = SmallDitto()
SIZE = 128
MODES: list[dict[str, ControlValue]] = [
    {},
    {"overlap": 75.0},
    {"overlap": 40.0},
    {"mode": "offline"},
    {"mode": "offline", "overlap": 40.0},
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stages() -> AsyncGenerator[Stages, None]:
    blobs = MemoryBlobs()
    blobs.put(COLLINS, (EXAMPLES / "collins.png").read_bytes())
    blobs.put(HOPPER, (EXAMPLES / "hopper.png").read_bytes())
    limits = BatchLimits(frames=64)
    async with LocalStages.load(ENGINE, blobs, limits=limits) as stages:
        yield stages


def speech(seconds: float, seed: int = 0) -> Waveform:
    """Noise whose loudness goes up and down a few times a second."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * 16_000)) / 16_000
    loudness = 0.3 * (1 + np.sin(2 * np.pi * 3 * time + seed))
    return (loudness * random.uniform(-1, 1, len(time))).astype(np.float32)


async def video(
    stages: Stages,
    waveform: Waveform,
    piece: int,
    portrait: str = COLLINS,
    given: Controls = MappingProxyType({}),
) -> bytes:
    spec = VideoSpec(portrait, ENGINE.info.check_controls(given), STREAM_CHUNKS, SIZE)
    fragments = generate(stages, spec, blocks(waveform, [piece]), Unpaced())
    return b"".join([fragment.payload async for fragment in fragments])


async def windows(
    stages: Stages, waveform: Waveform, controls: Controls, seed: int = 3
) -> list[MotionWindow]:
    """As a session would ask for them, each with the tail of the one before."""
    schedule = ENGINE.info.schedule_for(controls)
    reference = await stages.renderer.reference(COLLINS)
    asked: list[MotionWindow] = []
    tail: Motion = np.zeros((0, 0), np.float32)
    heard = feature_windows(stages, schedule, blocks(waveform, [7_777]), Unpaced())
    async with aclosing(heard):
        async for one in heard:
            asked.append(
                MotionWindow(
                    one.features,
                    tail,
                    one.frames,
                    seed,
                    one.index,
                    controls,
                    one.start,
                    one.total,
                    reference,
                )
            )
            tail = ENGINE.motion_generator("cpu").generate(asked[-1:])[0].tail
    return asked


async def motion(stages: Stages, waveform: Waveform, **given: ControlValue) -> Motion:
    asked = await windows(stages, waveform, ENGINE.info.check_controls(given))
    return np.concatenate([step.motion for step in moved(asked)])


def moved(asked: list[MotionWindow]) -> list[MotionStep]:
    return ENGINE.motion_generator("cpu").generate(asked)


@in_module_loop
@pytest.mark.parametrize("given", MODES)
async def test_streaming_equals_offline(stages: Stages, given: dict[str, ControlValue]) -> None:
    """Within each form of windows: 10 ms pieces or the whole, the same bytes."""
    waveform = speech(4.1)
    whole = await video(stages, waveform, len(waveform), given=given)
    assert await video(stages, waveform, 160, given=given) == whole
    assert len(decode(whole)[0]) == frames_in(len(waveform))


@in_module_loop
@pytest.mark.parametrize("given", MODES)
@pytest.mark.parametrize("samples", [640, 641, 4_000, 44_800, 44_801, 45_440, 52_345, 60_800])
async def test_the_length_is_exact(
    stages: Stages, given: dict[str, ControlValue], samples: int
) -> None:
    rows = await motion(stages, speech(samples / 16_000), **given)
    assert rows.shape == (frames_in(samples), 63)
    assert np.isfinite(rows).all()


@in_module_loop
@pytest.mark.parametrize("given", MODES)
async def test_any_process_can_do_any_window(
    stages: Stages, given: dict[str, ControlValue]
) -> None:
    """Alone, after a pickle, in another order, in one batch with other sessions: the same rows."""
    controls = ENGINE.info.check_controls(given)
    one = await windows(stages, speech(5.0), controls)
    other = await windows(stages, speech(3.3, seed=9), controls | {"emotion": "happy"}, seed=8)
    faster = await windows(stages, speech(3.0, seed=2), controls | {"steps": 4.0}, seed=5)
    every = [*one, *other, *faster]
    alone = [moved([window])[0] for window in every]
    shipped = pickle.loads(pickle.dumps(every[::-1]))
    for found, known in zip(moved(shipped)[::-1], alone, strict=True):
        np.testing.assert_allclose(found.motion, known.motion, atol=1e-5)
        np.testing.assert_allclose(found.tail, known.tail, atol=1e-5)


@in_module_loop
@pytest.mark.parametrize("given", MODES)
async def test_later_speech_never_changes_earlier_frames(
    stages: Stages, given: dict[str, ControlValue]
) -> None:
    waveform, changed = speech(6.0), speech(6.0)
    changed[64_000:] = speech(6.0, seed=4)[64_000:]  # frame 100 and on
    schedule = ENGINE.info.schedule_for(ENGINE.info.check_controls(given))
    first, second = [await motion(stages, heard, **given) for heard in (waveform, changed)]
    # chunks of five frames hear up to 2.2 frames further, whole windows are sampled at once
    safe = 100 - 3 - 4 - schedule.look_ahead - schedule.step
    np.testing.assert_array_equal(first[:safe], second[:safe])
    assert np.abs(first[100:] - second[100:]).max() > 1e-3


@in_module_loop
async def test_the_same_seed_is_the_same_motion_and_another_is_not(stages: Stages) -> None:
    controls = ENGINE.info.check_controls({})
    same, again, other = [
        np.concatenate([s.motion for s in moved(await windows(stages, speech(2.0), controls, n))])
        for n in (1, 1, 2)
    ]
    np.testing.assert_array_equal(same, again)
    assert np.abs(same - other).max() > 1e-4


@in_module_loop
async def test_sessions_with_different_portraits_do_not_mix(stages: Stages) -> None:
    waveform = speech(1.5)
    alone = [await video(stages, waveform, 640, name) for name in (COLLINS, HOPPER)]
    names = (COLLINS, HOPPER, HOPPER, COLLINS)
    together = await asyncio.gather(*[video(stages, waveform, 640, name) for name in names])
    for found, name in zip(together, names, strict=True):
        known = decode(alone[name == HOPPER])[0].astype(int)
        assert np.abs(decode(found)[0] - known).max() <= 2
    assert alone[0] != alone[1]


@in_module_loop
@pytest.mark.parametrize(("overlap", "needed"), [(70.0, 22.125), (75.0, 12.125), (40.0, 82.125)])
async def test_live_speech_of_unknown_length_shows_as_soon_as_published(
    stages: Stages, overlap: float, needed: float
) -> None:
    """ditto.md §4.2: the first motion comes with so many frames of speech, not later."""
    arrived = 0

    async def live() -> AsyncGenerator[Waveform, None]:
        nonlocal arrived
        for piece in np.split(speech(6.4), 640):
            arrived += len(piece)
            yield piece

    async def sound() -> AsyncGenerator[object, None]:
        async for piece in live():
            async for block in blocks(piece, [len(piece)]):
                yield block

    controls = ENGINE.info.check_controls({"overlap": overlap})
    schedule = ENGINE.info.schedule_for(controls)
    heard = feature_windows(stages, schedule, sound(), Unpaced())  # type: ignore[arg-type]
    async with aclosing(heard):
        async for window in heard:
            if window.frames:
                break
    # two chunks may be on their way to the encoder
    assert needed <= arrived / SAMPLES_PER_FRAME <= needed + 11


EFFECTIVE: dict[str, ControlValue] = {
    "mode": "offline",
    "overlap": 75.0,
    "steps": 3.0,
    "emotion": {"happy": 0.5, "sad": 0.5},
    "expression_scale": 0.5,
    "head_scale": 0.5,
    "pitch_offset": 5.0,
    "yaw_offset": 5.0,
    "roll_offset": 5.0,
    "pitch_scale": 0.5,
    "yaw_scale": 0.5,
    "roll_scale": 0.5,
    "drive_eyes": "off",
    "gaze_x": 0.5,
    "gaze_y": 0.5,
    "fade_in": 10.0,
    "fade_out": 5.0,
    "fade_to": "portrait",
    "expression_offsets": {"14": [0, 0.01, 0]},
    "relative": "off",
    "stitching": "off",
}


@in_module_loop
@pytest.mark.parametrize("control", ENGINE.info.controls, ids=lambda control: control.name)
async def test_every_control_has_an_effect(stages: Stages, control: Control) -> None:
    name = control.name
    others: dict[str, ControlValue] = {"fade_in": 10.0} if name == "fade_to" else {}
    plain = await motion(stages, speech(2.0), **others)
    changed = await motion(stages, speech(2.0), **others, **{name: EFFECTIVE[name]})
    assert np.abs(plain - changed).max() > 1e-4


@in_module_loop
async def test_another_character_changes_how_one_speaks_and_not_who_is_seen(
    stages: Stages,
) -> None:
    spec = VideoSpec(COLLINS, ENGINE.info.check_controls({}), STREAM_CHUNKS, SIZE)
    made = []
    for character in (None, COLLINS, HOPPER):
        one = replace(spec, character=character)
        fragments = generate(stages, one, blocks(speech(1.0), [640]), Unpaced())
        made.append(b"".join([fragment.payload async for fragment in fragments]))
    plain, own, other = (decode(mp4)[0].astype(int) for mp4 in made)
    np.testing.assert_array_equal(plain, own)
    off = np.abs(plain - other)
    assert off.max() > 8
    assert off.mean() < 8


async def test_a_replica_warms_up_on_every_stage() -> None:
    limits = BatchLimits().on("cpu", ENGINE.info)
    assert limits.piece == 1  # without a GPU a piece of ten would look like a device that hangs
    encoder = LocalAudioEncoder(ENGINE.audio_encoder("cpu"), limits)
    generator = LocalMotion(ENGINE.motion_generator("cpu"), limits)
    renderer = LocalRenderer(ENGINE.renderer("cpu"), "ditto", MemoryBlobs(), limits)
    for stage in (encoder, generator, renderer):
        stage.warm_up(ENGINE)
        await stage.aclose()


@in_module_loop
async def test_emotions_follow_a_sequence(stages: Stages) -> None:
    calm, happy, turns = [
        await motion(stages, speech(1.0), emotion=emotion)
        for emotion in ("neutral", "happy", ["neutral"] * 10 + ["happy"] * 15)
    ]
    assert np.abs(turns[0] - calm[0]).max() < np.abs(turns[0] - happy[0]).max()
    assert np.abs(turns[18] - happy[18]).max() < np.abs(turns[18] - calm[18]).max()


@in_module_loop
async def test_fades_begin_and_end_with_the_portrait(stages: Stages) -> None:
    given: dict[str, ControlValue] = {"head_scale": 0.0}
    still = (await stages.renderer.reference(COLLINS))[0]
    plain = await motion(stages, speech(3.0), **given)
    fades: dict[str, ControlValue] = {"fade_in": 10.0, "fade_out": 10.0, "fade_to": "portrait"}
    faded = await motion(stages, speech(3.0), **fades, **given)
    rest = await motion(stages, speech(3.0), expression_scale=0.0, **given)
    assert still.shape == (399,)
    np.testing.assert_allclose(faded[[0, -1]], rest[[0, -1]], atol=1e-5)
    np.testing.assert_array_equal(faded[10:-11], plain[10:-11])
    assert np.abs(plain[[0, -1]] - rest[[0, -1]]).max() > 1e-4


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"overlap": 10.0}, "overlap"),
        ({"overlap": 72.0}, "overlap"),
        ({"mode": "offline", "overlap": 70.0}, "overlap"),
        ({"steps": 2.5}, "steps"),
        ({"steps": 1}, "steps"),
        ({"fade_out": 11}, "fade_out"),
        ({"overlap": 75.0, "fade_out": 6}, "fade_out"),
        ({"fade_to": "portrait"}, "fade_to"),
        ({"emotion": "joy"}, "emotion"),
        ({"emotion": [{"happy": 2}]}, "emotion"),
        ({"gaze_x": 2}, "gaze_x"),
        ({"expression_offsets": {"21": [0, 0, 0]}}, "expression_offsets"),
        ({"drive_eyes": True}, "drive_eyes"),
    ],
)
def test_what_cannot_be_is_refused_by_name(given: dict[str, ControlValue], param: str) -> None:
    with pytest.raises(ControlOutOfRange) as refusal:
        ENGINE.info.check_controls(given)
    assert refusal.value.param == f"options.controls.{param}"


@pytest.mark.parametrize("name", ["blink", "blink_gap", "character", "jaw_style"])
def test_what_would_have_no_effect_is_refused(name: str) -> None:
    """Blinks and the published character need numbers of a file that is not there."""
    with pytest.raises(UnknownControl, match=name):
        ENGINE.info.check_controls({name: 1})


@in_module_loop
async def test_a_picture_without_a_face_is_refused_by_name() -> None:
    blobs = MemoryBlobs()
    blobs.put("portraits/grey", png_bytes(grey_portrait(256)))
    blobs.put(COLLINS, (EXAMPLES / "collins.png").read_bytes())
    async with LocalStages.load(ENGINE, blobs) as stages:
        with pytest.raises(NoFaceFound) as refusal:
            await stages.register("portraits/grey")
        assert refusal.value.param == "portrait"
        with pytest.raises(NoFaceFound) as refusal:
            await stages.register(COLLINS, "portraits/grey")
        assert refusal.value.param == "options.character"
