"""The end of what the desk keeps: closed referrals after a time, messages that nobody came for."""

from __future__ import annotations

from datetime import datetime, timedelta

from webhook.clock import milliseconds
from webhook.database import Database, sql
from webhook.referrals.voice_rows import forget, forget_old

MESSAGES_KEPT = timedelta(days=14)
WITHDRAWN_KEPT = timedelta(days=30)
"""Reference and the word ``withdrawn``: as long as a contact may still ask about it."""
UNANSWERED_KEPT = timedelta(days=365)
"""Referrals that nobody ever closed."""

_OLD = sql(
    "SELECT id FROM referrals WHERE (state = 'closed' AND closed_ms < :closed) OR"
    " (state = 'withdrawn' AND closed_ms < :withdrawn) OR created_ms < :forgotten"
)
_DELETE = tuple(
    sql(f"DELETE FROM {table} WHERE {column} = :id")  # noqa: S608 - names of ours
    for table, column in (
        ("referral_messages", "referral_id"),
        ("referral_alerts", "referral_id"),
        ("referral_events", "referral_id"),
        ("referrals", "id"),
    )
)
ATTEMPTS_KEPT = timedelta(hours=2)
_ATTEMPTS = sql("DELETE FROM pin_attempts WHERE at_ms < :before")
_MESSAGES = sql("DELETE FROM referral_messages WHERE at_ms < :before")


def purge_referrals(database: Database, now: datetime, kept_days: int) -> int:
    """Deletes; returns the number of rows."""
    with database.writing() as transaction:
        deleted = transaction.run(_MESSAGES, before=milliseconds(now - MESSAGES_KEPT))
        deleted += transaction.run(_ATTEMPTS, before=milliseconds(now - ATTEMPTS_KEPT))
        deleted += forget_old(transaction, now)
        old = transaction.all(
            _OLD,
            closed=milliseconds(now - timedelta(days=kept_days)),
            withdrawn=milliseconds(now - WITHDRAWN_KEPT),
            forgotten=milliseconds(now - UNANSWERED_KEPT),
        )
        for (referral,) in old:
            deleted += forget(transaction, referral)
            deleted += sum(transaction.run(statement, id=referral) for statement in _DELETE)
        if deleted:
            transaction.mark_freed()
    if deleted:
        database.forget_freed_bytes()
    return deleted
