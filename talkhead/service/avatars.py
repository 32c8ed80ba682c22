"""Avatars: portraits that were checked and studied once and can speak at once."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from talkhead.errors import PortraitTooLarge, PortraitUnreadable
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


class Portraits:
    """Pictures under the hash of their bytes: the same picture is stored and studied once."""

    def __init__(self, blobs: Blobs, max_bytes: int) -> None:
        self._blobs, self._max_bytes = blobs, max_bytes

    async def add(self, data: bytes) -> str:
        """Store the bytes of an image file; their key.

        Raises:
            PortraitTooLarge, PortraitUnreadable: too many bytes, or none.
        """
        if not data:
            raise PortraitUnreadable("the portrait is empty: 0 bytes")
        if len(data) > self._max_bytes:
            megabytes = f"{len(data) / 1e6:.1f} MB; {self._max_bytes / 1e6:g} MB is possible"
            raise PortraitTooLarge(f"the portrait has {megabytes}")
        return await asyncio.to_thread(self._add, data)

    def _add(self, data: bytes) -> str:
        key = f"portraits/{hashlib.sha256(data).hexdigest()}"
        if self._blobs.exists(key):
            self._blobs.touch(key)
        else:
            self._blobs.put(key, data)
        return key

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(self._blobs.delete, key)


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
        avatar = Avatar(new_id("avt"), name, timestamp(now()), key, checks, consent)
        await asyncio.to_thread(self._records.put, KIND, avatar.id, asdict(avatar))
        return avatar

    async def get(self, id: str) -> Avatar:
        """The avatar.

        Raises:
            NotFound: there is none of that id.
        """
        return Avatar(**await asyncio.to_thread(self._records.get, KIND, id))

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
