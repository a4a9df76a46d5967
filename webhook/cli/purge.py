"""hankali purge: what has been kept long enough goes (the service does this by itself every hour)."""

from __future__ import annotations

import argparse

from webhook.cli.state import opened
from webhook.clock import utc_now
from webhook.retention import purge


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(args: argparse.Namespace) -> int:
    """Prints the number of rows."""
    with opened() as state:
        print(f"purged {purge(state.database, utc_now(), state.settings.referrals.kept_days)} rows")
    return 0
