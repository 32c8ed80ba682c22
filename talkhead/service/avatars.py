"""Avatars: portraits that were checked and studied once and can speak at once."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from talkhead.errors import NotFound, PortraitTooLarge, PortraitUnreadable
from talkhead.media.image import ImageLimits
from talkhead.media.thumbnail import thumbnail_of
from talkhead.pipeline.stages import Stages, appearance_key
from talkhead.service.identifiers import new_id, now, timestamp
from talkhead.storage.blobs import Blobs
from talkhead.storage.records import Records

KIND = "avatar"


@dataclass(frozen=True)
class Avatar:
    id: str
    name: str
    created_at: str
    portrait: str  # key of the blob store
    checks: dict[str, float]  # what was measured of the face
    consent: str  # who agreed to be animated, in the operator's words


def thumbnail_key(portrait: str) -> str:
    """Where the blob store keeps the thumbnail of a portrait."""
    return f"thumbnails/{portrait.rpartition('/')[2]}.jpg"


class Portraits:
    """Pictures under the hash of their bytes: the same picture is stored and studied once."""

    def __init__(self, blobs: Blobs, limits: ImageLimits) -> None:
        self._blobs, self._limits = blobs, limits
        self._decoding = asyncio.Lock()  # a decoded picture may have 150 MB: one at a time

    async def add(self, data: bytes) -> str:
        """Store the bytes of an image file; their key.

        Raises:
            PortraitTooLarge, PortraitUnreadable: too many bytes, or none.
        """
        if not data:
            raise PortraitUnreadable("the portrait is empty: 0 bytes")
        if len(data) > self._limits.maximum_bytes:
            most = self._limits.maximum_bytes / 1e6
            megabytes = f"{len(data) / 1e6:.1f} MB; {most:g} MB is possible"
            raise PortraitTooLarge(f"the portrait has {megabytes}")
        return await asyncio.to_thread(self._add, data)

    def _add(self, data: bytes) -> str:
        key = f"portraits/{hashlib.sha256(data).hexdigest()}"
        if self._blobs.exists(key):
            self._blobs.touch(key)
        else:
            self._blobs.put(key, data)
        return key

    async def thumbnail(self, key: str) -> str:
        """The key of a small JPEG of that picture, made the first time it is asked for."""
        async with self._decoding:
            return await asyncio.to_thread(self._thumbnail, key)

    def _thumbnail(self, key: str) -> str:
        small = thumbnail_key(key)
        if not self._blobs.exists(small):
            self._blobs.put(small, thumbnail_of(self._blobs.get(key), self._limits))
        return small

    async def delete(self, key: str) -> None:
        """Forget the picture, and its thumbnail if it has one."""
        for blob in (key, thumbnail_key(key)):
            await asyncio.to_thread(self._blobs.delete, blob)


class Avatars:
    def __init__(self, stages: Mapping[str, Stages], portraits: Portraits, records: Records):
        self._stages, self._portraits, self._records = stages, portraits, records

    async def create(self, portrait: bytes, name: str = "", consent: str = "") -> Avatar:
        """Check and study a portrait for every engine.

        Raises:
            PortraitError: what is wrong with it.
        """
        key = await self._portraits.add(portrait)
        checks: dict[str, float] = {}
        for stages in self._stages.values():
            checks |= await stages.renderer.register(key)
        await self._portraits.thumbnail(key)
        avatar = Avatar(new_id("avt"), name, timestamp(now()), key, checks, consent)
        await asyncio.to_thread(self._records.put, KIND, avatar.id, asdict(avatar))
        return avatar

    async def get(self, id: str) -> Avatar:
        """The avatar.

        Raises:
            NotFound: there is none of that id.
        """
        return Avatar(**await asyncio.to_thread(self._records.get, KIND, id))

    async def portrait(self, id: str, param: str) -> str:
        """The key of its portrait.

        Raises:
            NotFound: there is none of the id that was given as `param`.
        """
        try:
            return (await self.get(id)).portrait
        except NotFound as error:
            raise NotFound(error.message, param) from None

    async def thumbnail(self, id: str) -> str:
        """The key of a small JPEG of its portrait.

        Raises:
            NotFound: there is no avatar of that id.
        """
        return await self._portraits.thumbnail((await self.get(id)).portrait)

    async def all(self) -> list[Avatar]:
        """All avatars, newest first."""
        documents = await asyncio.to_thread(self._records.all, KIND)
        avatars = [Avatar(**document) for document in documents]
        return sorted(avatars, key=lambda avatar: avatar.created_at, reverse=True)

    async def delete(self, id: str) -> None:
        """Forget the avatar, and its face if no other avatar has it.

        Raises:
            NotFound: there is none of that id.
        """
        portrait = (await self.get(id)).portrait
        await asyncio.to_thread(self._records.delete, KIND, id)
        if portrait not in {avatar.portrait for avatar in await self.all()}:
            await self._portraits.delete(portrait)
            for stages in self._stages.values():
                await self._portraits.delete(appearance_key(stages.info.name, portrait))
