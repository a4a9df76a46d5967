"""hankali rekey: everything stored moves to the first of HANKALI_ENCRYPTION_KEYS, under the current secret key."""

from __future__ import annotations

import argparse

from webhook.cli.state import opened
from webhook.presence import Presence
from webhook.rekeying import rekey
from webhook.serving import sole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(args: argparse.Namespace) -> int:
    """Refuses while the service runs: it would write under the old names."""
    with opened() as state, sole(state.settings):
        presence = Presence(state.database, state.settings.var, state.settings.node, alone=True)
        try:
            result = rekey(state.database, state.vault)
        finally:
            presence.leave()
    print(f"re-encrypted {result.secrets}, renamed {result.renamed}, dropped {result.dropped}")
    return 0
