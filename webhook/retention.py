"""What is kept for how long, and its end."""

from __future__ import annotations

from datetime import datetime, timedelta

from webhook.clock import milliseconds
from webhook.database import Database, sql
from webhook.referrals.retention import purge_referrals
from webhook.referrals.settings import DEFAULT_KEPT_DAYS

ANSWERS_KEPT = timedelta(hours=48)
"""Stored answers, for providers that ask again (Telegram does so for a day)."""
OUTBOX_KEPT = timedelta(days=30)
"""Fates of messages, without their words."""
CONVERSATIONS_KEPT = timedelta(days=30)
"""Language and a short window of state since the last message; of which a turn uses 15 minutes."""

_PURGES = (
    (sql("DELETE FROM inbox WHERE accepted_ms < :before"), ANSWERS_KEPT),
    (sql("DELETE FROM outbox WHERE created_ms < :before"), OUTBOX_KEPT),
    (sql("DELETE FROM conversations WHERE updated_ms < :before AND stopped = 0"), CONVERSATIONS_KEPT),
    (sql("DELETE FROM shown WHERE expires_ms < :before"), timedelta(0)),
)


def purge(database: Database, now: datetime, referrals_kept_days: int = DEFAULT_KEPT_DAYS) -> int:
    """Deletes what has had its time; returns the number of rows."""
    deleted = purge_referrals(database, now, referrals_kept_days)
    for statement, kept in _PURGES:
        with database.writing() as transaction:
            rows = transaction.run(statement, before=milliseconds(now - kept))
            if rows:
                transaction.mark_freed()
            deleted += rows
    if deleted:
        database.forget_freed_bytes()
    return deleted
