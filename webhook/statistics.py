"""Counts, with cells so small that they could point at somebody left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from webhook.database import Database, sql

SMALLEST_SHOWN = 5


@dataclass(frozen=True)
class Cell:
    """One count of a period; ``n`` is None when it is suppressed."""

    what: str
    detail: str
    channel: str
    language: str
    n: int | None


_CELLS = sql(
    "SELECT what, detail, channel, language, SUM(n) FROM counts WHERE day >= :first AND day <= :last"
    " GROUP BY what, detail, channel, language ORDER BY what, detail, channel, language"
)


def read(database: Database, first: date, last: date) -> list[Cell]:
    """All cells of the days ``first`` to ``last``, both included (UTC)."""
    with database.reading() as transaction:
        rows = transaction.all(_CELLS, first=first.isoformat(), last=last.isoformat())
    return [
        Cell(str(what), str(detail), str(channel), str(language), int(n) if int(n) >= SMALLEST_SHOWN else None)
        for what, detail, channel, language, n in rows
    ]
