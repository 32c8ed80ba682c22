"""The mouth: lips over teeth, tongue and the dark."""

import torch
from jaxtyping import Float
from torch import Tensor

from talkhead.engines.builtin.renderer.frame.head_turn import HeadTurn
from talkhead.engines.builtin.renderer.frame.layering import Patch, affine, showing_part
from talkhead.engines.builtin.renderer.frame.mouth_inside import MouthInside
from talkhead.engines.builtin.renderer.frame.sampling import Texture
from talkhead.engines.builtin.renderer.frame.slit_layer import SlitLayer, WindowShape
from talkhead.engines.builtin.renderer.portrait.study import Arrays

WINDOW = WindowShape(width=168, height=152, below=14, feather=8.0, steps=(4, 3), sharpness=1.1)
AWAKE = 0.05  # coefficient or pose from which the inside is drawn instead of photographed


class MouthLayer:
    def __init__(self, arrays: Arrays, skin: Texture, device: torch.device) -> None:
        self._slit = SlitLayer(arrays, "mouth", WINDOW, device)
        self._inside = MouthInside(arrays, device)
        self._skin = skin

    def draw(self, expression: Float[Tensor, "frames names"], turn: HeadTurn) -> Patch:
        window = self._slit.window(expression, turn)
        drawn = window.skin(self._skin.at, self._skin.at)
        part = showing_part(window.visible)
        if part is not None:
            rows, columns = part
            pixels = window.pixels[:, :, rows, columns]
            below, above = (
                distance[:, rows, columns] for distance in (window.below_upper, window.above_lower)
            )
            inside = self._inside.draw(pixels, below, above, expression, turn)
            inside = self._at_rest(inside, pixels, expression, turn)
            visible = window.visible[:, None, rows, columns]
            drawn[:, :3, rows, columns].lerp_(inside, visible)
            drawn[:, 3:, rows, columns].lerp_(torch.ones_like(visible), visible)
        return Patch(window.left, window.top, drawn, window.mask)

    def _at_rest(
        self,
        inside: Float[Tensor, "frames 3 height width"],
        pixels: Float[Tensor, "frames 2 height width"],
        expression: Float[Tensor, "frames names"],
        turn: HeadTurn,
    ) -> Float[Tensor, "frames 3 height width"]:
        """The portrait's own inside as long as nothing moves."""
        moved = torch.maximum(expression.abs().amax(1), turn.amount)
        asleep = 1 - (moved / AWAKE).clamp(0, 1)
        if not bool(asleep.any()):
            return inside
        photo = self._skin.at(affine(turn.plane_source(self._inside.depth), pixels))
        return inside.lerp(photo[:, :3], asleep[:, None, None, None])
