"""From where points go to where pixels come from: inverting a displacement field.

Everything is in node units: a field f at node positions, x and y, moves the point g to g + f(g).
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from talkhead.engines.builtin.renderer.frame.sampling import Texture, enlarged

LEAST_DETERMINANT = 0.35  # of the Jacobian: keeps steps finite where a field folds over
LONGEST_STEP = 12.0  # nodes
COARSE = 4  # the first guess is made for one in so many positions, each way

Field = Float[Tensor, "batch 2 rows columns"]
Positions = Float[Tensor, "batch 2 height width"]


def inverted_gentle(field: Field, wanted: Positions, steps: int) -> Positions:
    """Solves g + f(g) = wanted by fixed-point iteration; f must not stretch by 2 or more."""
    texture = Texture(field)
    source = wanted - field
    for _ in range(steps):
        source = wanted - texture.at(source)
    return source


def inverted(
    field: Field, wanted: Positions, start: Positions, coarse_steps: int, steps: int
) -> Positions:
    """Solves g + f(g) = wanted by Newton steps: a closing lid stretches skin too much for less.

    It is solved for few positions first: enlarged, they are a better guess than any simple one.

    Args:
        field: f, on the source's nodes.
        wanted: positions after the motion; height and width are multiples of COARSE.
        start: a first guess of g.
        coarse_steps: Newton steps for one in COARSE positions each way.
        steps: Newton steps for all.
    """
    texture = Texture(torch.cat([field, _along_x(field), _along_y(field)], 1))
    few = functional.avg_pool2d(wanted, COARSE)
    guess = _newton(texture, few, functional.avg_pool2d(start, COARSE), coarse_steps)
    return _newton(texture, wanted, wanted + enlarged(guess - few, COARSE), steps)


def _newton(texture: Texture, wanted: Positions, start: Positions, steps: int) -> Positions:
    source = start
    for _ in range(steps):
        fx, fy, fx_x, fy_x, fx_y, fy_y = texture.at(source).unbind(1)
        miss_x = wanted[:, 0] - source[:, 0] - fx
        miss_y = wanted[:, 1] - source[:, 1] - fy
        a, d = fx_x + 1, fy_y + 1
        determinant = (a * d - fx_y * fy_x).clamp_min(LEAST_DETERMINANT)
        step_x = (d * miss_x - fx_y * miss_y) / determinant
        step_y = (a * miss_y - fy_x * miss_x) / determinant
        step = torch.stack([step_x, step_y], 1)
        source = source + step.clamp(-LONGEST_STEP, LONGEST_STEP)
    return source


def _along_x(field: Field) -> Field:
    inner = (field[..., 2:] - field[..., :-2]) / 2
    return functional.pad(inner, (1, 1, 0, 0), mode="replicate")


def _along_y(field: Field) -> Field:
    inner = (field[..., 2:, :] - field[..., :-2, :]) / 2
    return functional.pad(inner, (0, 0, 1, 1), mode="replicate")
