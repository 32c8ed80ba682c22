"""Everything a caller can get wrong, with the errors it may end in: one list for every edge."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from talkhead.errors import (
    ControlOutOfRange,
    InputError,
    NotFound,
    OptionError,
    TalkheadError,
    UnknownControl,
    UnknownEngine,
    UnsupportedMedia,
)
from tests.bad_audio import bad_audio
from tests.bad_portraits import bad_portraits


@dataclass(frozen=True)
class BadInput:
    """One request that is wrong in one thing; everything not named here is to be right.

    `param` says which thing: "portrait" and "audio" (`content` is the file), "options" (`fields`
    are the form fields beside the files) or "request" (`missing` parts, or a `content_type`).
    """

    name: str
    param: str
    errors: tuple[type[TalkheadError], ...]  # any of them, or a kind of it
    content: bytes = field(default=b"", repr=False)
    fields: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    content_type: str = ""

    @property
    def codes(self) -> frozenset[str]:
        """The codes a client may see."""
        return frozenset(error.code for error in self.errors)

    def __str__(self) -> str:
        return f"{self.param}: {self.name}"


@functools.cache
def cases(engine: str = "builtin", control: str = "head_scale") -> list[BadInput]:
    """All of them: `control` is a number of `engine` that may be 1 but neither -9 nor 9."""
    files = [("portrait", bad_portraits()), ("audio", bad_audio())]
    return [
        *(
            BadInput(name, param, errors, content)
            for param, group in files
            for name, (content, errors) in group.items()
        ),
        *_bad_options(engine, control),
        *_bad_fields(),
        *_bad_requests(),
    ]


def of(param: str, engine: str = "builtin", control: str = "head_scale") -> list[BadInput]:
    """Those that are wrong in `param`."""
    return [case for case in cases(engine, control) if case.param == param]


def _bad_options(engine: str, control: str) -> list[BadInput]:
    def controls(value: str) -> str:
        """As text: JSON itself has no NaN."""
        return f'{{"engine": "{engine}", "controls": {{"{control}": {value}}}}}'

    def options(**given: object) -> str:
        return json.dumps({"engine": engine, **given})

    texts: dict[str, tuple[str, type[TalkheadError]]] = {
        "unknown engine": (json.dumps({"engine": "deepfake-9000"}), UnknownEngine),
        "empty engine": (json.dumps({"engine": ""}), UnknownEngine),
        "engine is a number": (json.dumps({"engine": 7}), OptionError),
        "engine is null": (json.dumps({"engine": None}), OptionError),
        "unknown control": (options(controls={"smile_harder": 1.0}), UnknownControl),
        "control with an empty name": (options(controls={"": 1.0}), UnknownControl),
        "control far above": (controls("9"), ControlOutOfRange),
        "control far below": (controls("-9"), ControlOutOfRange),
        "control is 1e300": (controls("1e300"), ControlOutOfRange),
        "control is NaN": (controls("NaN"), OptionError),
        "control is infinite": (controls("Infinity"), OptionError),
        "control is a word": (controls('"very"'), OptionError),
        "control is the word nan": (controls('"nan"'), OptionError),
        "control is null": (controls("null"), OptionError),
        "control is a list": (controls("[1, 2]"), OptionError),
        "control is an object": (controls('{"value": 1}'), OptionError),
        "controls are a list": (options(controls=[control]), OptionError),
        "controls are a word": (options(controls=control), OptionError),
        "size is odd": (options(size=333), OptionError),
        "size is 0": (options(size=0), OptionError),
        "size is negative": (options(size=-512), OptionError),
        "size is 2": (options(size=2), OptionError),
        "size is a million": (options(size=1_000_000), OptionError),
        "size is a fraction": (options(size=512.5), OptionError),
        "size is a word": (options(size="512"), OptionError),
        "size is a list": (options(size=[512, 512]), OptionError),
        "seed is negative": (options(seed=-1), OptionError),
        "seed is a fraction": (options(seed=0.5), OptionError),
        "seed is a word": (options(seed="lucky"), OptionError),
        "seed is true": (options(seed=True), OptionError),
        "stream is a word": (options(stream="maybe"), OptionError),
        "character of an engine that has none": (options(character="avt_1"), OptionError),
        "character is a number": (options(character=3), OptionError),
        "unknown option": (options(resolution=512), OptionError),
        "option in the wrong case": (options(Size=512), OptionError),
        "not JSON": ("engine=builtin", OptionError),
        "JSON cut off": (options(seed=1)[:-3], OptionError),
        "JSON with a comma too many": ('{"seed": 1,}', OptionError),
        "JSON array": ("[]", OptionError),
        "JSON number": ("7", OptionError),
        "JSON null": ("null", OptionError),
        "nested 10000 deep": ("[" * 10_000 + "]" * 10_000, OptionError),
        "python instead of JSON": ("{'seed': 1}", OptionError),
    }
    return [
        BadInput(name, "options", (error,), fields={"options": text})
        for name, (text, error) in texts.items()
    ]


def _bad_fields() -> list[BadInput]:
    return [
        BadInput("stream field is a word", "options", (InputError,), fields={"stream": "maybe"}),
        BadInput("stream field is empty", "options", (InputError,), fields={"stream": " "}),
    ]


def _bad_requests() -> list[BadInput]:
    unknown = {"avatar": "avt_0000000000000000"}
    return [
        BadInput("no audio", "request", (InputError,), missing=("audio",)),
        BadInput("no portrait and no avatar", "request", (InputError,), missing=("portrait",)),
        BadInput("no files", "request", (InputError,), missing=("portrait", "audio")),
        BadInput("unknown avatar", "request", (NotFound,), fields=unknown, missing=("portrait",)),
        *(
            BadInput(f"content type {kind}", "request", (UnsupportedMedia,), content_type=kind)
            for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain")
        ),
    ]
