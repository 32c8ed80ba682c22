"""Ditto's motion algorithms against arrays that the published system made.

Settings are not stored with the arrays. Those that the names do not say were found by fitting them
to the stored key points, which they then reproduce to 1e-6; they are marked "deduced".
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np
import pytest
import torch

from talkhead.engines.ditto.motion import sampler
from talkhead.engines.ditto.motion.blinks import UNBOUNDED, blink_rows, blink_track
from talkhead.engines.ditto.motion.condition import (
    Emotion,
    FaceCondition,
    condition_rows,
    emotion_weights,
)
from talkhead.engines.ditto.motion.fading import fade_alphas
from talkhead.engines.ditto.motion.fusion import Fusion, condition_frame, fused, tail_of
from talkhead.engines.ditto.motion.layout import (
    PARTS,
    Parts,
    clipped,
    degrees,
    joined,
    placed,
    rotation,
    split,
)
from talkhead.engines.ditto.motion.smoothing import smoothed, smoothed_stream
from talkhead.engines.ditto.motion.source import SourceMotion, ping_pong
from talkhead.engines.ditto.motion.stitch import Stitched, anchors, stitched
from talkhead.engines.ditto.motion.stitch import StitchNetwork as Stitch
from talkhead.engines.ditto.motion.stitch_settings import (
    DRIVEN,
    FOR_PICTURES,
    FOR_VIDEOS,
    FrameControls,
    StitchSettings,
)
from tests.ditto_motion import stitch
from tests.ditto_weights import network
from tests.parity_cases import ParityFolder, assert_close, parity

pytestmark = pytest.mark.usefixtures("one_thread")
Case = dict[str, Any]


@pytest.fixture(scope="module")
def folder() -> ParityFolder:
    return parity("ditto")


@pytest.fixture(scope="module")
def stitch_case(folder: ParityFolder) -> Case:
    return folder.case("fn_stitch")  # thousands of arrays: read once


def infos(case: Case, prefix: str) -> Parts:
    """The dictionaries `<prefix>/<frame>/<part>` as one array a part."""
    frames = sum(name.startswith(f"{prefix}/") and name.endswith("/exp") for name in case)
    parts = [name for name in (*PARTS, "kp") if f"{prefix}/0/{name}" in case]
    return {
        part: np.concatenate([case[f"{prefix}/{i}/{part}"].reshape(1, -1) for i in range(frames)])
        for part in parts
    }


def one(case: Case, prefix: str) -> np.ndarray:
    return joined({part: case[f"{prefix}/{part}"] for part in PARTS})


# --- layout ---


def test_layout(folder: ParityFolder) -> None:
    case = folder.case("fn_motion_layout")
    given = infos(case, "infos")
    rows = joined(given)
    assert_close(rows, np.stack([case[f"arr/{i}"] for i in range(len(rows))]), "arr")
    for name, part in infos(case, "back").items():
        assert_close(split(rows)[name], part, name)
    points = np.concatenate([case[f"transformed/{i}"] for i in range(len(rows))])
    assert_close(placed(given["kp"], rows), points, "transformed")
    assert_close(degrees(case["logits"]), case["degrees"], "degrees")
    assert_close(rotation(*case["angles"]), case["rotation"], "rotation")


def test_clipping(folder: ParityFolder) -> None:
    case = folder.case("fn_fusion")
    parts = split(clipped(case["clip/res"][0], case["clip/v"]))
    for name, part in infos(case, "clip/infos").items():
        assert_close(parts[name][: len(part)], part, name)


# --- conditions ---

EMOTIONS: dict[str, Emotion] = {
    "image": 4,
    "image_mix": [3, 6],
    "video": 3,
    "video_f0": 3,
    "emo_list": [[4], [3, 4], [0]],
    "ch": 4,
}  # deduced from which columns are large
STARTS = {"at0": 0, "atneg": -70, "at9": 9}


@pytest.mark.parametrize("tag", [*EMOTIONS, "emo_arr"])
def test_conditions(folder: ParityFolder, tag: str) -> None:
    case = folder.case("fn_condition")
    eyes = sum(name.startswith(f"{tag}/src/eye_open_lst/") for name in case)
    eyes = 1 if tag == "video_f0" else eyes  # `eye_f0_mode`: the first frame's state for all

    def state(name: str) -> np.ndarray:
        return np.concatenate([case[f"{tag}/src/{name}/{i}"] for i in range(eyes)])

    reference = FaceCondition(state("eye_open_lst"), state("eye_ball_lst"), case[f"{tag}/src/sc"])
    emotion = emotion_weights(EMOTIONS.get(tag, case["emo_arr_in"]))
    for name, start in STARTS.items():
        if f"{tag}/{name}" not in case:
            continue
        golden = case[f"{tag}/{name}"]
        features = np.zeros((len(golden), 1024), np.float32)
        assert_close(condition_rows(features, start, emotion, reference)[:, 1024:], golden, name)


def test_forwards_and_backwards(folder: ParityFolder) -> None:
    table = folder.case("fn_condition")["mirror"]
    sizes = [int(row.max()) + 1 for row in table]
    assert_close(
        np.stack([ping_pong(np.arange(table.shape[1]), n) for n in sizes]), table, "mirror"
    )


# --- fusion and smoothing ---

FUSIONS = {
    "off10": Fusion(10),
    "off10_nosmo": Fusion(10, smoothing=1),
    "off20_fix2": Fusion(20, restart_every=2),
    "off10_fix1": Fusion(10, restart_every=1, kept=(0, 202)),
    "on70": Fusion(70, online=True, restart_every=1, kept=(0, 202)),
    "on75": Fusion(75, online=True, restart_every=1, kept=(0, 202)),
    "on60": Fusion(60, online=True),  # deduced: its expression goes on, too
}


@pytest.mark.parametrize("tag", FUSIONS)
def test_fusion(folder: ParityFolder, tag: str) -> None:
    """On the tail alone; the published code keeps the whole sequence."""
    case, fusion = folder.case("fn_fusion"), FUSIONS[tag]
    source = one(case, f"{tag}/src")
    tail = whole = np.zeros((1, 0, 265), np.float32)
    for index, length in enumerate(case[f"{tag}/res_len"]):
        start = condition_frame(fusion, tail, source, index)
        assert_close(start, case[f"{tag}/kp_cond"][index], f"cond_frame {index}")
        noise = folder.fill().normal(f"fuse.{tag}.pred{index}", (1, 80, 265), folder.seed)
        rows = fused(fusion, tail, 0.3 * noise)
        whole = np.concatenate([whole[:, : whole.shape[1] - tail.shape[1]], rows], 1)
        assert whole.shape[1] == length
        if index == 1:
            golden = case[f"{tag}/second"]  # the last rows after window 1, 100 at most
            assert_close(whole[:, -golden.shape[1] :], golden, "second")
        tail = tail_of(fusion, rows)
    assert_close(whole, case[f"{tag}/res"], f"{tag}/res")
    after = condition_frame(fusion, tail, source, len(case[f"{tag}/res_len"]))
    assert_close(after, case[f"{tag}/next_kp_cond"], "next_kp_cond")


@pytest.mark.parametrize("piece", [1, 4, 20])
def test_source_smoothing(folder: ParityFolder, piece: int) -> None:
    case = folder.case("fn_smooth")
    given, wanted = infos(case, "infos"), infos(case, "out")
    for name, part in given.items():
        pieces = np.split(part, range(piece, len(part), piece))
        assert_close(np.concatenate(list(smoothed_stream(pieces, 13))), wanted[name], name)
        assert_close(smoothed(part, 13), wanted[name], name)


# --- blinks ---


def redrawn(frames: int) -> np.ndarray:
    """Deduced: drawn for an unknown length first, then again when the length was set."""
    random = Random(1234)
    blink_track(UNBOUNDED, 0, random)
    return blink_track(frames, 0, random)


BLINKS: dict[str, Callable[[], np.ndarray]] = {  # gaps deduced from the stored starts
    "blink_rand_400": lambda: blink_track(400, 0, Random(7)),
    "blink_list": lambda: blink_track(200, [40, 20, 31], Random(7)),
    "blink_fix": lambda: blink_track(200, 33, Random(7)),
    "blink_none": lambda: blink_track(50, -1, Random(7)),
    "blink_short": lambda: blink_track(70, 0, Random(7)),
    "image_delta_eye/blink": lambda: blink_track(30, 5, Random(1234)),
    "image_delta_eye_rand/blink": lambda: redrawn(400),
    "published_like/blink": lambda: blink_track(UNBOUNDED, 6, Random(1234)),
}


@pytest.mark.parametrize("name", BLINKS)
def test_blinks(stitch_case: Case, name: str) -> None:
    assert_close(BLINKS[name](), stitch_case[name], name)


# --- stitching ---

FRAMES = 30
NONE = FrameControls()


@dataclass(frozen=True)
class Setting:
    settings: StitchSettings = FOR_PICTURES
    controls: FrameControls = NONE
    reference: str = ""  # name of a stored motion
    channel: bool = False  # with the stored face size of a `ch_info`


def tilted(*angles: float) -> FrameControls:
    return FrameControls(delta_degrees=np.array([angles], np.float32))


def turning(case: Case) -> FrameControls:
    frame = np.arange(FRAMES, dtype=np.float32)
    delta = np.stack([np.full(FRAMES, np.nan, np.float32), 0.5 * frame, -0.2 * frame], 1)
    alpha = np.array([[0.5, np.nan, np.nan]], np.float32)
    return FrameControls(delta, alpha, case["delta_exp"][:, 0])


def becoming_alive() -> FrameControls:
    frame = np.arange(FRAMES, dtype=np.float32)
    return FrameControls(vad_alpha=np.where(frame < 12, frame / 12, np.nan))


def fading(fade_in: int, fade_out: int) -> FrameControls:
    return FrameControls(fade_alpha=fade_alphas(0, FRAMES, FRAMES, fade_in, fade_out))


GAINS = {"exp": 1.2, "pitch": 0.5, "yaw": 0.4, "roll": 0.3, "t": 1.0}
UP = tilted(2, np.nan, np.nan)

SETTINGS: dict[str, Callable[[Case], Setting]] = {
    "image_default": lambda case: Setting(),
    "image_nostitch": lambda case: Setting(replace(FOR_PICTURES, stitching=False)),
    "image_absolute": lambda case: Setting(replace(FOR_PICTURES, relative=False)),
    "image_keys": lambda case: Setting(replace(FOR_PICTURES, driven=GAINS)),  # deduced: gains
    "image_d0": lambda case: Setting(reference="d0"),
    "image_delta_eye": lambda case: Setting(),
    "image_delta_eye_rand": lambda case: Setting(),
    "image_overall": lambda case: Setting(replace(FOR_PICTURES, overall=UP)),  # deduced: 2 degrees
    "image_ctrl": lambda case: Setting(controls=turning(case)),  # deduced: all its numbers
    "image_fade_d0": lambda case: Setting(  # deduced: 10 frames at both ends
        replace(FOR_PICTURES, fade_to="d0"), fading(10, 10)
    ),
    "image_fade_s": lambda case: Setting(  # deduced: 10 frames at the start, all parts
        replace(FOR_PICTURES, fade_to="s", fade_parts=DRIVEN), fading(10, 0)
    ),
    "image_vad": lambda case: Setting(controls=becoming_alive()),  # deduced: i / 12
    "image_noeye": lambda case: Setting(replace(FOR_PICTURES, drive_eye=False)),
    "video_default": lambda case: Setting(FOR_VIDEOS),
    "video_eye": lambda case: Setting(FOR_PICTURES),  # deduced: all parts driven
    "image_ch": lambda case: Setting(channel=True),
    # Deduced: the other reference, the `ch_info` of image_ch, the tilt that the pickle has.
    "published_like": lambda case: Setting(
        replace(FOR_PICTURES, overall=UP), reference="d0b", channel=True
    ),
}


def played(case: Case, tag: str, stitcher: Stitch, pieces: list[int]) -> Stitched:
    """All frames of a setting, in calls of so many frames each."""
    setting = SETTINGS[tag](case)
    settings, controls = setting.settings, setting.controls
    if setting.channel:
        settings = replace(settings, channel_scale=float(case["image_ch/ch_scale"][0, 0]))
    given = infos(case, f"{tag}/src")
    source, rows = SourceMotion(joined(given), given["kp"]), joined(infos(case, f"{tag}/drv"))
    track = case.get(f"{tag}/blink")

    def blinks(start: int, count: int) -> np.ndarray | None:
        return None if track is None else blink_rows(track, case["delta_eye_arr"], start, count)

    reference = one(case, setting.reference)[0] if setting.reference else None
    fixed = anchors(settings, source, rows, controls, blinks(0, FRAMES), reference)
    results, start = [], 0
    for count in pieces:
        results.append(
            stitched(
                settings,
                fixed,
                source.at(start, count),
                rows[start : start + count],
                stitcher,
                controls.part(start, count),
                blinks(start, count),
            )
        )
        start += count
    return Stitched(*(np.concatenate(arrays) for arrays in zip(*results, strict=True)))


@pytest.mark.parametrize("tag", SETTINGS)
def test_stitching(stitch_case: Case, tag: str) -> None:
    result = played(stitch_case, tag, stitch, [FRAMES])
    assert_close(result.source, stitch_case[f"{tag}/x_s"][:, 0], "x_s")
    assert_close(result.driving, stitch_case[f"{tag}/x_d"][:, 0], "x_d")


def shaking(source: np.ndarray, driving: np.ndarray) -> np.ndarray:
    """Depends on both arguments; unlike a matrix product not on the size of its batch."""
    return driving + 0.1 * source * source[:, ::-1]


@pytest.mark.parametrize("pieces", [[1] * FRAMES, [7, 1, 22]])
@pytest.mark.parametrize("tag", SETTINGS)
def test_it_does_not_matter_how_the_frames_are_split(
    stitch_case: Case, tag: str, pieces: list[int]
) -> None:
    parts, whole = (played(stitch_case, tag, shaking, counts) for counts in (pieces, [FRAMES]))
    np.testing.assert_array_equal(parts.source, whole.source)
    np.testing.assert_array_equal(parts.driving, whole.driving)


# --- sampler ---


def test_schedule(folder: ParityFolder) -> None:
    case = folder.case("fn_ddim")
    np.testing.assert_allclose(sampler.kept_signal(), case["alphas_cumprod"], rtol=1e-6)
    for steps in (4, 10, 50):
        marks, plan = sampler.times(steps), sampler.plan(steps)
        assert_close(np.stack([marks[:-1], marks[1:]], 1), case[f"S{steps}/times"], "times")
        for name, golden in (("clean", "alpha_next_sqrt"), ("noise", "c"), ("fresh", "sigma")):
            got = np.array([getattr(step, name) for step in plan])
            np.testing.assert_allclose(got, case[f"S{steps}/{golden}"], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("steps", [4, 10])
def test_sampling_with_the_published_network(folder: ParityFolder, steps: int) -> None:
    case = {name: torch.from_numpy(value) for name, value in folder.case("fn_ddim").items()}
    lmdm = network("lmdm")
    with torch.inference_mode():
        condition = lmdm.encode_condition(case["cond"])
        result = sampler.sample(
            lambda x, time: lmdm.guided(x, case["cond_frame"], condition, time),
            case[f"S{steps}/x_init"],
            case[f"S{steps}/step_noise"][:, 0],
        )
    assert_close(result, case[f"S{steps}/out"].numpy(), f"S{steps}/out")
