"""Rows of messages that callers leave: offered, counted, read, forgotten. No decisions (see voice_messages.py)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from webhook.clock import milliseconds
from webhook.database import Transaction, sql
from webhook.security import Vault

MAX_PER_REFERRAL = 5
"""More would be a way to fill the disk."""
KEPT = timedelta(days=14)
"""A message that its contact has not needed by then is deleted."""
UNHEARD_OF = timedelta(minutes=10)
"""When to look in the provider's list for a message whose end nobody reported."""
DELETED_FOR = timedelta(days=14)
"""How long deleting at the provider is tried."""

_OFFER = sql(
    "INSERT INTO voice_messages (id, referral_id, conversation_id, state, secret, opening, at_ms, next_ms)"
    " VALUES (:id, :referral, :conversation, 'offered', :secret, :opening, :now, :next)"
)
_OF_REFERRAL = sql(
    "SELECT id, audio, at_ms FROM voice_messages WHERE referral_id = :id AND state = 'stored' ORDER BY at_ms, id"
)
_IDS = sql("SELECT id FROM voice_messages WHERE referral_id = :id AND state = 'stored' ORDER BY at_ms, id")
_AUDIO = sql("SELECT audio FROM voice_messages WHERE id = :id AND state = 'stored'")
_REFERRAL = sql("SELECT referral_id FROM voice_messages WHERE id = :id")
_WAITS = sql("SELECT 1 FROM voice_messages WHERE referral_id = :id AND state = 'stored' LIMIT 1")
_COUNT = sql("SELECT COUNT(*) FROM voice_messages WHERE referral_id = :id")
_ERASE = (
    sql("DELETE FROM voice_messages WHERE (referral_id = :id OR conversation_id = :id) AND at_provider = 0"),
    sql("UPDATE voice_messages SET state = 'erased', audio = NULL, opening = NULL, referral_id = NULL,"
        " conversation_id = NULL WHERE referral_id = :id OR conversation_id = :id"),
)  # fmt: skip
_OLD = (
    sql("DELETE FROM voice_messages WHERE at_ms < :before AND at_provider = 0"),
    sql("UPDATE voice_messages SET state = 'erased', audio = NULL, opening = NULL, referral_id = NULL,"
        " conversation_id = NULL WHERE at_ms < :before AND state <> 'erased'"),
    sql("DELETE FROM voice_messages WHERE at_ms < :never"),
)  # fmt: skip


@dataclass(frozen=True)
class Left:
    """One message that can be heard."""

    id: str
    sound: bytes
    at_ms: int


def offer(
    transaction: Transaction,
    vault: Vault,
    message: str,
    *,
    call: str,
    person: dict[str, str],
    record: dict[str, Any],
    referral: str,
    now: datetime,
) -> None:
    """The tone is about to be heard. ``person`` and ``record`` open a referral when ``referral`` is empty."""
    secret, opening = {"call": call, "recording": ""}, {"person": person, "record": record}
    now_ms = milliseconds(now)
    transaction.run(
        _OFFER,
        id=message,
        referral=referral or None,
        conversation=person["conversation"],
        secret=vault.lock(secret),
        opening=vault.lock(opening),
        now=now_ms,
        next=now_ms + milliseconds_of(UNHEARD_OF),
    )


def new_message() -> str:
    """A random id."""
    return secrets.token_hex(16)


def left_for(transaction: Transaction, vault: Vault, referral: str) -> list[Left]:
    """A referral's messages, the oldest first."""
    rows = transaction.all(_OF_REFERRAL, id=referral)
    heard = ((str(i), vault.unlock_bytes(token), int(at)) for i, token, at in rows)
    return [Left(i, sound, at) for i, sound, at in heard if sound]


def ids_for(transaction: Transaction, referral: str) -> list[str]:
    """Their ids alone: nothing is decrypted while the database waits."""
    return [str(row[0]) for row in transaction.all(_IDS, id=referral)]


def sound_of(transaction: Transaction, vault: Vault, message: str) -> bytes | None:
    """One message."""
    row = transaction.one(_AUDIO, id=message)
    return vault.unlock_bytes(row[0]) if row else None


def referral_of(transaction: Transaction, message: str) -> str:
    """Id of the referral that a message belongs to, empty when there is none (any more)."""
    row = transaction.one(_REFERRAL, id=message)
    return str(row[0] or "") if row else ""


def waits(transaction: Transaction, referral: str) -> bool:
    """Whether there is a message to hear."""
    return transaction.one(_WAITS, id=referral) is not None


def full(transaction: Transaction, referral: str) -> bool:
    """Whether a referral has as many messages as it may."""
    row = transaction.one(_COUNT, id=referral)
    return bool(row and int(row[0]) >= MAX_PER_REFERRAL)


def forget(transaction: Transaction, owner: str) -> int:
    """Messages of a referral or a conversation go; what the provider still has is deleted there when it answers."""
    transaction.mark_freed()
    return sum(transaction.run(statement, id=owner) for statement in _ERASE)


def forget_old(transaction: Transaction, now: datetime) -> int:
    """Messages whose time is over."""
    before, never = milliseconds(now - KEPT), milliseconds(now - KEPT - DELETED_FOR)
    dropped = transaction.run(_OLD[0], before=before)
    return dropped + transaction.run(_OLD[1], before=before) + transaction.run(_OLD[2], never=never)


def milliseconds_of(time: timedelta) -> int:
    """Length in milliseconds."""
    return int(time.total_seconds() * 1000)
