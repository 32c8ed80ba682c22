"""What pydantic finds wrong with a request or a configuration, in one sentence for people."""

from collections.abc import Mapping
from typing import Any

_UPLOAD = "UploadFile"  # how FastAPI calls a file that came as text


def in_words(error: Mapping[str, Any], param: str, known: tuple[str, ...] = ()) -> str:
    """One sentence about one of `ValidationError.errors()`.

    Args:
        error: the finding.
        param: the parameter at fault, as the caller wrote it.
        known: the names that are possible where `param` stands; empty: not said.
    """
    message = str(error["msg"])
    if error["type"] == "missing":
        return f"{param} is missing"
    if error["type"] == "extra_forbidden":
        return f"{param} is not known" + (f"; there are {', '.join(known)}" if known else "")
    if _UPLOAD in message:
        return f"{param} must be a file, not text (with curl: -F {param}=@name)"
    return f"{param}: {message[:1].lower()}{message[1:]}"
