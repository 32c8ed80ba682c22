"""A GPU's batches on a CPU: the sampler's graphs by a stand-in, and frames in few sizes."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from talkhead.engines.ditto.generation.diffusion import GuidedDiffusion
from talkhead.engines.ditto.networks.signatures import Opaque
from talkhead.engines.ditto.rendering.drawing import TOGETHER_ELSEWHERE, Drawing, FaceDrawer
from talkhead.engines.ditto.rendering.renderer import DittoRenderer
from talkhead.engines.engine import Appearance
from talkhead.media.image import read_image
from tests.ditto_engine import SmallDitto
from tests.ditto_random import random_network

PORTRAIT = Path(str(files("talkhead") / "examples" / "collins.png"))
CPU = torch.device("cpu")


def works_again(work: Callable[[], Tensor]) -> tuple[Callable[[], object], Tensor]:
    """Like a replay: on the very same tensors."""
    result = work()
    return lambda: result.copy_(work()), result


@pytest.mark.usefixtures("one_thread")
def test_windows_from_graphs_are_those_without() -> None:
    network = random_network("lmdm")
    plain = GuidedDiffusion(network, CPU)
    captured = GuidedDiffusion(network, CPU, works_again)
    for batch, steps in ((3, 2), (1, 3)):
        dice = np.random.default_rng(batch)
        shapes = ((80, 1103), (265,), (80, 265), (steps - 1, 80, 265))
        inputs = [dice.standard_normal((batch, *shape), np.float32) for shape in shapes]
        wanted, got = plain.sample(*inputs), captured.sample(*inputs)
        assert got.shape == wanted.shape
        assert np.abs(got - wanted).max() <= 1e-4 * np.abs(wanted).max()


class Batches(Drawing):
    """Notes how many faces were drawn at once."""

    drawn: ClassVar[list[int]] = []

    def draw(self, source: Opaque, still: Tensor, driven: Tensor) -> Tensor:
        self.drawn.append(len(driven))
        return super().draw(source, still, driven)


@pytest.fixture(scope="module")
def renderer() -> DittoRenderer:
    made = SmallDitto().renderer("cpu")
    assert isinstance(made, DittoRenderer)
    return made


@pytest.fixture(scope="module")
def appearance(renderer: DittoRenderer) -> Appearance:
    return renderer.register(read_image(PORTRAIT))


@pytest.mark.parametrize(("frames", "sizes"), [(0, []), (1, [1]), (21, [16, 4, 1]), (48, [16] * 3)])
def test_few_sizes_of_batch_and_the_same_frames(
    renderer: DittoRenderer, appearance: Appearance, frames: int, sizes: list[int]
) -> None:
    motion = 0.1 * np.random.default_rng(0).standard_normal((frames, 63)).astype(np.float32)
    (alone,) = renderer.render([(appearance, motion, {})], 128)
    plain = renderer.drawer.drawing
    noting = Batches(plain.warp, plain.decoder, plain.device, plain.dtype)
    noting.drawn.clear()
    batched = DittoRenderer(FaceDrawer(noting, TOGETHER_ELSEWHERE), renderer.registration)
    (together,) = batched.render([(appearance, motion, {})], 128)
    batched.close()
    assert noting.drawn == sizes
    np.testing.assert_array_equal(together, alone)
