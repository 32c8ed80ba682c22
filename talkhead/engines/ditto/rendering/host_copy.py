"""Tensors to the memory of the CPU, while the GPU goes on with what comes next."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor


@dataclass(frozen=True)
class HostCopy:
    """A tensor on its way to the CPU, or there."""

    tensor: Float32[Tensor, "..."]
    arrived: torch.cuda.Event | None = None

    def array(self) -> Float32[np.ndarray, "..."]:
        """Waits until it is there, in whichever thread; the array lives as long as this."""
        if self.arrived is not None:
            self.arrived.synchronize()
        result: Float32[np.ndarray, ...] = self.tensor.numpy()
        return result


class CopyOut:
    """On CUDA copies in a stream of their own, into memory that the GPU itself can write to."""

    def __init__(self, device: torch.device) -> None:
        self._stream: torch.cuda.Stream | None = None
        if device.type == "cuda":
            self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def __call__(self, tensor: Float32[Tensor, "..."]) -> HostCopy:
        if self._stream is None:
            return HostCopy(tensor.cpu())
        host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
        self._stream.wait_stream(torch.cuda.current_stream(tensor.device))
        with torch.cuda.stream(self._stream):
            host.copy_(tensor, non_blocking=True)
            arrived = self._stream.record_event()
        tensor.record_stream(self._stream)  # its memory is not to be used again before that
        return HostCopy(host, arrived)
