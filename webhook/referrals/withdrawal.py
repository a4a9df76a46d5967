"""ERASE reaches referrals too: the record goes, and contacts who were alerted get the reference and one word."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from webhook.clock import utc_now
from webhook.database import Transaction
from webhook.referrals.ledger import Ledger
from webhook.referrals.voice_rows import forget
from webhook.referrals.wording import Wording
from webhook.security import Vault


def withdraw_person(
    transaction: Transaction, vault: Vault, conversation: str, content: Path, now: datetime | None = None
) -> int:
    """All referrals of a conversation; returns how many. What is queued leaves with the service's next sweep."""
    ledger = Ledger(transaction, vault, now or utc_now())
    forget(transaction, conversation)
    rows = ledger.of_person(conversation)
    wording = Wording(content) if rows else None
    for row in rows:
        assert wording is not None
        ledger.withdraw(row, wording.text("alert_withdrawn", "fr", "sms", reference=row.reference))
    return len(rows)
