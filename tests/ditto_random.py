"""The `ditto` engine under random weights that leave numbers of about their size: for speed.

HuBERT, which is published as a file only, has a stand-in that costs nothing.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from talkhead.engines.ditto.engine import DittoEngine
from talkhead.engines.ditto.files.checkpoints import LAYOUTS
from talkhead.engines.ditto.generation.diffusion import GuidedDiffusion
from talkhead.engines.ditto.generation.motion_generator import DittoMotionGenerator, MotionModels
from talkhead.engines.ditto.motion.layout import KeyPoints
from talkhead.engines.ditto.networks.folding import fold
from talkhead.engines.ditto.registration.models import RegistrationModels
from talkhead.engines.ditto.rendering.drawing import FaceDrawer, drawing_with
from talkhead.engines.ditto.rendering.renderer import DittoRenderer
from talkhead.engines.ditto.speech.audio_encoder import DittoAudioEncoder
from talkhead.faces.onnx_models import FaceModels
from tests.ditto_engine import hears_loudness

GAIN = 1.6  # after every product something rectifies about half away
SEED = 5


@lru_cache(maxsize=2)
def random_state(name: str) -> Mapping[str, Tensor]:
    """Under the published names, float32, on the CPU."""
    with torch.device("meta"):
        shapes = LAYOUTS[name].build().state_dict()
    dice = torch.Generator().manual_seed(SEED)
    state = {key: _filled(key, like, dice) for key, like in shapes.items()}
    for key in [key for key in state if key.endswith("weight_orig")]:
        _settle_spectral_norm(state, key.removesuffix("orig"))
    return state


def random_network(name: str) -> Any:
    """Folded, as the engine runs it: a new one."""
    with torch.device("meta"):
        network = LAYOUTS[name].build().eval()
    network.load_state_dict({k: v.clone() for k, v in random_state(name).items()}, assign=True)
    with torch.no_grad():
        folded: nn.Module = fold(network)
    return folded.requires_grad_(False)


def _filled(key: str, like: Tensor, dice: torch.Generator) -> Tensor:
    if not like.is_floating_point():
        return torch.zeros(like.shape, dtype=like.dtype)
    if key.endswith("freqs"):
        count = like.shape[0]
        return torch.tensor(10_000.0) ** (-torch.arange(count) / count)
    if key.endswith("running_var") or (like.ndim == 1 and key.endswith("weight")):
        return torch.ones(like.shape)
    drawn = torch.randn(like.shape, generator=dice)
    if like.ndim < 2:
        return 0.1 * drawn
    return GAIN * drawn / like[0].numel() ** 0.5


def _settle_spectral_norm(state: dict[str, Tensor], name: str) -> None:
    """u and v as training leaves them: singular vectors of the weight."""
    weight = state[f"{name}orig"].flatten(1)
    u = state[f"{name}u"]
    for _ in range(3):
        v = nn.functional.normalize(weight.T @ u, dim=0)
        u = nn.functional.normalize(weight @ v, dim=0)
    state[f"{name}u"], state[f"{name}v"] = u, v


class RandomDitto(DittoEngine):
    def __init__(self) -> None:
        super().__init__(Path("nowhere"))

    def audio_encoder(self, device: str) -> DittoAudioEncoder:
        return DittoAudioEncoder(hears_loudness)

    def motion_generator(self, device: str) -> DittoMotionGenerator:
        target, network = torch.device(device), random_network("stitch_network")

        @torch.inference_mode()
        def stitch(source: KeyPoints, driving: KeyPoints) -> KeyPoints:
            points: KeyPoints = network(torch.tensor(source), torch.tensor(driving)).numpy()
            return points

        diffusion = GuidedDiffusion(random_network("lmdm").to(target), target)
        return DittoMotionGenerator(MotionModels(diffusion, stitch, np.zeros((5, 1024), "f4")))

    def renderer(self, device: str) -> DittoRenderer:
        names = ("warp_network", "decoder", "motion_extractor", "appearance_extractor")
        warp, decoder, motion, appearance = (random_network(name).to(device) for name in names)
        studying = RegistrationModels(motion, appearance, FaceModels(), device=device)
        drawing = drawing_with(warp, decoder, torch.device(device))
        return DittoRenderer(FaceDrawer(drawing), studying)
