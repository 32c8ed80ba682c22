"""Reads pickles from strangers: plain values and arrays of numbers come out, and nothing runs.

A pickle names the functions that rebuild its content. Of those only the few that NumPy arrays and
plain containers take are known here, by our own stand-ins; any other name ends the reading before
it is looked up, and not even NumPy's own unpickling sees what the file says.
"""

import io
import math
import pickle
import pickletools
import re
from collections.abc import Callable, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeAlias

import numpy as np

from talkhead.errors import CheckpointMismatch, WeightsMissing

LARGEST = 64 * 2**20  # bytes

Value: TypeAlias = object  # None, bool, int, float, str, bytes, array, or containers of these

_MALFORMED = (
    pickle.UnpicklingError, EOFError, ValueError, TypeError, LookupError, AttributeError,
    ArithmeticError, RecursionError,
)  # fmt: skip
_NUMBERS = re.compile(r"[<>|=]?[biuf][1248]")
_MEMO = {"PUT", "BINPUT", "LONG_BINPUT"}


def read_plain_pickle(path: Path) -> Value:
    """What the file holds.

    Raises:
        WeightsMissing: there is no such file.
        CheckpointMismatch: it is not a pickle, or holds something else than plain values; then
            the message names it.
    """
    if not path.is_file():
        raise WeightsMissing(f"{path} does not exist; put the published file there")
    if (size := path.stat().st_size) > LARGEST:
        raise CheckpointMismatch(f"{path} has {size} bytes; at most {LARGEST} are possible")
    data = path.read_bytes()
    try:
        _look_through(data)
        budget = _Budget(2 * len(data))  # of what is honest each byte is copied twice at most
        return _Plain(budget).of(_Reader(data, budget).load())
    except _MALFORMED as error:
        raise CheckpointMismatch(f"{path} is not a pickle of plain values: {error}") from error


def _look_through(data: bytes) -> None:
    """Refuses what is truncated or goes on after its end, and a memo larger than its content."""
    end = 0
    for opcode, argument, position in pickletools.genops(data):
        end = (position or 0) + 1
        if opcode.name in _MEMO and int(argument or 0) > len(data):
            raise ValueError(f"place {argument} of its memo is beyond its end")
    if end != len(data):
        raise ValueError(f"it ends after {end} of its {len(data)} bytes")


class _Budget:
    """What may be made of a file: it can refer to one large value as often as it likes."""

    def __init__(self, left: int) -> None:
        self._left = left

    def spend(self, amount: int) -> None:
        self._left -= amount
        if self._left < 0:
            raise ValueError("it holds more than its length allows")


class _Reader(pickle.Unpickler):
    def __init__(self, data: bytes, budget: _Budget) -> None:
        super().__init__(io.BytesIO(data))
        self._budget = budget

    def find_class(self, module: str, name: str) -> object:
        home = _RENAMED.get(module, module.replace("numpy._core", "numpy.core"))
        known = _KNOWN.get((home, name))
        if known is None:
            raise pickle.UnpicklingError(f"it wants {module}.{name}, which is refused")
        return _Maker(known, self._budget) if callable(known) else known

    def persistent_load(self, pid: object) -> NoReturn:
        raise pickle.UnpicklingError("it refers to something outside of itself")


class _Maker:
    """A function that a pickle can call and in no way change."""

    __slots__ = ("_budget", "_make")

    def __init__(self, make: Callable[..., object], budget: _Budget) -> None:
        self._make, self._budget = make, budget

    def __call__(self, *arguments: object) -> object:
        if self._make in _COPYING:
            self._budget.spend(sum(len(one) for one in arguments if isinstance(one, Sized)))
        return self._make(*arguments)

    def __setstate__(self, state: object) -> NoReturn:
        raise pickle.UnpicklingError("it tries to change a function")


class _Dtype:
    """A type of numbers: its name, and later its byte order."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __setstate__(self, state: tuple[object, ...]) -> None:
        if state[1] not in ("<", ">", "|", "="):
            raise ValueError("it holds numbers in an unknown order of bytes")
        self.name = f"{state[1]}{self.name.lstrip('<>|=')}"

    def numpy(self) -> np.dtype:
        if not _NUMBERS.fullmatch(self.name):
            raise ValueError(f"it holds an array of {self.name!r}; numbers would be right")
        return np.dtype(self.name)


@dataclass
class _Array:
    """An array before its numbers have been looked at."""

    shape: object = ()
    dtype: object = None
    fortran: object = False
    data: object = b""

    def __setstate__(self, state: tuple[object, ...]) -> None:
        _, self.shape, self.dtype, self.fortran, self.data = state

    def numpy(self) -> np.ndarray:
        if not isinstance(self.dtype, _Dtype) or not isinstance(self.data, bytes | bytearray):
            raise ValueError("it holds an array of something else than numbers")
        if not isinstance(self.shape, tuple) or not all(type(n) is int for n in self.shape):
            raise ValueError(f"it holds an array of shape {self.shape!r}")
        dtype = self.dtype.numpy()
        if min(self.shape, default=0) < 0 or math.prod(self.shape) * dtype.itemsize != len(
            self.data
        ):
            raise ValueError(f"it holds an array of shape {self.shape} in {len(self.data)} bytes")
        numbers = np.frombuffer(self.data, dtype) if self.data else np.empty(0, dtype)
        across = (
            numbers.reshape(self.shape[::-1]).T if self.fortran else numbers.reshape(self.shape)
        )
        return across.astype(dtype.newbyteorder("="), order="C")  # a copy of our own


@dataclass
class _Scalar:
    dtype: object
    data: object

    def numpy(self) -> Value:
        return _Array((), self.dtype, False, self.data).numpy().item()


def _dtype(name: object, *_: object) -> _Dtype:
    if not isinstance(name, str):
        raise pickle.UnpicklingError("it holds a type of numbers without a name")
    return _Dtype(name)


def _from_buffer(data: object, dtype: object, shape: object, order: object) -> _Array:
    return _Array(shape, dtype, order == "F", data)


def _latin1(text: object, encoding: object = "latin1") -> bytes:
    """Bytes, as protocols before 3 write them."""
    if not isinstance(text, str) or encoding != "latin1":
        raise pickle.UnpicklingError("it holds bytes in an unknown form")
    return text.encode("latin1")


def _bytes(*nothing: object) -> bytes:
    if nothing:
        raise pickle.UnpicklingError("it holds bytes in an unknown form")
    return b""


_RENAMED = {"__builtin__": "builtins"}  # as protocols before 3 name it
_KNOWN: dict[tuple[str, str], object] = {
    ("numpy.core.multiarray", "_reconstruct"): lambda *_: _Array(),
    ("numpy.core.multiarray", "scalar"): _Scalar,
    ("numpy.core.numeric", "_frombuffer"): _from_buffer,
    ("numpy", "ndarray"): "ndarray",  # only ever handed to _reconstruct
    ("numpy", "dtype"): _dtype,
    ("_codecs", "encode"): _latin1,
    ("builtins", "bytes"): _bytes,
    ("builtins", "set"): set,
    ("collections", "OrderedDict"): dict,
}
_COPYING = (_latin1, set, dict)  # what these make is as large as what they are given


class _Plain:
    """Turns what was read into plain values, each object once however often it is referred to."""

    def __init__(self, budget: _Budget) -> None:
        self._budget = budget
        self._done: dict[int, Value] = {}
        self._open: set[int] = set()

    def of(self, value: Value) -> Value:
        if value is None or type(value) in (bool, int, float, str, bytes):
            return value
        key = id(value)
        if key in self._open:
            raise ValueError("it contains itself")
        if key not in self._done:
            self._open.add(key)
            self._done[key] = self._convert(value)
            self._open.remove(key)
        return self._done[key]

    def _convert(self, value: Value) -> Value:
        if isinstance(value, _Array):
            array = value.numpy()
            self._budget.spend(array.nbytes)
            return array
        if isinstance(value, _Scalar):
            return value.numpy()
        if isinstance(value, dict):
            return {self.of(key): self.of(entry) for key, entry in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return type(value)(self.of(entry) for entry in value)
        raise ValueError(f"it holds a {type(value).__name__}")
