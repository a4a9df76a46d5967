"""Effects of a turn, carried out in the turn's transaction.

A slice that knows another effect adds its handler to :data:`EFFECTS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.effects import Count, DeleteSent, EraseData, StopMessages
from webhook.clock import milliseconds
from webhook.database import Transaction, sql
from webhook.outbox import Outbound
from webhook.security import Vault

DELETABLE_FOR = timedelta(hours=48)
"""Telegram lets a bot delete its messages for this long."""
BESIDE = {"sms": "voice", "voice": "sms"}
"""The other door of the same telephone number."""
DELETED_AT_ONCE = 100
"""Most ids in one deleteMessages call."""


@dataclass
class Occasion:
    """Where an effect happens. Handlers may add ``before`` (sent before the replies) and ``after``.

    ``after`` is called when the transaction is committed; it must return at once and may be lost with the process.
    """

    transaction: Transaction
    vault: Vault
    conversation: str
    channel: str
    language: str
    sender: str
    now: datetime
    before: list[Outbound] = field(default_factory=list)
    after: list[Callable[[], None]] = field(default_factory=list)
    erased: bool = False


@dataclass(frozen=True)
class Carry:
    """An effect that carries itself out (what the desks beside the dialogue add to a turn)."""

    run: Callable[[Occasion], None]


def carried(run: Callable[[Occasion], None]) -> Any:
    """An effect of the desk's own for a turn, whose effects are typed for what a dialogue may ask for."""
    return Carry(run)


Handler = Callable[[Occasion, Any], None]

_STOP = sql(
    "INSERT INTO conversations (id, channel, language, secret, stopped, updated_ms)"
    " VALUES (:id, :channel, :language, :secret, 1, :now) ON CONFLICT (id) DO UPDATE SET stopped = 1"
)
_STOP_QUEUED = sql(
    "UPDATE outbox SET status = 'stopped', body = NULL WHERE lane = :id AND status = 'queued' AND unsolicited = 1"
)
_ERASE = tuple(
    sql(f"DELETE FROM {table} WHERE {column} = :id")  # noqa: S608 - names of ours
    for table, column in (
        ("conversations", "id"),
        ("inbox", "conversation_id"),
        ("outbox", "lane"),
        ("shown", "conversation_id"),
        ("pin_attempts", "conversation_id"),
    )
)
_SHOWN = sql("SELECT message FROM shown WHERE conversation_id = :id AND expires_ms > :now ORDER BY id")
_FORGET_SHOWN = sql("DELETE FROM shown WHERE conversation_id = :id")
_COUNT = sql(
    "INSERT INTO counts (day, what, detail, channel, language, n)"
    " VALUES (:day, :what, :detail, :channel, :language, 1)"
    " ON CONFLICT (day, what, detail, channel, language) DO UPDATE SET n = counts.n + 1"
)


def stop(occasion: Occasion, _effect: StopMessages) -> None:
    """Nothing unsolicited leaves until the next inbound message."""
    occasion.transaction.run(
        _STOP,
        id=occasion.conversation,
        channel=occasion.channel,
        language=occasion.language,
        secret=occasion.vault.lock({"sender": occasion.sender, "state": None}),
        now=milliseconds(occasion.now),
    )
    occasion.transaction.run(_STOP_QUEUED, id=occasion.conversation)


def erase(occasion: Occasion, _effect: EraseData) -> None:
    """Every row of the conversation goes, the address with it: by SMS and by voice, where a number has both."""
    erase_conversation(occasion.transaction, occasion.conversation)
    beside = BESIDE.get(occasion.channel)
    if beside:
        erase_conversation(occasion.transaction, occasion.vault.conversation_id(beside, occasion.sender))
    occasion.erased = True


def erase_conversation(transaction: Transaction, conversation: str) -> int:
    """Deletes all that is kept under a conversation id; returns the number of rows."""
    transaction.mark_freed()
    return sum(transaction.run(statement, id=conversation) for statement in _ERASE)


def delete_sent(occasion: Occasion, _effect: DeleteSent) -> None:
    """Our messages on the person's screen, as far back as the channel deletes."""
    if occasion.channel != "telegram":
        return
    rows = occasion.transaction.all(_SHOWN, id=occasion.conversation, now=milliseconds(occasion.now))
    ids = [int(shown) for (token,) in rows if (shown := occasion.vault.unlock(token)) is not None]
    for start in range(0, len(ids), DELETED_AT_ONCE):
        chosen = tuple(ids[start : start + DELETED_AT_ONCE])
        occasion.before.append(Outbound(occasion.sender, kind="delete", message_ids=chosen))
    occasion.transaction.run(_FORGET_SHOWN, id=occasion.conversation)


def count(occasion: Occasion, effect: Count) -> None:
    """One more of something."""
    add_count(
        occasion.transaction,
        effect.what,
        effect.detail,
        channel=occasion.channel,
        language=occasion.language,
        now=occasion.now,
    )


def add_count(transaction: Transaction, what: str, detail: str, *, channel: str, language: str, now: datetime) -> None:
    """Adds one to a cell of the statistics (per day, UTC)."""
    transaction.run(_COUNT, day=now.date().isoformat(), what=what, detail=detail, channel=channel, language=language)


def carry(occasion: Occasion, effect: Carry) -> None:
    """Whatever it does."""
    effect.run(occasion)


EFFECTS: dict[type, Handler] = {
    Carry: carry,
    StopMessages: stop,
    EraseData: erase,
    DeleteSent: delete_sent,
    Count: count,
}
"""What each effect does. EraseData is always carried out last."""

__all__ = ["EFFECTS", "Carry", "Occasion", "add_count", "erase_conversation"]
