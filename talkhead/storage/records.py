"""Small documents by kind and id: avatars and videos. A folder of JSON files is enough here.

A database is another class with the same methods.
"""

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any, Protocol

from talkhead.errors import NotFound

_ID = re.compile(r"([a-z]{3}_)?[0-9a-f]{16,32}")
Document = dict[str, Any]


class Records(Protocol):
    """Methods block: call them in a thread."""

    def put(self, kind: str, id: str, document: Document) -> None:
        """Store or replace, whole or not at all."""

    def get(self, kind: str, id: str) -> Document:
        """The document.

        Raises:
            NotFound: there is none.
        """

    def all(self, kind: str) -> list[Document]:
        """All documents of a kind, in no particular order."""

    def delete(self, kind: str, id: str) -> None:
        """Gone afterwards, whether or not it was there."""


class FileRecords:
    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, kind: str, id: str, document: Document) -> None:
        target = self._path(kind, id)
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".part-")
        try:
            with os.fdopen(descriptor, "w") as file:
                json.dump(document, file)
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def get(self, kind: str, id: str) -> Document:
        try:
            document: Document = json.loads(self._path(kind, id).read_text())
        except FileNotFoundError:
            raise NotFound(f"there is no {kind} {id!r}", "id") from None
        return document

    def all(self, kind: str) -> list[Document]:
        documents = []
        for path in (self._root / kind).glob("*.json"):
            try:
                documents.append(json.loads(path.read_text()))
            except FileNotFoundError:  # deleted meanwhile
                continue
        return documents

    def delete(self, kind: str, id: str) -> None:
        self._path(kind, id).unlink(missing_ok=True)

    def _path(self, kind: str, id: str) -> Path:
        if not _ID.fullmatch(id):
            raise NotFound(f"there is no {kind} of that id", "id")
        return self._root / kind / f"{id}.json"
