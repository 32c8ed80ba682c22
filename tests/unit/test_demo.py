"""What the demo says, before it starts anything, of a configuration that cannot be served."""

import socket
from pathlib import Path

import pytest
import yaml

from deployments.demo import listening_at, occupied, why

CONFIG = Path(__file__).parents[2] / "serve_config.yaml"


def test_the_projects_own_configuration_is_fine() -> None:
    assert listening_at(CONFIG) == ("127.0.0.1", 8000)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (CONFIG.read_text().replace("profile:", "profle:"), "args.profle is not known"),
        (CONFIG.read_text().replace("profile: auto", "profile: tpu"), "args.profile: input should"),
        (CONFIG.read_text().replace("http_options:", "http:"), "http_options"),
        (yaml.safe_dump(["a", "list"]), "no configuration"),
        ("a: b: c", "no configuration"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, content: str, says: str) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text(content)
    with pytest.raises(SystemExit, match=says) as ended:
        listening_at(config)
    assert "mine.yaml" in str(ended.value.code)


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="No such file"):
        listening_at(tmp_path / "mine.yaml")


def test_a_port_is_occupied_while_somebody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        assert occupied(host, port)
    assert not occupied(host, port)


def test_a_failed_start_is_told_by_our_own_error_or_by_the_last_words() -> None:
    traceback = "RuntimeError: Traceback\ntalkhead.errors.UnknownEngine: there is no engine 'x'\n"
    assert why(f"noise\n{traceback}more noise") == "there is no engine 'x'"
    assert why("noise\n" * 1000 + "out of memory") == ("noise\n" * 1000 + "out of memory")[-2000:]
