"""What a renderer has learnt of portraits: kept in memory, else in the blob store, else learnt."""

import asyncio
from collections import OrderedDict
from contextlib import suppress

from talkhead.engines.engine import Appearance, Renderer
from talkhead.errors import CheckpointMismatch, InternalError, NotFound
from talkhead.media.image import ImageLimits, read_image
from talkhead.pipeline.stages import appearance_key
from talkhead.storage.blobs import Blobs
from talkhead.types import Image

# In memory; 16 streams is what a renderer is sized for. One of the builtin engine takes 40 MB, and
# the first frames with one that was dropped take 0.1 s longer.
_HELD = 16


class AppearanceCache:
    """Appearances by the key of their portrait. Losing one changes the speed, never the result."""

    def __init__(
        self, model: Renderer, engine_name: str, blobs: Blobs, image_limits: ImageLimits
    ) -> None:
        self._model, self._engine_name, self._blobs = model, engine_name, blobs
        self._image_limits = image_limits
        self._held: OrderedDict[str, asyncio.Task[Appearance]] = OrderedDict()

    async def get(self, portrait: str) -> Appearance:
        """The appearance; concurrent callers share one registration.

        Raises:
            PortraitError: the portrait cannot be animated.
        """
        task = self._held.get(portrait)
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(self._load_or_make, portrait))
            self._held[portrait] = task
            task.add_done_callback(lambda done: self._forget_failure(portrait, done))
            if len(self._held) > _HELD:
                self._held.popitem(last=False)
        else:
            self._held.move_to_end(portrait)
        return await asyncio.shield(task)  # one caller leaving must not fail the others

    def _forget_failure(self, portrait: str, task: "asyncio.Task[Appearance]") -> None:
        if task.cancelled() or task.exception():
            self._held.pop(portrait, None)

    def _load_or_make(self, portrait: str) -> Appearance:
        key = appearance_key(self._engine_name, portrait)
        if self._blobs.exists(key):
            with suppress(CheckpointMismatch, NotFound):  # by another version; just trimmed
                self._blobs.touch(key)
                return self._model.load(self._blobs.get(key))
        data = self._model.register(self._read(portrait)).to_bytes()
        self._blobs.put(key, data)
        return self._model.load(data)

    def _read(self, portrait: str) -> Image:
        try:
            data = self._blobs.get(portrait)
        except NotFound:  # not the caller's fault: deleted meanwhile, or the store is not shared
            raise InternalError("the stored portrait is gone") from None
        return read_image(data, self._image_limits)
