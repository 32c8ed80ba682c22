"""What `ditto` is measured against: one frame after the other through the networks as published.

Batch and spectral norms stay apart, the portrait is worked on in every frame, on CUDA autocast
chooses half precision, and the face is pasted on the CPU by warping the whole frame.
"""

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32

from talkhead.engines.ditto.rendering.paste_back import fading_mask
from talkhead.types import Image
from tests.ditto_plain_networks import decoded, warped
from tests.ditto_random import random_state


class Baseline:
    def __init__(
        self,
        device: torch.device,
        volume: Float32[np.ndarray, "32 16 64 64"],
        canvas: Image,
        matrix: Float[np.ndarray, "3 3"],
    ) -> None:
        self._device, self._canvas, self._matrix = device, canvas, matrix
        self._volume = torch.tensor(volume, device=device)[None]
        self._warp, self._decoder = (
            {key: value.to(device) for key, value in random_state(name).items()}
            for name in ("warp_network", "decoder")
        )

    def frame(
        self, still: Float32[np.ndarray, "21 3"], driven: Float32[np.ndarray, "21 3"]
    ) -> Image:
        face = self.face(still, driven)
        return self._pasted(face.cpu().numpy())

    @torch.inference_mode()
    def face(
        self, still: Float32[np.ndarray, "21 3"], driven: Float32[np.ndarray, "21 3"]
    ) -> Float32[torch.Tensor, "512 512 3"]:
        """In [0, 255]."""
        half = torch.autocast(self._device.type, torch.float16, enabled=self._device.type == "cuda")
        with self._device, half, torch.backends.cudnn.flags(enabled=True, benchmark=False):
            points = (torch.tensor(some, device=self._device)[None] for some in (still, driven))
            picture = decoded(self._decoder, warped(self._warp, self._volume, *points))
        return picture[0].float().permute(1, 2, 0).clip(0, 1) * 255

    def _pasted(self, face: Float32[np.ndarray, "512 512 3"]) -> Image:
        size = self._canvas.shape[1::-1]
        there, share = (
            cv2.warpAffine(one, self._matrix[:2], size) for one in (face, fading_mask())
        )
        mixed = share[..., None] * there + (1 - share[..., None]) * self._canvas
        return np.clip(mixed, 0, 255).astype(np.uint8)
