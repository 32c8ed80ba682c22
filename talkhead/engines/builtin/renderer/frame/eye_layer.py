"""An eye: lids over an eyeball that looks around."""

import numpy as np
import torch
from jaxtyping import Float, Float16
from torch import Tensor

from talkhead.engines.builtin.renderer.frame.head_turn import HeadTurn
from talkhead.engines.builtin.renderer.frame.inversion import Positions
from talkhead.engines.builtin.renderer.frame.layering import Patch, affine, showing_part
from talkhead.engines.builtin.renderer.frame.sampling import Filter, Texture
from talkhead.engines.builtin.renderer.frame.slit_layer import SlitLayer, Window, WindowShape
from talkhead.engines.builtin.renderer.portrait.study import Arrays
from talkhead.engines.builtin.renderer.shapes.shape_set import INDEX
from talkhead.faces.iris import Side

WINDOW = WindowShape(width=104, height=72, below=0, feather=6.0, steps=(3, 2), sharpness=0.9)
GAZE_ACROSS, GAZE_DOWN = 5.0, 3.4  # mm the iris moves at look coefficients of 1
GAZE_REACH = 1.25  # iris radii beyond the iris over which the white follows it
GAZE_STEPS = 3  # of inverting that
CLEAN_AT = 1.2  # pixels of gaze at which the cleaned eyeball has taken over
LID_SHADOW, SHADOW_REACH = 0.32, 1.8  # share of light the upper lid takes, mm it falls off over


class EyeLayer:
    def __init__(self, arrays: Arrays, side: Side, skin: Texture, device: torch.device) -> None:
        prefix = f"{side.lower()}_eye"
        self._slit = SlitLayer(arrays, prefix, WINDOW, device)
        self._skin = skin
        self._lid = _picture(arrays[f"{prefix}.lid"], device)
        self._eyeball = _picture(arrays[f"{prefix}.eyeball"], device)
        self._mm = float(arrays["head.mm"][0])
        x, y, radius, depth = torch.from_numpy(arrays[f"{prefix}.iris"])
        self._iris, self._radius = torch.stack([x, y]).to(device), float(radius)
        self._depth = depth[None].to(device)
        along_x, along_y = (float(value) for value in arrays[f"{prefix}.axis"][2:4])
        # rows: the eye's axis to the picture's right, and across it, down
        self._axes = torch.tensor([[along_x, along_y], [-along_y, along_x]], device=device)
        self._side = side
        self._outwards = 1.0 if side == "Left" else -1.0  # the picture's right is 'out' on the left

    def draw(self, expression: Float[Tensor, "frames names"], turn: HeadTurn) -> Patch:
        window = self._slit.window(expression, turn)
        drawn = self._lids(expression, window)
        part = showing_part(window.visible)
        if part is not None:
            rows, columns = part
            ball = self._ball(expression, turn, window, part)
            visible = window.visible[:, None, rows, columns]
            drawn[:, :3, rows, columns].lerp_(ball, visible)
            drawn[:, 3:, rows, columns].lerp_(torch.ones_like(visible), visible)
        return Patch(window.left, window.top, drawn, window.mask)

    def _of(self, name: str, expression: Float[Tensor, "frames names"]) -> Float[Tensor, " frames"]:
        return expression[:, INDEX[name + self._side]]

    def _lids(
        self, expression: Float[Tensor, "frames names"], window: Window
    ) -> Float[Tensor, "frames 4 height width"]:
        shut = self._of("eyeBlink", expression) + 0.25 * self._of("eyeLookDown", expression)
        share = shut.clamp(0, 1)[:, None, None, None]

        def upper(sources: Positions) -> Float[Tensor, "frames 4 rows columns"]:
            skin = self._skin.at(sources)
            skin[:, :3].lerp_(self._lid.at(self._slit.texels(sources)), share)
            return skin

        return window.skin(self._skin.at, upper)

    def _ball(
        self,
        expression: Float[Tensor, "frames names"],
        turn: HeadTurn,
        window: Window,
        part: tuple[slice, slice],
    ) -> Float[Tensor, "frames 3 height width"]:
        """The eyeball in the part of the window that shows."""
        rows, columns = part
        still = affine(turn.plane_source(self._depth), window.pixels[:, :, rows, columns])
        gaze = self._gaze(expression)
        looking = self._looking(still, gaze)
        both = self._eyeball.at(self._slit.texels(looking))
        moved = (gaze.abs().sum(1) / CLEAN_AT + 1.5 * self._of("eyeWide", expression)).clamp(0, 1)
        ball = both[:, :3].lerp(both[:, 3:], moved[:, None, None, None])
        # the upper lid's shadow follows it
        lid = window.below_upper[:, rows, columns]
        lid_before = self._slit.distances(still)[:, 0]
        shade = self._shade(lid) / self._shade(lid_before)
        return ball * shade.clamp(0.6, 1.25)[:, None]

    def _shade(self, below_lid: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """The share of light that far (pixels) below the lid."""
        reach = SHADOW_REACH / self._mm
        return 1 - LID_SHADOW * torch.exp(-below_lid.clamp_min(0) / reach)

    def _gaze(self, expression: Float[Tensor, "frames names"]) -> Float[Tensor, "frames 2"]:
        """How far the iris moves, canvas pixels."""
        out = self._of("eyeLookOut", expression) - self._of("eyeLookIn", expression)
        down = self._of("eyeLookDown", expression) - self._of("eyeLookUp", expression)
        across = out * self._outwards * (GAZE_ACROSS / self._mm)
        return torch.stack([across, down * (GAZE_DOWN / self._mm)], 1) @ self._axes

    def _looking(self, still: Positions, gaze: Float[Tensor, "frames 2"]) -> Positions:
        """Sources on the eyeball: the iris moves rigidly and the white follows ever less."""
        move = gaze[:, :, None, None]
        iris = self._iris[:, None, None]
        source = still
        for _ in range(GAZE_STEPS):
            away = (source - iris).square().sum(1, keepdim=True).clamp_min(1e-6).sqrt()
            beyond = (away - self._radius).clamp_min(0) / (self._radius * GAZE_REACH)
            source = still - move * torch.exp(-beyond.square())
        return source


def _picture(levels: Float16[np.ndarray, "channels height width"], device: torch.device) -> Texture:
    return Texture(torch.from_numpy(levels).to(device, torch.float32)[None], Filter.CUBIC)
