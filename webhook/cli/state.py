"""What commands that work on the stored state share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from webhook.database import Database, upgrade
from webhook.security import Vault
from webhook.settings import Settings


@dataclass(frozen=True)
class State:
    """The settings, the database with the current schema, and the keys."""

    settings: Settings
    database: Database
    vault: Vault


@contextlib.contextmanager
def opened() -> Iterator[State]:
    """Opens the state that the environment names."""
    settings = Settings.load()
    upgrade(settings.database_url)
    database = Database(settings.database_url)
    try:
        yield State(settings, database, Vault(settings.secret_key, settings.encryption_keys))
    finally:
        database.close()
