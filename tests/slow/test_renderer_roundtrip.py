"""What is commanded can be measured again in the frames: render, find the face, correlate.

The mesh is the mean of five looks: one look's noise is as large as what brows and lids move. The
floors allow for a slack, since it sees a face in a picture and not the fields: the last digits move
with every change of a texture. Weak correlations, behind glasses, move more.
`PYTHONPATH=. python tests/slow/test_renderer_roundtrip.py` prints the table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from jaxtyping import Float

import talkhead
from talkhead.engines.builtin.coefficients import INDEX, NAMES
from talkhead.engines.builtin.renderer.appearance import PortraitAppearance
from talkhead.engines.builtin.renderer.renderer import BuiltinRenderer
from talkhead.faces.detector import detect
from talkhead.faces.iris import Eye, eye_of
from talkhead.faces.mesh import FaceMesh, mesh_of, steadied
from talkhead.faces.onnx_models import FaceModels
from talkhead.faces.portrait_check import yaw_of
from talkhead.types import Image, Motion

EXAMPLES = Path(talkhead.__file__).with_name("examples")
PORTRAITS = ("hopper", "collins")
STEPS = 9
WEAK = 0.95  # correlation below which the measure is mostly noise
SLACK, WEAK_SLACK = 0.02, 0.06


@dataclass(frozen=True)
class Sweep:
    """Coefficients as a function of the command, what is measured, and the command's range."""

    command: Callable[[float], dict[str, float]]
    measure: str
    low: float
    high: float


def both(name: str, value: float) -> dict[str, float]:
    return {f"{name}Left": value, f"{name}Right": value}


def gaze(x: float) -> dict[str, float]:
    right, left = max(x, 0), max(-x, 0)
    return {
        "eyeLookOutLeft": right,
        "eyeLookInRight": right,
        "eyeLookInLeft": left,
        "eyeLookOutRight": left,
    }


SWEEPS = {
    "jaw open": Sweep(lambda x: {"jawOpen": x}, "opening", 0, 0.8),
    "chin": Sweep(lambda x: {"jawOpen": x}, "chin", 0, 0.8),
    "mouth close": Sweep(lambda x: {"jawOpen": 0.5, "mouthClose": 0.5 * x}, "opening", 0, 1),
    "smile width": Sweep(lambda x: both("mouthSmile", x), "width", 0, 1),
    "smile corners": Sweep(lambda x: both("mouthSmile", x), "corners", 0, 1),
    "frown corners": Sweep(lambda x: both("mouthFrown", x), "corners", 0, 1),
    "pucker width": Sweep(lambda x: {"mouthPucker": x}, "width", 0, 1),
    "funnel opening": Sweep(lambda x: {"mouthFunnel": x}, "opening", 0, 1),
    "stretch width": Sweep(lambda x: both("mouthStretch", x), "width", 0, 1),
    "lower lip down": Sweep(lambda x: both("mouthLowerDown", x), "opening", 0, 1),
    "upper lip up": Sweep(lambda x: both("mouthUpperUp", x), "opening", 0, 1),
    "lip roll": Sweep(lambda x: {"mouthRollLower": x, "mouthRollUpper": x}, "lips", 0, 1),
    "mouth left": Sweep(lambda x: {"mouthLeft": x}, "mouth x", 0, 1),
    "blink left": Sweep(lambda x: {"eyeBlinkLeft": x}, "left eye", 0, 1),
    "blink right": Sweep(lambda x: {"eyeBlinkRight": x}, "right eye", 0, 1),
    "eyes wide": Sweep(lambda x: both("eyeWide", x), "left eye", 0, 1),
    "squint": Sweep(lambda x: both("eyeSquint", x), "left eye", 0, 1),
    "brows up": Sweep(lambda x: {"browInnerUp": x, **both("browOuterUp", x)}, "brows", 0, 1),
    "brows down": Sweep(lambda x: both("browDown", x), "brows", 0, 1),
    "gaze": Sweep(gaze, "gaze", -1, 1),
    "yaw": Sweep(lambda x: {"yaw": x}, "yaw", -13, 13),
    "pitch": Sweep(lambda x: {"pitch": x}, "pitch", -12, 12),
    "roll": Sweep(lambda x: {"roll": x}, "roll", -15, 15),
}
# signed correlations of the command with the measure, as measured when they were written
# None: the mesh does not see it there (lids behind spectacle frames)
FLOORS: dict[str, tuple[float | None, float | None]] = {
    "jaw open": (0.990, 0.983),
    "chin": (0.993, 0.999),
    "mouth close": (-0.953, -0.962),  # closes evenly in the frames; the mesh reads it as a curve
    "smile width": (0.998, 0.999),
    "smile corners": (0.998, 0.996),
    "frown corners": (-0.998, -0.998),
    "pucker width": (-0.994, -0.989),
    "funnel opening": (0.998, 0.927),
    "stretch width": (0.998, 0.997),
    "lower lip down": (0.983, 0.955),
    "upper lip up": (0.982, 0.950),
    "lip roll": (-0.999, -0.997),
    "mouth left": (0.992, 0.998),
    "blink left": (-0.996, -0.983),
    "blink right": (-0.970, -0.993),
    "eyes wide": (None, 0.991),
    "squint": (-0.872, -0.978),
    "brows up": (0.921, 0.995),
    "brows down": (-0.949, -0.983),
    "gaze": (0.998, 0.999),
    "yaw": (0.999, 0.999),
    "pitch": (0.999, 0.999),
    "roll": (0.999, 0.999),
}
MOST_CLOSED = 0.005  # of the eye span: gap that may remain over that at rest


def motion(rows: list[dict[str, float]]) -> Motion:
    out = np.zeros((len(rows), len(NAMES)), np.float32)
    for row, coefficients in zip(out, rows, strict=True):
        for name, value in coefficients.items():
            row[INDEX[name]] = value
    return out


def measured(frame: Image, models: FaceModels) -> dict[str, float]:
    """Lengths over the distance of the outer eye corners, angles in degrees."""
    mesh = steadied(frame, mesh_of(frame, detect(frame, models)[0], models), models)
    points, across = mesh.points, mesh.eye_line
    span = float(np.linalg.norm(across))
    down = np.array([-across[1], across[0]]) / span**2
    middle = (points[33, :2] + points[263, :2]) / 2

    def apart(first: int, second: int) -> float:
        return float(np.linalg.norm(points[first, :2] - points[second, :2])) / span

    def below(point: int) -> float:
        return float((points[point, :2] - middle) @ down)

    left, right = eye_of(frame, mesh, "Left", models), eye_of(frame, mesh, "Right", models)
    upright = points[152] - points[10]
    mouth = (points[61, :2] + points[291, :2]) / 2 - points[168, :2]
    return {
        "opening": apart(13, 14),
        "width": apart(61, 291),
        "corners": below(13) - (below(61) + below(291)) / 2,
        "left eye": openness(left),
        "right eye": openness(right),
        "brows": -(below(105) + below(334)) / 2,
        "chin": below(152),
        "gaze": (looking(left, mesh) + looking(right, mesh)) / 2,
        "lips": apart(0, 13) + apart(14, 17),
        "mouth x": float(mouth @ across) / span**2,
        "yaw": yaw_of(mesh),
        "pitch": float(np.degrees(np.arctan2(upright[2], upright[1]))),
        "roll": float(np.degrees(np.arctan2(across[1], across[0]))),
        "presence": mesh.presence,
    }


def openness(eye: Eye) -> float:
    lids = eye.lids
    return float(np.linalg.norm(lids[12] - lids[4]) / np.linalg.norm(lids[0] - lids[8]))


def looking(eye: Eye, mesh: FaceMesh) -> float:
    """The iris off the eye's middle to the picture's right, in eye widths."""
    across = mesh.eye_line / np.linalg.norm(mesh.eye_line)
    width = np.linalg.norm(eye.lids[0] - eye.lids[8])
    return float((eye.centre - (eye.lids[0] + eye.lids[8]) / 2) @ across / width)


@dataclass(frozen=True)
class Response:
    commands: Float[np.ndarray, " steps"]
    values: Float[np.ndarray, " steps"]
    presence: float  # the least

    @property
    def correlation(self) -> float:
        return float(np.corrcoef(self.commands, self.values)[0, 1])

    @property
    def slope(self) -> float:
        return float(np.polyfit(self.commands, self.values, 1)[0])


class Bench:
    def __init__(self) -> None:
        self.models = FaceModels()
        self.renderer = BuiltinRenderer()
        self.appearances: dict[str, PortraitAppearance] = {}

    def appearance(self, name: str) -> PortraitAppearance:
        if name not in self.appearances:
            data = np.fromfile(EXAMPLES / f"{name}.png", np.uint8)
            image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)
            self.appearances[name] = self.renderer.register(image)
        return self.appearances[name]

    def measure(self, name: str, rows: list[dict[str, float]]) -> list[dict[str, float]]:
        (frames,) = self.renderer.render([(self.appearance(name), motion(rows), {})], 512)
        return [measured(frame, self.models) for frame in frames]

    def response(self, name: str, sweep: Sweep) -> Response:
        commands = np.linspace(sweep.low, sweep.high, STEPS)
        found = self.measure(name, [sweep.command(float(x)) for x in commands])
        values = np.array([one[sweep.measure] for one in found])
        return Response(commands, values, min(one["presence"] for one in found))


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize("portrait", PORTRAITS)
@pytest.mark.parametrize("name", FLOORS)
def test_what_is_commanded_is_measured(bench: Bench, name: str, portrait: str) -> None:
    floor = FLOORS[name][PORTRAITS.index(portrait)]
    response = bench.response(portrait, SWEEPS[name])
    assert response.presence > 0.99
    if floor is not None:
        slack = SLACK if abs(floor) >= WEAK else WEAK_SLACK
        assert response.correlation * np.sign(floor) >= abs(floor) - slack


@pytest.mark.parametrize("portrait", PORTRAITS)
@pytest.mark.parametrize("axis", ["yaw", "pitch", "roll"])
def test_a_degree_is_a_degree(bench: Bench, axis: str, portrait: str) -> None:
    assert 0.9 <= bench.response(portrait, SWEEPS[axis]).slope <= 1.1


@pytest.mark.parametrize("portrait", PORTRAITS)
def test_a_closed_mouth_closes_on_an_open_jaw(bench: Bench, portrait: str) -> None:
    closed, rest = bench.measure(portrait, [{"jawOpen": 0.5, "mouthClose": 0.5}, {}])
    assert closed["opening"] <= rest["opening"] + MOST_CLOSED


def table() -> str:
    bench = Bench()
    lines = []
    for name, sweep in SWEEPS.items():
        cells = [bench.response(portrait, sweep) for portrait in PORTRAITS]
        figures = "  ".join(
            f"{cell.correlation:+.3f} ({cell.values[0]:.3f} to {cell.values[-1]:.3f},"
            f" slope {cell.slope:+.3f})"
            for cell in cells
        )
        lines.append(f"{name:16s} {figures}")
    for portrait in PORTRAITS:
        closed, rest = bench.measure(portrait, [{"jawOpen": 0.5, "mouthClose": 0.5}, {}])
        gap = f"{closed['opening']:.3f}, at rest {rest['opening']:.3f}"
        lines.append(f"gap of a closed mouth on an open jaw, {portrait}: {gap}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
