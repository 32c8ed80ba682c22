"""However many portraits a renderer sees, it holds only a few, and loses none."""

import gc
import weakref
from typing import Any

import numpy as np

from talkhead.media.image import ImageLimits
from talkhead.pipeline.appearances import AppearanceCache
from talkhead.storage.blobs import MemoryBlobs
from talkhead.types import Image
from tests.fakes import BrightnessRenderer, grey_portrait, png_bytes

PORTRAITS = 60


class Counting(BrightnessRenderer):
    def __init__(self) -> None:
        self.registered = 0
        self.alive: weakref.WeakSet[Any] = weakref.WeakSet()

    def register(self, portrait: Image) -> Any:
        self.registered += 1
        return super().register(portrait)

    def load(self, data: bytes) -> Any:
        held = Held(super().load(data))
        self.alive.add(held)
        return held


class Held:
    """An appearance that a weak set can hold."""

    def __init__(self, picture: Any) -> None:
        self.pixels, self.checks = picture.pixels, picture.checks


async def test_what_is_held_is_bounded_and_what_was_dropped_comes_back() -> None:
    model, blobs = Counting(), MemoryBlobs()
    cache = AppearanceCache(model, "fake", blobs, ImageLimits())
    for level in range(PORTRAITS):
        blobs.put(f"portraits/p{level}", png_bytes(grey_portrait(level=level)))
        await cache.get(f"portraits/p{level}")
    gc.collect()
    assert 8 <= len(model.alive) <= 16
    for level in range(PORTRAITS):
        appearance: Any = await cache.get(f"portraits/p{level}")
        assert np.array_equal(appearance.pixels, grey_portrait(level=level))
    assert model.registered == PORTRAITS  # dropped from memory, not from the store
