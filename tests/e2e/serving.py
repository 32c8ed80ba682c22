"""A real Ray Serve of our own, on its own port, with its own data: started, watched, ended."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Server:
    url: str
    process: "subprocess.Popen[bytes]"
    log_path: Path
    data: Path

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def replicas(self, deployment: str) -> list[int]:
        """Process ids of the replicas of a deployment."""
        mark = f"ServeReplica:talkhead:{deployment}"
        return [pid for pid, command in children(self.process.pid) if mark in command]


def children(root: int) -> Iterator[tuple[int, str]]:
    """Process id and command line of everything below `root` (Linux)."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    waiting = parents.get(root, [])
    while waiting:
        pid = waiting.pop()
        waiting += parents.get(pid, [])
        if command := command_of(pid):
            yield pid, command


def command_of(pid: int) -> str:
    """The command line of a process; empty if there is no such process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return ""


@contextmanager
def serving(folder: Path, extra: dict[str, str] | None = None, **args: Any) -> Iterator[Server]:
    """`serve run` of the project's own config, with other arguments, port and data folder.

    `extra` goes into the environment, where some of Ray's own settings live.
    """
    port = free_port()
    config = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
    config["http_options"]["port"] = port
    config["applications"][0]["args"] |= {"data_dir": str(folder / "data"), **args}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    log_path = folder / "serve.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("serve"), "run", folder / "config.yaml"],
            cwd=ROOT,
            env=environment() | (extra or {}),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    server = Server(f"http://127.0.0.1:{port}", process, log_path, folder / "data")
    try:
        wait_until_ready(server)
        yield server
    finally:
        end(process)


def environment() -> dict[str, str]:
    """For a Ray of our own: never one that already runs here."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    ours = {"PYTHONPATH": path, "RAY_ADDRESS": "local", "RAY_USAGE_STATS_ENABLED": "0"}
    return {**os.environ, **ours, "RAY_DEDUP_LOGS": "0"}


def wait_until_ready(server: Server, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        failed = server.process.poll() is not None or "DEPLOY_FAILED" in server.log
        assert not failed, f"it did not start:\n{server.log[-4000:]}"
        try:
            if httpx.get(f"{server.url}/readyz", timeout=10).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    raise AssertionError(f"not ready after {seconds} s:\n{server.log[-4000:]}")


def end(process: "subprocess.Popen[bytes]") -> None:
    """Politely first; whatever of its process tree is left after that is killed."""
    left = dict(children(process.pid))
    process.send_signal(signal.SIGINT)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
    for pid, command in left.items():
        if command_of(pid) == command:  # and not another process that got its number
            os.kill(pid, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
