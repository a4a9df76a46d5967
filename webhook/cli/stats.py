"""hankali stats: counts of a period, small numbers suppressed."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TextIO

from webhook.cli import USAGE
from webhook.cli.state import opened
from webhook.clock import utc_now
from webhook.statistics import SMALLEST_SHOWN, Cell, read

COLUMNS = ("from", "to", "what", "detail", "channel", "language", "count")
HXL = (
    "#date+start",
    "#date+end",
    "#indicator+name",
    "#indicator+code",
    "#meta+channel",
    "#meta+lang",
    "#indicator+value+num",
)
"""https://hxlstandard.org, one tag per column, under the headings."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Period and files."""
    parser.add_argument("--from", dest="first", type=_day, default=date(2000, 1, 1), metavar="DAY")
    parser.add_argument("--to", dest="last", type=_day, default=None, metavar="DAY")
    parser.add_argument("--csv", type=Path, metavar="FILE")
    parser.add_argument("--hxl", type=Path, metavar="FILE", help="CSV with a row of HXL tags")


def run(args: argparse.Namespace) -> int:
    """Prints a table unless a file is asked for."""
    last = args.last or utc_now().date()
    if args.first > last:
        print(f"hankali stats: --from {args.first} is after --to {last}", file=sys.stderr)
        return USAGE
    with opened() as state:
        cells = read(state.database, args.first, last)
    rows = [(args.first.isoformat(), last.isoformat(), *_row(cell)) for cell in cells]
    if args.csv:
        _write(args.csv, [COLUMNS, *rows])
    if args.hxl:
        # Empty, not "<5": the column is a number for HXL's tools.
        empty = [tuple("" if value == _SUPPRESSED else value for value in row) for row in rows]
        _write(args.hxl, [COLUMNS, HXL, *empty])
    if not args.csv and not args.hxl:
        _print(sys.stdout, [COLUMNS, *rows])
    return 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no day such as 2026-11-30") from None


_SUPPRESSED = f"<{SMALLEST_SHOWN}"


def _row(cell: Cell) -> tuple[str, ...]:
    shown = _SUPPRESSED if cell.n is None else str(cell.n)
    return cell.what, cell.detail, cell.channel, cell.language, shown


def _write(path: Path, rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows(rows)


def _print(out: TextIO, rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    for row in rows:
        print("  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip(), file=out)
