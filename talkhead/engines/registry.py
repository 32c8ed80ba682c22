"""The engines there are, by name. Looking one up loads nothing heavy."""

from collections.abc import Callable
from pathlib import Path

from talkhead.engines.builtin.engine import BuiltinEngine
from talkhead.engines.ditto.engine import DittoEngine
from talkhead.engines.engine import Engine
from talkhead.errors import UnknownEngine, WeightsMissing

# each from the folder of its weights, or None for the usual one
_ENGINES: dict[str, Callable[[Path | None], Engine]] = {
    "builtin": lambda folder: BuiltinEngine(),  # its weights ship with it
    "ditto": DittoEngine,
}


def engine_names() -> tuple[str, ...]:
    return tuple(_ENGINES)


def find_engine(name: str, weights_dir: Path | None = None) -> Engine:
    """The engine of that name, with the weights in the folder of that name in `weights_dir`.

    Without `weights_dir` it is where `talkhead weights pull` puts them.

    Raises:
        UnknownEngine: there is none; the message lists those there are.
    """
    if name not in _ENGINES:
        raise UnknownEngine(f"there is no engine {name!r}; there is {', '.join(_ENGINES)}")
    return _ENGINES[name](weights_dir / name if weights_dir else None)


def ready_engine(name: str, weights_dir: Path | None = None) -> Engine:
    """The same, when its weights are there.

    Raises:
        UnknownEngine: there is none of that name.
        WeightsMissing: files without which it does not run are not there.
    """
    engine = find_engine(name, weights_dir)
    if missing := engine.weights.missing():
        to = f" --to {engine.weights.folder}" if weights_dir else ""
        files = ", ".join(path.name for path in missing)
        raise WeightsMissing(
            f"engine {name!r} lacks {files} in {engine.weights.folder};"
            f" `talkhead weights pull {name}{to}` fetches them"
        )
    return engine
