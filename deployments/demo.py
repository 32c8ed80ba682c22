"""`make demo`: serve on this machine, stream one video, say how fast it was, stay until Ctrl-C."""

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import httpx
import yaml
from pydantic import ValidationError
from rich.console import Console

from deployments.settings import AppSettings
from deployments.wording import in_words

console = Console(highlight=False)

_CONFIG = Path("serve_config.yaml")
_OUTPUT = Path("out/demo.mp4")
_START_S = 180.0
# What Serve logs of an application that will not come; it goes on trying all the same.
_FAILED = re.compile("Deploying app .* failed|Failed to update the deployments")
_REASON = re.compile(r"talkhead\.errors\.\w+: (.+)")


@dataclass(frozen=True)
class Streamed:
    bytes: int
    first_fragment_s: float
    total_s: float
    video_s: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the video")
    parser.add_argument("--config", type=Path, default=_CONFIG, help="what to serve")
    arguments = parser.parse_args()
    host, port = listening_at(arguments.config)
    if occupied(host, port):
        sys.exit(f"Port {port} is in use; end what uses it, or change it in {arguments.config}.")
    address = f"http://{host}:{port}"
    with serving(arguments.config, address) as service:
        report(stream(address))
        if not arguments.once:
            console.print(f"[bold]studio page: {address}/[/bold]   API: {address}/docs")
            console.print("Serving until Ctrl-C.")
            wait(service)


def listening_at(config: Path) -> tuple[str, int]:
    """Host and port of a configuration; ends the program in a sentence if it cannot be served."""
    try:
        content = yaml.safe_load(config.read_text())
        for application in content["applications"]:
            AppSettings.model_validate(application.get("args", {}))
        return content["http_options"]["host"], content["http_options"]["port"]
    except OSError as error:
        sys.exit(f"{config}: {error.strerror}; run this in the folder of the project.")
    except (yaml.YAMLError, KeyError, TypeError) as error:
        sys.exit(
            f"{config} is no configuration of Ray Serve with applications and address: {error}"
        )
    except ValidationError as error:
        first = error.errors()[0]
        sys.exit(f"{config}: {in_words(first, '.'.join(map(str, ('args', *first['loc']))))}")


def occupied(host: str, port: int) -> bool:
    """Whether anything listens there, a Talkhead or not."""
    try:
        with socket.create_connection((host, port), timeout=5):
            return True
    except OSError:
        return False


@contextmanager
def serving(config: Path, address: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`serve run` with a Ray of its own, ready when the block begins, ended after it."""
    _OUTPUT.parent.mkdir(exist_ok=True)
    log_path = _OUTPUT.with_name("serve.log")
    console.print(f"Starting Ray Serve (log: {log_path}) ...")
    command = [str(Path(sys.executable).with_name("serve")), "run", str(config)]
    environment = {**os.environ, "RAY_ADDRESS": "local", "RAY_USAGE_STATS_ENABLED": "0"}
    environment["PYTHONPATH"] = os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])
    with log_path.open("wb") as log:
        service = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_until_ready(address, service, log_path)
        yield service
    finally:
        console.print("Ending the service ...")
        end(service)


def wait_until_ready(address: str, service: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        said = log.read_text(errors="replace")
        if service.poll() is not None or _FAILED.search(said):
            sys.exit(f"It did not start: {why(said)}\nAll of it is in {log}")
        if answers(address):
            return
        time.sleep(0.5)
    sys.exit(f"Not ready after {_START_S:.0f} s; see {log}")


def why(log: str) -> str:
    """Our own error if there is one, else the last words."""
    reasons: list[str] = _REASON.findall(log)
    return reasons[-1] if reasons else log[-2000:]


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", timeout=10).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def stream(address: str) -> Streamed:
    """Register an avatar, stream it saying the demo sentence into a file, and forget it."""
    examples = Path(str(files("talkhead") / "examples"))
    portrait, speech = examples / "collins.png", next(examples.glob("speech.*"))
    with httpx.Client(base_url=address, timeout=120) as client:
        made = client.post(
            "/v1/avatars",
            files={"portrait": (portrait.name, portrait.read_bytes())},
            data={"name": "Eileen Collins", "consent": "public domain example"},
        )
        made.raise_for_status()
        avatar = made.json()["id"]
        fields = {"avatar": avatar, "options": json.dumps({"stream": True})}
        audio = {"audio": (speech.name, speech.read_bytes())}
        started = time.perf_counter()
        first, size = 0.0, 0
        with (
            client.stream("POST", "/v1/videos", data=fields, files=audio) as response,
            _OUTPUT.open("wb") as file,
        ):
            if response.is_error:
                sys.exit(f"The service refused: {response.read().decode()}")
            for part in response.iter_raw():
                first = first or time.perf_counter() - started
                size += file.write(part)
        total = time.perf_counter() - started
        record = client.get(response.headers["content-location"]).json()
        client.delete(f"/v1/avatars/{avatar}")
    return Streamed(size, first, total, record["seconds"])


def report(done: Streamed) -> None:
    console.print(f"{_OUTPUT}: {done.video_s:.2f} s of video, {done.bytes / 1e6:.2f} MB")
    console.print(f"first fragment after {1000 * done.first_fragment_s:.0f} ms")
    factor = done.total_s / done.video_s
    console.print(f"real-time factor {factor:.2f} ({1 / factor:.1f} x real time)")


def wait(service: "subprocess.Popen[bytes]") -> None:
    try:
        service.wait()
    except KeyboardInterrupt:
        return


def end(service: "subprocess.Popen[bytes]") -> None:
    service.send_signal(signal.SIGINT)
    try:
        service.wait(60)
    except subprocess.TimeoutExpired:
        os.killpg(service.pid, signal.SIGKILL)
    except KeyboardInterrupt:
        os.killpg(service.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
