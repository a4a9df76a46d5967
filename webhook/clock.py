"""What time it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Now, with its zone."""
    return datetime.now(UTC)


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, as the database keeps moments."""
    return int(moment.timestamp() * 1000)
