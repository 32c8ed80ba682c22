"""Findings of pydantic become sentences that say what would be right."""

import pytest

from deployments.api.videos import parse_options
from deployments.wording import in_words
from talkhead.errors import OptionError


@pytest.mark.parametrize(
    ("options", "param", "sentence"),
    [
        ('{"sead": 1}', "options.sead", "options.sead is not known; there are stream, engine"),
        ('{"seed": -1}', "options.seed", "options.seed: input should be greater than or equal"),
        ('{"seed": "x"}', "options.seed", "options.seed: input should be a valid integer"),
        ("{", "options", "options: invalid JSON"),
    ],
)
def test_an_option_at_fault_is_named_with_what_is_possible(
    options: str, param: str, sentence: str
) -> None:
    with pytest.raises(OptionError) as raised:
        parse_options(options)
    assert raised.value.param == param
    assert raised.value.message.startswith(sentence)


def test_a_file_sent_as_text_is_told_so() -> None:
    found = {"type": "value_error", "msg": "Value error, Expected UploadFile, received: <class>"}
    assert in_words(found, "audio") == (
        "audio must be a file, not text (with curl: -F audio=@name)"
    )


def test_what_is_missing_is_named() -> None:
    assert in_words({"type": "missing", "msg": "Field required"}, "audio") == "audio is missing"


def test_what_could_stand_there_is_said_only_if_known() -> None:
    found = {"type": "extra_forbidden", "msg": "Extra inputs are not permitted"}
    assert in_words(found, "args.profle") == "args.profle is not known"
