"""Write the cases that ship: `python -m tests.parity.make_subset ../shared/parity`.

Reads a whole kit, checks that every array named below is drawn again to the same bytes, and writes
`tests/parity/ditto`.
"""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np

from tests.parity_cases import ParityFolder
from tests.parity_subset import Drawn, Recipe, packed

HERE = Path(__file__).parent
MODULES = {  # that draw, and what our linters say of each: they are the kit's, not ours to tidy
    "fill.py": "C901, E501, I001",
    "toy_onnx.py": "B007, C408, E401, E501, E702, E731, F401, I001",
}
AS_IT_IS = "# As in the kit.\n# fmt: off\n# ruff: noqa: {}\n# mypy: ignore-errors\n"


@dataclass(frozen=True)
class Keep:
    """Of one case what is drawn, thinned, and left out; all else is kept as it is."""

    drawn: dict[str, Drawn] = field(default_factory=dict)
    thinned: dict[str, int] = field(default_factory=dict)  # by pattern
    dropped: tuple[str, ...] = ()  # patterns: no test reads them


def normal(name: str, *shape: int, several: int = 0) -> Drawn:
    return Drawn("normal", name, shape, several)


def noises(steps: int) -> dict[str, Drawn]:
    name, shape = f"ddim.S{steps}.randn", (1, 80, 265)
    return {
        f"S{steps}/step_noise": normal(name + "{}", *shape, several=steps - 1),
        f"S{steps}/x_init": normal(f"{name}{steps - 1}", *shape),
    }


def picture(name: str, height: int, width: int) -> Drawn:
    return Drawn("smooth_image", name, (height, width, 3))


def speech(tag: str, samples: int) -> Keep:
    audio = Drawn("audio", f"e2e.{tag}.audio", (samples,))
    return Keep({"audio": audio}, {"window?": 7}, ("x_s",))


LENGTHS = (640, 3200, 16000, 23456, 52345)
CASES = {
    "fn_aux": Keep(dropped=("*/image", "*/kps")),
    "fn_condition": Keep(),
    "fn_crop": Keep({f"c{i}/image": picture(f"crop.im{i}", 480, 640) for i in (0, 1)}),
    "fn_ddim": Keep(
        {"cond": normal("ddim.cond", 1, 80, 1103)} | noises(4) | noises(10) | noises(50)
    ),
    "fn_e2e_offline": speech("offline", 60000),
    "fn_e2e_offline_video": speech("offline_video", 60000),
    "fn_e2e_online70": speech("online70", 90000),
    "fn_e2e_online75": speech("online75", 52345),
    "fn_e2e_online_short": speech("online_short", 4000),
    "fn_fusion": Keep(thinned={"o*/res": 7, "o*/second": 7}, dropped=("*/first",)),
    "fn_hubert_chunks": Keep(
        {f"n{n}/audio": Drawn("audio", f"wav{n}", (n,)) for n in LENGTHS},
        {"*/o*line*": 11},
        ("resample/*",),
    ),
    "fn_motion_layout": Keep(),
    "fn_putback": Keep(thinned={"*/out_*": 7}),
    "fn_register": Keep(
        {"image": picture("reg.im", 640, 480), "image2": picture("reg.im2", 640, 480)}
    ),
    "fn_render": Keep({"image": picture("render.src.img0", 360, 300)}, {"render": 11, "frames": 7}),
    "fn_smooth": Keep(),
    "fn_stitch": Keep(),
    "net_appearance_extractor": Keep(thinned={"out_*": 61}),
    "net_decoder": Keep({"in_feature": normal("decoder.feature", 1, 256, 64, 64)}, {"out_*": 61}),
    "net_lmdm": Keep(
        {"in_x": normal("lmdm.x", 1, 80, 265), "in_cond": normal("lmdm.cond", 1, 80, 1103)},
        {"out_*": 7},
        ("out_pred_noise_*",),
    ),
    "net_motion_extractor": Keep(),
    "net_stitch_network": Keep(),
    "net_warp_network": Keep(
        {"in_feature_3d": normal("warp.feature_3d", 1, 32, 16, 64, 64)},
        {"out_out": 61, "out_deformation": 11},
    ),
}


def recipes(keep: Keep, case: dict[str, np.ndarray]) -> Iterator[tuple[str, Recipe]]:
    yield from keep.drawn.items()
    for pattern, step in keep.thinned.items():
        yield from ((name, step) for name in case if fnmatch(name, pattern))


def make(kit: ParityFolder, to: ParityFolder) -> None:
    folder = to.root / f"seed{to.seed}"
    folder.mkdir(parents=True)
    shutil.copytree(kit.root / "manifests", to.root / "manifests")
    for file, complaints in MODULES.items():
        (to.root / file).write_text(AS_IT_IS.format(complaints) + (kit.root / file).read_text())
    (to.root / "manifests/hubert_large.json").unlink()  # of no network of ours
    for name, keep in CASES.items():
        case = {
            entry: array
            for entry, array in kit.case(name).items()
            if not any(fnmatch(entry, pattern) for pattern in keep.dropped)
        }
        for entry, drawn in keep.drawn.items():
            again = drawn.draw(kit.fill(), kit.seed)
            assert np.array_equal(again, case[entry]), f"{name}: {entry} is not {drawn}"
            assert again.dtype == case[entry].dtype
        entries: dict[str, Any] = packed(case, dict(recipes(keep, case)))
        np.savez_compressed(folder / f"{name}.npz", **entries)


def main(kits: Path) -> None:
    shutil.rmtree(HERE / "ditto", ignore_errors=True)
    seed = next((kits / "ditto").glob("seed*")).name.removeprefix("seed")
    make(ParityFolder(kits / "ditto", int(seed)), ParityFolder(HERE / "ditto", int(seed)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
