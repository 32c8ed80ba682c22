"""Ids and times as the API shows them."""

import secrets
from datetime import UTC, datetime


def new_id(prefix: str) -> str:
    """`vid_5f0c…`: unguessable, and it says what it names."""
    return f"{prefix}_{secrets.token_hex(12)}"


def timestamp(moment: datetime) -> str:
    """RFC 3339, UTC, whole milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> datetime:
    return datetime.now(UTC)
