"""A contact takes a case over: whose it is, who may, and that only one does."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from bot.referral.directory import Contact
from bot.referral.pins import pin_matches
from webhook.clock import milliseconds
from webhook.database import sql
from webhook.referrals.ledger import Ledger

Outcome = Literal["done", "already", "unknown", "wrong_pin", "closed", "not_yours"]
WRONG_PINS_AN_HOUR = 5
"""For one reference."""
ATTEMPTS_AN_HOUR = 10
"""That came to nothing, from one address: whoever goes through references stops here."""
_ATTEMPT = sql("INSERT INTO pin_attempts (conversation_id, at_ms) VALUES (:caller, :now)")
_ATTEMPTS = sql("SELECT COUNT(*) FROM pin_attempts WHERE conversation_id = :caller AND at_ms > :since")


def acknowledge(
    ledger: Ledger, contact: Contact, reference: str, pin: str | None, by: str, *, caller: str = ""
) -> tuple[Outcome, str]:
    """Tries, in the ledger's transaction; returns the outcome (content key ``ack_<outcome>``) and the referral's id.

    ``pin`` None: the way itself is proof (a registered Telegram chat, the command line). Doing it again is ``done``.
    ``caller`` is the conversation id that tries; with too many attempts behind it even the right PIN is wrong.
    """
    transaction = ledger.transaction
    since = milliseconds(ledger.now - timedelta(hours=1))
    tried = transaction.one(_ATTEMPTS, caller=caller, since=since) if caller and pin is not None else None
    if tried and int(tried[0]) >= ATTEMPTS_AN_HOUR:
        return "wrong_pin", ""
    outcome, referral = _acknowledge(ledger, contact, reference, pin, by)
    if caller and pin is not None and outcome in ("unknown", "not_yours", "wrong_pin"):
        transaction.run(_ATTEMPT, caller=caller, now=ledger.now_ms)
    return outcome, referral


def _acknowledge(ledger: Ledger, contact: Contact, reference: str, pin: str | None, by: str) -> tuple[Outcome, str]:
    row = ledger.by_reference(reference)
    if row is None:
        return "unknown", ""
    row = ledger.locked(row.id) or row
    if contact.id not in {alert.contact for alert in ledger.alerts(row.id)}:
        return "not_yours", row.id
    if pin is not None:
        since = milliseconds(ledger.now - timedelta(hours=1))
        tried = ledger.happened(row.id, "wrong PIN", since)
        if tried >= WRONG_PINS_AN_HOUR or not pin_matches(pin, contact.pin):
            ledger.event(row.id, contact.id, "wrong PIN", by)
            return "wrong_pin", row.id
    if row.state in ("closed", "withdrawn"):
        return "closed", row.id
    if row.state == "acknowledged":
        return ("done" if row.holder == contact.id else "already"), row.id
    return ("done" if ledger.acknowledge(row, contact.id, by) else "already"), row.id
