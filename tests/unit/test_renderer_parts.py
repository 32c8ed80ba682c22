"""The parts of the renderer, one law each."""

import itertools

import numpy as np
import pytest
import torch
from torch.nn import functional

from talkhead.engines.builtin.coefficients import ARKIT
from talkhead.engines.builtin.renderer.controls import RENDERER_CONTROLS
from talkhead.engines.builtin.renderer.frame.head_turn import head_turn
from talkhead.engines.builtin.renderer.frame.inversion import inverted, inverted_gentle
from talkhead.engines.builtin.renderer.frame.layering import Patch, affine, rows_of, showing_part
from talkhead.engines.builtin.renderer.frame.sampling import (
    Filter,
    Texture,
    enlarged,
    put_pixels,
)
from talkhead.engines.builtin.renderer.portrait.matte import guided_filter
from talkhead.engines.builtin.renderer.portrait.rbf import Multiquadric
from talkhead.engines.builtin.renderer.portrait.seam import cheapest_path
from talkhead.engines.builtin.renderer.portrait.slit import axis_between
from talkhead.engines.builtin.renderer.ramps import smoothstep, smoothstep_tensor
from talkhead.engines.builtin.renderer.shapes.shape_set import NAMES


def smooth_noise(*shape: int, seed: int = 0) -> torch.Tensor:
    noise = torch.randn(1, *shape, generator=torch.Generator().manual_seed(seed))
    return functional.avg_pool2d(noise, 9, 1, 4)[0]


@pytest.mark.parametrize("between", Filter)
def test_textures_on_the_cpu_equal_torch(between: Filter) -> None:
    planes = torch.randn(2, 7, 20, 30)
    texels = torch.rand(2, 2, 15, 12) * torch.tensor([40.0, 30.0])[:, None, None] - 5
    scale = torch.tensor([2 / 29, 2 / 19])
    grid = texels.movedim(1, -1) * scale - 1
    expected = functional.grid_sample(
        planes, grid, mode=between.value, padding_mode="border", align_corners=True
    )
    assert torch.allclose(Texture(planes, between).at(texels), expected, atol=1e-4)


@pytest.mark.parametrize("between", Filter)
def test_a_texture_at_whole_texels_is_itself(between: Filter) -> None:
    planes = torch.randn(1, 3, 9, 11)
    y, x = torch.meshgrid(torch.arange(9.0), torch.arange(11.0), indexing="ij")
    assert torch.allclose(Texture(planes, between).at(torch.stack([x, y])[None]), planes, atol=1e-6)


@pytest.mark.parametrize("factor", [2, 4])
def test_enlarging_equals_torch(factor: int) -> None:
    planes = torch.randn(2, 3, 8, 10)
    expected = functional.interpolate(
        planes, scale_factor=factor, mode="bilinear", align_corners=False
    )
    assert torch.allclose(enlarged(planes, factor), expected, atol=1e-5)


def test_levels_are_rounded_and_bounded() -> None:
    planes = torch.tensor([-3.0, 0.4, 0.6, 254.6, 300.0, 7.0]).repeat(3, 2, 1)
    out = np.zeros((2, 6, 3), np.uint8)
    put_pixels(planes, out)
    assert out[1, :, 2].tolist() == [0, 0, 1, 255, 255, 7]


@pytest.mark.parametrize("strength", [0.3, 0.8])
def test_a_gentle_field_is_inverted(strength: float) -> None:
    field = smooth_noise(2, 40, 50) * strength
    nodes = grid_nodes(40, 50)
    source = inverted_gentle(field[None], nodes, steps=8)
    landed = source + Texture(field[None]).at(source)
    assert inner(landed - nodes).abs().max() < 0.01


def test_a_field_that_stretches_threefold_is_inverted() -> None:
    """Where fixed-point iteration diverges: the upper half opens like a lid."""
    y = torch.arange(60.0)[:, None].expand(60, 48)
    field = torch.stack([torch.zeros(60, 48), 2.2 * (y - 30).clamp(0, 12)])[None]
    nodes = grid_nodes(60, 48)
    source = inverted(field, nodes, nodes.clone(), coarse_steps=4, steps=4)
    landed = source + Texture(field).at(source)
    reached = nodes[0, 1] < 59
    assert (landed - nodes).abs()[0, :, reached].max() < 0.02


def grid_nodes(rows: int, columns: int) -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(float(rows)), torch.arange(float(columns)), indexing="ij")
    return torch.stack([x, y])[None]


def inner(values: torch.Tensor) -> torch.Tensor:
    return values[..., 4:-4, 4:-4]


def test_a_turn_of_nothing_moves_nothing() -> None:
    turn = head_turn(torch.zeros(2, 3), torch.zeros(2, 2), torch.ones(2), torch.tensor([9.0, 8, 7]))
    assert torch.equal(turn.displacement(torch.randn(2, 1, 3, 5)), torch.zeros(2, 1, 2, 5))


def test_a_turn_is_a_rotation_about_the_pivot() -> None:
    pivot = torch.tensor([250.0, 240.0, 12.0])
    turn = head_turn(torch.randn(4, 3) * 0.3, torch.zeros(4, 2), torch.ones(4), pivot)
    products = turn.matrix @ turn.matrix.mT
    assert torch.allclose(products, torch.eye(2).expand(4, 2, 2), atol=1e-6)
    still = pivot[:, None].expand(4, 1, 3, 1)
    assert torch.allclose(turn.displacement(still), torch.zeros(4, 1, 2, 1), atol=1e-4)


@pytest.mark.parametrize(
    ("angles", "direction"),
    [((0.2, 0, 0), (1, 0)), ((0, 0.2, 0), (0, 1))],
    ids=["yaw turns the face right", "pitch turns it down"],
)
def test_signs_of_a_turn(
    angles: tuple[float, float, float], direction: tuple[float, float]
) -> None:
    turn = head_turn(torch.tensor([angles]), torch.zeros(1, 2), torch.ones(1), torch.zeros(3))
    nose = torch.tensor([0.0, 0.0, 50.0]).view(1, 1, 3, 1)  # towards the camera
    moved = turn.displacement(nose).flatten()
    assert torch.dot(moved, torch.tensor(direction).float()) > 9


def test_roll_is_clockwise() -> None:
    angles = torch.tensor([[0.0, 0.0, 0.2]])
    turn = head_turn(angles, torch.zeros(1, 2), torch.ones(1), torch.zeros(3))
    top = torch.tensor([0.0, -50.0, 0.0]).view(1, 1, 3, 1)
    assert turn.displacement(top).flatten()[0] > 9


def test_a_plane_comes_back_from_where_it_went() -> None:
    pivot = torch.tensor([250.0, 240.0, 12.0])
    turn = head_turn(
        torch.randn(3, 3) * 0.2, torch.randn(3, 2) * 5, 1 + torch.randn(3) * 0.05, pivot
    )
    flat = torch.rand(3, 2, 4, 6) * 500
    depth = torch.full((3, 1, 24), 30.0)
    points = torch.cat([flat.flatten(2), depth], 1)[:, None]
    there = flat + turn.displacement(points).view(3, 2, 4, 6)
    back = affine(turn.plane_source(torch.tensor([30.0])), there)
    assert torch.allclose(back, flat, atol=1e-2)


@pytest.mark.parametrize("seed", range(5))
def test_the_cheapest_path_is_the_cheapest(seed: int) -> None:
    cost = np.random.default_rng(seed).random((6, 4))
    step = 0.2

    def total(path: tuple[int, ...]) -> float:
        jumps = np.abs(np.diff(path))
        if jumps.max() > 1:
            return np.inf
        return float(sum(cost[i, j] for i, j in enumerate(path)) + step * jumps.sum())

    best = min(itertools.product(range(4), repeat=6), key=total)
    assert tuple(cheapest_path(cost, step)) == best


def test_a_seam_that_costs_much_is_still_followed() -> None:
    """Totals far beyond any constant: the border must not become a way around."""
    cost = np.full((200, 9), 50.0)
    cost[:, 4] = 49.0
    assert set(cheapest_path(cost, 0.01)) == {4}


def test_slit_coordinates_there_and_back() -> None:
    slit = axis_between(np.array([10.0, 20.0]), np.array([40.0, 31.0]), 65)
    points = np.random.default_rng(0).random((5, 7, 2)) * 50
    assert np.allclose(slit.at(*slit.local(points)), points)
    corners = slit.at(np.array([-slit.half_width, slit.half_width]), np.zeros(2))
    assert np.allclose(corners, [[10, 20], [40, 31]])


def test_without_smoothing_the_interpolant_passes_through_its_values() -> None:
    rng = np.random.default_rng(0)
    centres, values = rng.random((40, 2)) * 100, rng.standard_normal((40, 3))
    surface = Multiquadric(centres, 5.0, 0.0)
    assert np.abs(surface.evaluate(centres, surface.fit(values)).T - values).max() < 0.01


def test_the_guided_filter_keeps_a_mask_that_follows_the_colours() -> None:
    guide = np.zeros((40, 40, 3), np.float32)
    guide[:, 20:] = (0.9, 0.6, 0.3)
    mask = np.zeros((40, 40), np.float32)
    mask[:, 20:] = 1
    assert np.abs(guided_filter(guide, mask) - mask).max() < 0.02


def test_a_patch_with_a_full_mask_replaces_and_stays_inside_the_box() -> None:
    face = torch.zeros(4, 10, 12)
    patch = Patch([7, 0], [-2, 0], torch.ones(2, 4, 5, 6), torch.ones(2, 1, 5, 6))
    patch.lay_over(face, (2, 1, 14, 11), frame=0)
    covered = torch.zeros(10, 12)
    covered[0:2, 5:11] = 1
    assert torch.equal(face, covered.expand(4, 10, 12))


def test_the_part_that_shows() -> None:
    visible = torch.zeros(2, 10, 12)
    assert showing_part(visible) is None
    visible[0, 3, 4] = visible[1, 6, 2] = 0.5
    assert showing_part(visible) == (slice(3, 7), slice(2, 5))


def test_rows_with_anything_in_them() -> None:
    shown = torch.zeros(2, 10, 12, dtype=torch.bool)
    assert len(range(10)[rows_of(shown)]) == 0
    shown[1, 2, 11] = shown[0, 5, 0] = True
    assert rows_of(shown) == slice(2, 6)


def test_looking_up_nothing_gives_nothing() -> None:
    assert Texture(torch.randn(1, 3, 9, 11)).at(torch.empty(2, 2, 0, 7)).shape == (2, 3, 0, 7)


def test_the_two_smoothsteps_agree() -> None:
    x = np.linspace(-2, 4, 50)
    tensor = smoothstep_tensor(-1, 3, torch.from_numpy(x)).numpy()
    assert np.allclose(smoothstep(-1, 3, x), tensor)
    assert np.allclose(smoothstep(3, -1, x), 1 - tensor)


def test_every_coefficient_of_the_motion_has_a_shape() -> None:
    assert NAMES[: len(ARKIT)] == ARKIT


def test_controls_accept_their_defaults() -> None:
    for control in RENDERER_CONTROLS:
        assert control.check(control.default) == control.default
