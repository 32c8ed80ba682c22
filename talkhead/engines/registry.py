"""The engines there are, by name. Looking one up loads nothing heavy."""

from talkhead.engines.builtin.engine import BuiltinEngine
from talkhead.engines.engine import Engine
from talkhead.errors import UnknownEngine

_ENGINES: dict[str, Engine] = {"builtin": BuiltinEngine()}


def engine_names() -> tuple[str, ...]:
    return tuple(_ENGINES)


def find_engine(name: str) -> Engine:
    """The engine of that name.

    Raises:
        UnknownEngine: there is none; the message lists those there are.
    """
    if name not in _ENGINES:
        raise UnknownEngine(f"there is no engine {name!r}; there is {', '.join(_ENGINES)}")
    return _ENGINES[name]
