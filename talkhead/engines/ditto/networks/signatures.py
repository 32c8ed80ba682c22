"""What the six networks look like from outside, whichever back end runs them.

Tensors in and out, all with a leading batch axis; results are where the inputs are.
"""

from typing import Protocol, runtime_checkable

from jaxtyping import Float, Int
from torch import Tensor

from talkhead.engines.ditto.networks.motion_extractor import FaceMotion

Opaque = tuple[Tensor, ...]  # prepared by a network for itself; each with a leading batch axis


@runtime_checkable
class AppearanceExtractorLike(Protocol):
    def __call__(
        self, image: Float[Tensor, "batch 3 256 256"], /
    ) -> Float[Tensor, "batch 32 16 64 64"]: ...


@runtime_checkable
class MotionExtractorLike(Protocol):
    def __call__(self, image: Float[Tensor, "batch 3 256 256"], /) -> FaceMotion: ...


@runtime_checkable
class StitchNetworkLike(Protocol):
    def __call__(
        self, kp_source: Float[Tensor, "batch 21 3"], kp_driving: Float[Tensor, "batch 21 3"], /
    ) -> Float[Tensor, "batch 21 3"]: ...


@runtime_checkable
class WarpNetworkLike(Protocol):
    def source(self, feature_3d: Float[Tensor, "batch 32 16 64 64"], /) -> Opaque: ...

    def __call__(
        self,
        source: Opaque,
        kp_source: Float[Tensor, "batch 21 3"],
        kp_driving: Float[Tensor, "batch 21 3"],
        /,
    ) -> Float[Tensor, "batch 256 64 64"]: ...


@runtime_checkable
class DecoderLike(Protocol):
    def __call__(
        self, feature: Float[Tensor, "batch 256 64 64"], /
    ) -> Float[Tensor, "batch 3 512 512"]: ...


@runtime_checkable
class LmdmLike(Protocol):
    def encode_condition(self, cond: Float[Tensor, "batch 80 1103"], /) -> Opaque: ...

    def guided(
        self,
        x: Float[Tensor, "batch 80 265"],
        cond_frame: Float[Tensor, "batch 265"],
        condition: Opaque,
        time: Int[Tensor, " batch"],
        /,
    ) -> Float[Tensor, "batch 80 265"]: ...
