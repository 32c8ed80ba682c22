"""Errors cross process boundaries whole, and become HTTP in one place."""

import inspect
import pickle

import pytest

from deployments.api.problems import status_of
from talkhead import errors

CLASSES = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.TalkheadError)
]


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_survives_a_process_boundary(kind: type[errors.TalkheadError]) -> None:
    for error in (kind("too short"), kind("too short", "options.size")):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is kind
        assert (str(again), again.param) == (str(error), error.param)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_is_the_callers_or_ours(kind: type[errors.TalkheadError]) -> None:
    status = status_of(kind("x"))
    assert (400 <= status < 500) == issubclass(kind, errors.InputError)


def test_codes_are_distinct() -> None:
    leaves = [kind for kind in CLASSES if not kind.__subclasses__()]
    assert len({kind.code for kind in leaves}) == len(leaves)


def test_the_docstring_draws_the_whole_tree() -> None:
    assert errors.__doc__ is not None
    assert [kind.__name__ for kind in CLASSES if kind.__name__ not in errors.__doc__] == []
