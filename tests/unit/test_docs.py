"""The documentation says what the code does: controls, windows, examples, links."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployments.api.videos import parse_options
from talkhead.engines.builtin.engine import BuiltinEngine
from talkhead.engines.control import Control, MixControl, OffsetsControl
from talkhead.engines.ditto.controls import BLINK_CONTROLS, CHARACTER_CONTROL, CONTROLS
from talkhead.engines.ditto.engine import DittoEngine
from talkhead.engines.ditto.generation.windows import schedule_of
from talkhead.engines.ditto.motion.fusion import PUBLISHED_ONLINE, Fusion
from talkhead.engines.engine import EngineInfo, Schedule
from talkhead.timing import FRAME_RATE, SAMPLES_PER_FRAME

ROOT = Path(__file__).parents[2]
DITTO_PAGE = (ROOT / "docs/ditto.md").read_text()
ALL_CONTROLS = (*CONTROLS, *BLINK_CONTROLS, CHARACTER_CONTROL)
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def infos() -> dict[str, EngineInfo]:
    """Of engines that have all their files."""
    ditto = replace(DittoEngine().info, controls=ALL_CONTROLS)
    return {"builtin": BuiltinEngine().info, "ditto": ditto}


def rows(page: str, columns: int) -> list[list[str]]:
    """The cells of all table rows with so many columns."""
    lines = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in cells] for cells in lines if len(cells) == columns]


def possible(control: Control) -> str:
    """As the page puts it."""
    match control:
        case MixControl():
            return f"{', '.join(control.choices)}; a mix; a list"
        case OffsetsControl():
            span = f"{control.minimum:g} to {control.maximum:g}"
            return f"points 0 to {control.points - 1}, each of x, y, z {span}"
        case _:
            return control.values


def test_every_control_is_in_the_page_with_its_values_and_its_default() -> None:
    listed = {row[0]: row[1:3] for row in rows(DITTO_PAGE, 4) if row[0].startswith("`")}
    assert listed == {
        f"`{control.name}`": [possible(control), default_of(control)] for control in ALL_CONTROLS
    }


def default_of(control: Control) -> str:
    usual = control.default
    return f"{usual:g}" if isinstance(usual, float) else str(usual)


def test_the_table_of_windows_is_that_of_the_schedules() -> None:
    listed = [row for row in rows(DITTO_PAGE, 5) if row[0] in ("online", "offline")]
    assert len(listed) >= 6
    for mode, overlap, *told in listed:
        usual = PUBLISHED_ONLINE if mode == "online" else Fusion()
        fusion = replace(usual, overlap=int(overlap.split()[0]))
        assert ("usual" in overlap) == (fusion == usual)
        schedule = schedule_of(fusion)
        heard = samples_before_the_first_frame(schedule)
        frames, milliseconds = heard / SAMPLES_PER_FRAME, heard / 16
        assert told == [
            str(schedule.step),
            f"{FRAME_RATE / schedule.step:.2f}".rstrip("0").rstrip("."),
            f"{frames:.1f} frames, {milliseconds:.0f} ms",
        ]


def samples_before_the_first_frame(schedule: Schedule) -> int:
    """Until the first window that shows anything can be made."""
    assert schedule.hearing
    shown = schedule.first or schedule.first + schedule.step
    chunks = -(-(shown + schedule.look_ahead) // schedule.hearing.frames)
    return chunks * schedule.hearing.frames * SAMPLES_PER_FRAME + schedule.hearing.after


def options_of_curl(page: str) -> list[str]:
    """What is given to curl as options; a shell variable between quotes stands for an id."""
    found = re.findall(r"-F 'options=(\{.*?\})'(?=[\s|\\])", page, re.DOTALL)
    return [re.sub(r"'\$\w+'", "avt_0", text) for text in found]


def examples() -> list[tuple[str, dict[str, Any]]]:
    """Engine and controls."""
    curls = [
        parse_options(text) for text in options_of_curl((ROOT / "docs/http-api.md").read_text())
    ]
    blocks = re.findall(r"```json\n(.*?)```", DITTO_PAGE, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    told = [("ditto", json.loads(line)["controls"]) for line in lines]
    return [(options.engine, options.controls) for options in curls] + told


@pytest.mark.parametrize(("engine", "controls"), examples())
def test_the_controls_of_every_example_are_accepted(engine: str, controls: dict[str, Any]) -> None:
    assert controls
    infos()[engine].check_controls(controls)


def test_examples_were_found() -> None:
    assert {engine for engine, _ in examples()} == {"builtin", "ditto"}
    assert len(examples()) >= 6


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if link.startswith("http"):
            continue
        path, _, part = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if part:
            assert part in anchors(target.read_text()), link


def anchors(page: str) -> set[str]:
    """Of its headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
