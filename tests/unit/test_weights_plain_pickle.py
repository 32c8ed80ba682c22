"""Pickles from strangers: plain values come out as they went in, and nothing else does anything."""

import os
import pickle
import pickletools
import struct
import tracemalloc
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from talkhead.errors import CheckpointMismatch, WeightsMissing
from talkhead.weights import plain_pickle
from talkhead.weights.plain_pickle import read_plain_pickle

ARRAYS: dict[str, np.ndarray] = {
    "float32": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "float16": np.linspace(-1, 1, 5).astype(np.float16),
    "big-endian": np.arange(5, dtype=">f8"),
    "fortran": np.asfortranarray(np.arange(6, dtype=np.int64).reshape(2, 3)),
    "strided": np.arange(20)[::3],
    "flags": np.array([[True], [False]]),
    "no axis": np.array(2.5),
    "empty": np.zeros((0, 8), np.float32),
}
PLAIN = {
    "none": None,
    "numbers": [1, -(2**70), 2.5, True],
    "text": "zażółć \udcff",
    "bytes": (b"", b"\x00\xff" * 300),
    "set": {1, 2},
    "nested": {"a": [{"b": ((),)}], 3: []},
    "ordered": OrderedDict(x=1, y=2),
}
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def read(data: bytes, tmp_path: Path) -> Any:
    path = tmp_path / "some.pkl"
    path.write_bytes(data)
    return read_plain_pickle(path)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plain_values_come_out_as_they_went_in(protocol: int, tmp_path: Path) -> None:
    assert read(pickle.dumps(PLAIN, protocol), tmp_path) == PLAIN


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("era", [b"numpy._core", b"numpy.core"])
def test_arrays_come_out_as_they_went_in(
    name: str, protocol: int, era: bytes, tmp_path: Path
) -> None:
    """Also as NumPy 1 named its parts; where names carry their length, that is shorter by one."""
    array = ARRAYS[name]
    data = pickle.dumps([array, array.ravel()[:1].sum()], protocol)
    if era == b"numpy.core" and protocol >= 4:
        data = _unframed(_renamed(data))
    else:
        data = data.replace(b"numpy._core", era)
    found, scalar = read(data, tmp_path)
    np.testing.assert_array_equal(found, array)
    assert (found.dtype, found.shape) == (array.dtype.newbyteorder("="), array.shape)
    assert found.flags.writeable
    assert type(scalar) in (float, int)
    assert scalar == array.ravel()[:1].sum()


def _renamed(data: bytes) -> bytes:
    for module in (b"numpy._core.multiarray", b"numpy._core.numeric"):
        old = pickle.SHORT_BINUNICODE + bytes([len(module)]) + module
        new = pickle.SHORT_BINUNICODE + bytes([len(module) - 1]) + module.replace(b"_", b"", 1)
        data = data.replace(old, new)
    return data


def _unframed(data: bytes) -> bytes:
    """Without the lengths of its frames, which would be wrong now."""
    frames = [at for op, _, at in pickletools.genops(data) if op.name == "FRAME" and at is not None]
    for at in reversed(frames):
        data = data[:at] + data[at + 9 :]
    return data


def test_what_is_shared_stays_small(tmp_path: Path) -> None:
    """Thirty levels of ten times the same are thirty objects, not 10^30."""
    value: list[Any] = [1]
    for _ in range(30):
        value = [value] * 10
    found = read(pickle.dumps(value), tmp_path)
    assert all(entry is found[0] for entry in found)


class Reduced:
    """Pickles as a call of that function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self._call


def text(value: str) -> bytes:
    return pickle.SHORT_BINUNICODE + bytes([len(value)]) + value.encode()


def stacked(module: str, name: str, *arguments: str) -> bytes:
    """Protocol 4: the name is put together on the stack."""
    given = b"".join(text(argument) for argument in arguments)
    function = text(module) + text(name) + pickle.STACK_GLOBAL
    call = pickle.MARK + given + pickle.TUPLE + pickle.REDUCE
    return pickle.PROTO + b"\x04" + function + call + pickle.STOP


TOUCH = "open('ran', 'w')"
REFUSED = {
    "os.system": pickle.dumps(Reduced(os.system, "touch ran")),
    "builtins.eval": pickle.dumps(Reduced(eval, TOUCH), 0),
    "builtins.exec": stacked("builtins", "exec", TOUCH),
    "builtins.getattr": stacked("builtins", "getattr", "", "join"),
    "builtins.__import__": stacked("builtins", "__import__", "os"),
    "numpy.load": pickle.dumps(Reduced(np.load, "x.npy", None, True), 2),
    "numpy.f2py.compile": stacked("numpy.f2py", "compile", ""),
    "numpy.core.multiarray.ndarray.tofile": stacked("numpy", "ndarray.tofile", "ran"),
    "numpy.testing._private.utils.runstring": b"cnumpy.testing._private.utils\nrunstring\n.",
    "nested in a harmless one": pickle.dumps({"a": [Reduced(os.system, "touch ran")]}),
    "as an argument": pickle.dumps(Reduced(set, [Reduced(os.system, "touch ran")])),
    "numpy.core.os.system": stacked("numpy.core", "os.system", "touch ran"),
    "INST": b"(S'touch ran'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'touch ran'\no.",
    "copyreg": stacked("copyreg", "_reconstructor"),
    "functools.partial": stacked("functools", "partial"),
    "operator": stacked("operator", "attrgetter", "system"),
    "an object array": pickle.dumps(np.array([{}, 1], object)),
    "texts": pickle.dumps(np.array(["a", "b"])),
    "a structured array": pickle.dumps(np.zeros(2, [("a", "f4"), ("b", "O")])),
    "dates": pickle.dumps(np.zeros(2, "M8[s]")),
    "an object of a class": pickle.dumps(Path("x")),
}


@pytest.mark.parametrize("how", REFUSED)
def test_anything_else_is_refused_and_nothing_runs(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointMismatch, match=r"some\.pkl is not a pickle of plain values: "):
        read(REFUSED[how], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["some.pkl"]


def test_the_refusal_names_what_was_wanted(tmp_path: Path) -> None:
    with pytest.raises(CheckpointMismatch, match=r"it wants \w+\.system, which is refused"):
        read(REFUSED["os.system"], tmp_path)


GLOBAL = b"cnumpy.core.multiarray\n_reconstruct\n"
CHANGES = {
    "state of a function": GLOBAL + b"}S'__defaults__'\nS'x'\nsb.",
    "slots of a function": GLOBAL + b"(N}S'__call__'\nS'x'\nstb.",
    "state of a name": b"cnumpy\nndarray\n}S'x'\nI1\nsb.",
    "slots of a name": b"cnumpy\nndarray\n(N}S'x'\nI1\nstb.",
    "a class made anew": b"\x80\x02cnumpy\ndtype\n(tC\x00\x81.",
}


@pytest.mark.parametrize("how", CHANGES)
def test_nothing_of_the_reader_can_be_changed(how: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointMismatch):
        read(CHANGES[how], tmp_path)
    array = ARRAYS["float32"]
    np.testing.assert_array_equal(read(pickle.dumps(array), tmp_path), array)


class Shaped:
    """An array that claims another shape than its bytes have."""

    def __init__(self, shape: Any, dtype: Any = np.dtype("f4"), data: Any = bytes(16)) -> None:
        self._state = (1, shape, dtype, False, data)

    def __reduce__(self) -> Any:
        made: Any = np.zeros(1).__reduce__()
        return made[0], made[1], self._state


@pytest.mark.parametrize(
    "wrong",
    [
        Shaped((5,)),
        Shaped((2**40, 2**40)),
        Shaped((-2, -2)),
        Shaped((4.0,)),
        Shaped("shape"),
        Shaped((4,), "f4"),
        Shaped((4,), np.dtype("f4"), "sixteen letters!"),
    ],
)
def test_an_array_must_fit_its_bytes(wrong: Shaped, tmp_path: Path) -> None:
    with pytest.raises(CheckpointMismatch, match="an array of"):
        read(pickle.dumps(wrong), tmp_path)


def test_what_contains_itself_is_refused(tmp_path: Path) -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(CheckpointMismatch, match="contains itself"):
        read(pickle.dumps(value), tmp_path)


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    data = pickle.dumps({"a": np.arange(3), "b": ["text", 1.5]})
    for end in range(len(data)):
        with pytest.raises(CheckpointMismatch):
            read(data[:end], tmp_path)
    with pytest.raises(CheckpointMismatch, match="it ends after"):
        read(data + b"more", tmp_path)


def test_any_damage_is_an_error_of_ours_or_harmless(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    data = pickle.dumps({"a": np.arange(9), "b": [None, "text", {1: 2.5}], "c": np.float32(1)}, 4)
    for _ in range(500):
        damaged = bytearray(data)
        for place in random.integers(len(data), size=random.integers(1, 4)):
            damaged[place] = random.integers(256)
        try:
            read(bytes(damaged), tmp_path)
        except CheckpointMismatch:
            continue


def test_a_huge_memo_costs_nothing(tmp_path: Path) -> None:
    put = b"I1\n" + pickle.LONG_BINPUT + struct.pack("<I", 2**31 - 1) + pickle.STOP
    with pytest.raises(CheckpointMismatch, match="memo"):
        read(put, tmp_path)


def built_again_and_again(how: str) -> bytes:
    """A hundred values made of one large one, each in a few bytes."""
    size, get = 2**20, pickle.BINGET + b"\x00"
    if how == "arrays":
        shared = bytes(size)
        return pickle.dumps([Shaped((size // 4,), data=shared) for _ in range(100)], 4)
    if how == "bytes":
        large = pickle.BINUNICODE + struct.pack("<I", size) + b"a" * size
        call = b"c_codecs\nencode\n" + get + b"X\x06\x00\x00\x00latin1" + pickle.TUPLE2 + b"R"
    elif how == "orders of bytes":
        large = pickle.BINUNICODE + struct.pack("<I", size) + b"<" * size
        state = b"(K\x03" + get + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t"
        call = b"cnumpy\ndtype\n(X\x02\x00\x00\x00f4\x89\x88tR" + state + pickle.BUILD
    else:
        large = (
            pickle.EMPTY_LIST
            + b"("
            + b"".join(b"J" + struct.pack("<i", i) for i in range(size // 8))
            + b"e"
        )
        call = b"c__builtin__\nset\n" + get + pickle.TUPLE1 + b"R"
    put = pickle.BINPUT + b"\x00"
    return b"\x80\x02" + large + put + b"0" + b"(" + 100 * call + b"t."


@pytest.mark.parametrize("how", ["arrays", "bytes", "sets", "orders of bytes"])
def test_one_large_value_is_not_made_into_many(how: str, tmp_path: Path) -> None:
    data = built_again_and_again(how)
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointMismatch, match=r"more than its length|unknown order"):
            read(data, tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 100 * len(data)
    finally:
        tracemalloc.stop()


def test_deep_nesting_ends_in_words(tmp_path: Path) -> None:
    with pytest.raises(CheckpointMismatch):
        read(b"(" * 100_000 + b"t" * 100_000 + b".", tmp_path)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\x89PNG\r\n", b"<html>", bytes(1000)])
def test_other_kinds_of_files_are_said_to_be_none(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(CheckpointMismatch, match="is not a pickle of plain values"):
        read(data, tmp_path)


def test_size_is_looked_at_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_pickle, "LARGEST", 10)
    with pytest.raises(CheckpointMismatch, match="11 bytes; at most 10"):
        read(bytes(11), tmp_path)
    with pytest.raises(WeightsMissing, match="does not exist"):
        read_plain_pickle(tmp_path / "absent.pkl")
