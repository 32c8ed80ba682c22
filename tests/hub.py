"""A Hugging Face hub of one repository on this machine, that can be told to misbehave.

It answers what `huggingface_hub` asks: what a repository holds, and its files, large ones by a
redirect to another address, in parts if so wished.
"""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" * 6 + "c0ff"
REPOSITORY = "somebody/something"
LARGE = 200  # bytes; larger files are "LFS" files


@dataclass
class Hub:
    """What it holds, how it misbehaves, and what it was asked."""

    files: dict[str, bytes]
    commit: str = COMMIT
    status: int = 0  # of every answer, if not 0
    error_code: str = ""  # as the hub names what is wrong
    cut_after: int = 0  # bytes of a file after which the connection breaks, once
    always_cut: bool = False  # before the first byte of a large file, each time
    stalled: bool = False  # when it breaks it first says nothing for a while
    tampered: set[str] = field(default_factory=set)  # these arrive with a byte changed
    requests: list[tuple[str, str, str]] = field(default_factory=list)  # method, path, Range
    address: str = ""
    storage: str = ""  # where large files are redirected to

    def asked(self, method: str, part: str) -> list[str]:
        """The `Range` headers of the requests whose path has that part."""
        return [r for m, path, r in self.requests if m == method and part in path]


@contextmanager
def running_hub(files: Mapping[str, bytes]) -> Iterator[Hub]:
    hub = Hub(dict(files))

    class Handler(_Handler):
        state = hub

    with ExitStack() as servers:
        hub.address = servers.enter_context(_serving(Handler))
        hub.storage = servers.enter_context(_serving(Handler))
        yield hub


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    state: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        hub, path = self.state, unquote(urlsplit(self.path).path)
        hub.requests.append((self.command, path, self.headers.get("Range", "")))
        if hub.status:
            self._send(hub.status, b"", {"X-Error-Code": hub.error_code} if hub.error_code else {})
        elif path.startswith("/api/models/"):
            self._model(path.removeprefix("/api/models/"))
        elif path.startswith("/large/"):
            self._bytes(path.removeprefix("/large/"), {})
        else:
            self._resolve(path)

    def _model(self, path: str) -> None:
        repository, _, revision = path.partition("/revision/")
        if repository != REPOSITORY:
            self._send(401, b"", {"X-Error-Code": "RepoNotFound"})
        elif revision not in ("main", self.state.commit):
            self._send(404, b"", {"X-Error-Code": "RevisionNotFound"})
        else:
            siblings = [_sibling(name, data) for name, data in self.state.files.items()]
            info = {"id": repository, "sha": self.state.commit, "siblings": siblings}
            self._send(200, json.dumps(info).encode(), {"Content-Type": "application/json"})

    def _resolve(self, path: str) -> None:
        name = path.removeprefix(f"/{REPOSITORY}/resolve/").partition("/")[2]
        commit = {"X-Repo-Commit": self.state.commit}
        if name not in self.state.files:
            self._send(404, b"", commit | {"X-Error-Code": "EntryNotFound"})
            return
        data = self.state.files[name]
        if len(data) <= LARGE:
            self._bytes(name, commit | {"ETag": f'"{git_id(data)}"'})
            return
        linked = {
            "X-Linked-Etag": f'"{sha256(data)}"',
            "X-Linked-Size": str(len(data)),
            "Location": f"{self.state.storage}/large/{name}",
        }
        self._send(302, b"", commit | linked)

    def _bytes(self, name: str, headers: dict[str, str]) -> None:
        data = self.state.files[name]
        if name in self.state.tampered:
            data = bytes([data[0] ^ 1]) + data[1:]
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self._send(206 if start else 200, data[start:], headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        cut = self.state.cut_after
        broken = self.state.always_cut and self.path.startswith("/large/")
        if broken or (cut and len(body) > cut):
            self.state.cut_after = 0
            self.wfile.write(body[:cut])
            self.close_connection = True
            if self.state.stalled:
                threading.Event().wait(0.3)
        else:
            self.wfile.write(body)


def _sibling(name: str, data: bytes) -> dict[str, object]:
    sibling: dict[str, object] = {"rfilename": name, "size": len(data), "blobId": git_id(data)}
    if len(data) > LARGE:
        sibling["lfs"] = {"sha256": sha256(data), "size": len(data), "pointerSize": 130}
    return sibling


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def git_id(data: bytes) -> str:
    content = b"blob %d\0" % len(data) + data
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
