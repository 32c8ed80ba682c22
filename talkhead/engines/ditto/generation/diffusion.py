"""The motion network and its sampler, on one device: arrays in, arrays out."""

from contextlib import nullcontext

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch import Tensor, nn

from talkhead.engines.ditto.generation.captured import Captured, Compute, Record, on_cuda
from talkhead.engines.ditto.motion.sampler import sample
from talkhead.engines.ditto.networks.signatures import LmdmLike
from talkhead.engines.lone_thread import lone_thread

Windows = Float32[np.ndarray, "batch 80 265"]


class GuidedDiffusion:
    """Samples windows of several sessions as one batch.

    On CUDA the loop of all steps is one graph, for the number of steps that was asked for first;
    onnxruntime's work cannot be a part of one. On a CPU it has a thread of its own, in which torch
    computes with no other.
    """

    def __init__(
        self, network: LmdmLike, device: torch.device, record: Record | None = None
    ) -> None:
        self._network, self._device = network, device
        if record is None and device.type == "cuda" and isinstance(network, nn.Module):
            record = on_cuda
        self._run: Compute = Captured(self._loop, record) if record else self._loop
        # Operations as small as these wait for each other on more than one core.
        self._alone = lone_thread() if device.type == "cpu" else None

    def close(self) -> None:
        """End its thread."""
        if self._alone:
            self._alone.shutdown(wait=False)

    def sample(
        self,
        condition: Float32[np.ndarray, "batch 80 1103"],
        condition_frame: Float32[np.ndarray, "batch 265"],
        start: Windows,
        step_noises: Float32[np.ndarray, "batch more 80 265"],
    ) -> Windows:
        """One window each, all in the same number of steps: one more than there are noises."""
        arrays = (condition, condition_frame, start, step_noises)
        if self._alone is None:
            return self._sample(arrays)
        return self._alone.submit(self._sample, arrays).result()

    @torch.inference_mode()
    def _sample(self, arrays: tuple[Float32[np.ndarray, "batch ..."], ...]) -> Windows:
        with torch.cuda.device(self._device) if self._device.type == "cuda" else nullcontext():
            sampled = self._run(*(torch.tensor(array, device=self._device) for array in arrays))
        result: Windows = sampled.cpu().numpy()
        return result

    def _loop(
        self,
        condition: Float32[Tensor, "batch 80 1103"],
        condition_frame: Float32[Tensor, "batch 265"],
        start: Float32[Tensor, "batch 80 265"],
        step_noises: Float32[Tensor, "batch more 80 265"],
    ) -> Float32[Tensor, "batch 80 265"]:
        told = self._network.encode_condition(condition)

        def denoise(
            x: Float32[Tensor, "batch 80 265"], time: Int64[Tensor, " batch"]
        ) -> Float32[Tensor, "batch 80 265"]:
            return self._network.guided(x, condition_frame, told, time)

        return sample(denoise, start, step_noises)
