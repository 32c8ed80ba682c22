"""The motion network and its sampler, on one device: arrays in, arrays out."""

from typing import Protocol

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from talkhead.engines.ditto.motion.sampler import sample
from talkhead.engines.ditto.networks.lmdm import EncodedCondition

Windows = Float32[np.ndarray, "batch 80 265"]


class MotionNetwork(Protocol):
    """The published motion network, whoever computes it."""

    def encode_condition(self, cond: Float32[Tensor, "batch 80 1103"]) -> EncodedCondition: ...

    def guided(
        self,
        x: Float32[Tensor, "batch 80 265"],
        cond_frame: Float32[Tensor, "batch 265"],
        condition: EncodedCondition,
        time: Int64[Tensor, " batch"],
    ) -> Float32[Tensor, "batch 80 265"]: ...


class GuidedDiffusion:
    """Samples windows of several sessions as one batch."""

    def __init__(self, network: MotionNetwork, device: torch.device) -> None:
        self._network, self._device = network, device

    @torch.inference_mode()
    def sample(
        self,
        condition: Float32[np.ndarray, "batch 80 1103"],
        condition_frame: Float32[np.ndarray, "batch 265"],
        start: Windows,
        step_noises: Float32[np.ndarray, "batch more 80 265"],
    ) -> Windows:
        """One window each, all in the same number of steps: one more than there are noises."""
        told = self._network.encode_condition(self._there(condition))
        before = self._there(condition_frame)

        def denoise(
            x: Float32[Tensor, "batch 80 265"], time: Int64[Tensor, " batch"]
        ) -> Float32[Tensor, "batch 80 265"]:
            return self._network.guided(x, before, told, time)

        sampled = sample(denoise, self._there(start), self._there(step_noises))
        result: Windows = sampled.cpu().numpy()
        return result

    def _there(self, array: Float32[np.ndarray, "..."]) -> Float32[Tensor, "..."]:
        return torch.tensor(array, device=self._device)
