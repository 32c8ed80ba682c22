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
        miss_x, miss_y = (wanted - source).unbind(1)
        miss_x, miss_y = miss_x.sub_(fx), miss_y.sub_(fy)
        a, d = fx_x.add_(1), fy_y.add_(1)
        determinant = (a * d).addcmul_(fx_y, fy_x, value=-1).clamp_min_(LEAST_DETERMINANT)
        step = torch.empty_like(source)
        torch.mul(d, miss_x, out=step[:, 0]).addcmul_(fx_y, miss_y, value=-1).div_(determinant)
        torch.mul(a, miss_y, out=step[:, 1]).addcmul_(fy_x, miss_x, value=-1).div_(determinant)
        source = source + step.clamp_(-LONGEST_STEP, LONGEST_STEP)
    return source


def _along_x(field: Field) -> Field:
    inner = (field[..., 2:] - field[..., :-2]) / 2
    return functional.pad(inner, (1, 1, 0, 0), mode="replicate")


def _along_y(field: Field) -> Field:
    inner = (field[..., 2:, :] - field[..., :-2, :]) / 2
    return functional.pad(inner, (0, 0, 1, 1), mode="replicate")
