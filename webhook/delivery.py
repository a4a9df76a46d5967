"""Getting messages out: attempts in order, what an error means, when to try again, when to stop trying."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from webhook.carrying_out import DELETABLE_FOR
from webhook.clock import Clock, milliseconds, utc_now
from webhook.database import Database, Session, sql
from webhook.locks import NamedLocks
from webhook.outbox import Outbound, from_body, queue
from webhook.security import Vault

BACK_OFF_S = (2, 5, 10, 20, 30, 60)
"""Waits between attempts; the last one repeats."""
ANSWER_LIVES_S = 60 * 60
"""An answer that comes later than this would surprise whoever holds the phone by then."""
UNSOLICITED_LIVES_S = 24 * 60 * 60
REST_AFTER_TROUBLE_S = 10.0
"""How long messages go back to their clocks instead of waiting for a provider that just failed."""
SHORTEST_WAIT_S = 0.05
FAR_AHEAD_MS = 2**62
AT_ONCE = 8

log = logging.getLogger(__name__)


class Trouble(StrEnum):
    """Why a message did not leave."""

    UNREACHABLE = "unreachable"
    """Refused, reset, 5xx: nothing was accepted."""
    UNCERTAIN = "uncertain"
    """No or half an answer: the provider may have accepted it."""
    RATE = "rate"
    """Too many at once: the provider says when to come back."""
    STOPPED = "stopped"
    """The person blocked us at the provider (Twilio 21610, Telegram 403)."""
    REFUSED = "refused"
    """The provider will never take this message."""


class NotSentError(Exception):
    """One failed attempt. ``detail`` is a provider's code, never a word or an address."""

    def __init__(self, trouble: Trouble, detail: str = "", retry_after_s: float = 0.0) -> None:
        super().__init__(f"{trouble}:{detail}")
        self.trouble = trouble
        self.detail = detail
        self.retry_after_s = retry_after_s


class Sender(Protocol):
    """A provider's API."""

    def send(self, outbox_id: str, message: Outbound) -> str:
        """Sends; returns the provider's id of the message. Raises NotSentError."""
        ...

    def find(self, message: Outbound, since_ms: int, known: Callable[[str], bool]) -> str | None:
        """The provider's id of a message that may have been accepted before, when the provider keeps a list.

        ``known`` says whether an id belongs to another message of ours. Raises NotSentError when the list is out of
        reach.
        """
        ...


@dataclass(frozen=True)
class Waiting:
    """One queued row."""

    seq: int
    id: str
    lane: str
    channel: str
    message: Outbound | None
    unsolicited: bool
    forget: bool
    attempts: int
    trouble: str
    created_ms: int
    next_ms: int


_QUEUED = sql(
    "SELECT seq, id, lane, channel, kind, body, unsolicited, forget, attempts, trouble, created_ms, next_ms"
    " FROM outbox WHERE lane = :lane AND status = 'queued' AND seq <= :seq ORDER BY seq"
)
_FIND = sql("SELECT lane, seq, status FROM outbox WHERE id = :id")
_ATTEMPTING = sql(
    "UPDATE outbox SET attempts = attempts + 1, attempted_ms = :now, trouble = 'uncertain'"
    " WHERE id = :id AND status = 'queued'"
)
_SENT = sql(
    "UPDATE outbox SET status = CASE WHEN status = 'queued' THEN 'sent' ELSE status END, provider_id = :provider_id,"
    " attempted_ms = :now, attempts = attempts + :more, trouble = '', body = NULL WHERE id = :id"
)
_AGAIN = sql(
    "UPDATE outbox SET attempts = attempts + :more, attempted_ms = :now, trouble = :trouble, next_ms = :next"
    " WHERE id = :id AND status = 'queued'"
)
_ENDED = sql(
    "UPDATE outbox SET status = :status, attempts = attempts + :more, attempted_ms = :now, trouble = :trouble,"
    " body = NULL WHERE id = :id AND status NOT IN ('delivered', 'failed', 'stopped')"
)
_FORGET = sql("DELETE FROM outbox WHERE id = :id")
_SHOWN = sql("INSERT INTO shown (conversation_id, message, expires_ms) VALUES (:lane, :message, :expires)")
_STOPPED = sql("SELECT stopped FROM conversations WHERE id = :lane")
_STOP = sql("UPDATE conversations SET stopped = 1 WHERE id = :lane")
_SID_KNOWN = sql("SELECT 1 FROM outbox WHERE provider_id = :provider_id AND id <> :id")
_DUE = sql("SELECT id FROM outbox WHERE status = 'queued' AND next_ms <= :before ORDER BY seq LIMIT 10000")
_DELIVERED = sql(
    "UPDATE outbox SET status = :status, trouble = :trouble WHERE id = :id AND status IN ('queued', 'sent')"
)


class Delivery:
    """Sends what stands in the outbox. Thread-safe; make it after a fork.

    ``retry`` starts the clock of one row (webhook.retries); without it (command line, tests) rows stay queued.
    """

    def __init__(self, database: Database, vault: Vault, senders: Mapping[str, Sender], clock: Clock = utc_now) -> None:
        self._database = database
        self._vault = vault
        self._senders = senders
        self._clock = clock
        self._lanes = NamedLocks("lane", across_processes=not database.sqlite)
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._resting_until: dict[str, int] = {}
        self.retry: Callable[[str], None] = lambda outbox_id: None

    def push(self, lane: str, seq: int, urgent: bool = False) -> None:
        """The first attempt, right after the commit; whatever remains is handed to the retry.

        ``urgent``: also at a provider that just failed (others rest a little and let it be).
        """
        try:
            remaining = self._drain(lane, seq, first=True, urgent=urgent)
        except Exception as error:
            log.error("an attempt failed: %s", type(error).__name__)
            with self._database.reading() as transaction:
                remaining = [self._waiting(row) for row in transaction.all(_QUEUED, lane=lane, seq=seq)]
        for waiting in remaining:
            self.retry(waiting.id)

    def send(self, channel: str, lane: str, messages: Sequence[Outbound], unsolicited: bool = False) -> None:
        """Queues messages outside a turn, and makes the first attempt."""
        now_ms = milliseconds(self._clock())
        with self._database.writing() as transaction:
            seq = queue(
                transaction,
                self._vault,
                channel=channel,
                lane=lane,
                messages=messages,
                now_ms=now_ms,
                unsolicited=unsolicited,
            )
        self.push(lane, seq)

    def attempt(self, outbox_id: str) -> float | None:
        """One more attempt. Returns the seconds until the next one is due, or None when the row needs none."""
        with self._database.reading() as transaction:
            row = transaction.one(_FIND, id=outbox_id)
        if row is None or row[2] != "queued":
            return None
        with self._slots:
            remaining = self._drain(str(row[0]), int(row[1]), first=False)
        if not remaining:
            return None
        head = remaining[0]
        wait_ms = max(head.next_ms - milliseconds(self._clock()), self._rests_ms(head))
        return max(wait_ms / 1000, SHORTEST_WAIT_S)

    def settled(self) -> None:
        """Waits until no attempt is under way (new ones may follow)."""
        for _ in range(AT_ONCE):
            self._slots.acquire()
        self._slots.release(AT_ONCE)

    def due(self, overdue_s: float | None = None) -> list[str]:
        """Rows that have yet to leave: all, or those whose moment was so long ago."""
        before = FAR_AHEAD_MS if overdue_s is None else milliseconds(self._clock()) - int(1000 * overdue_s)
        with self._database.reading() as transaction:
            return [str(row) for (row,) in transaction.all(_DUE, before=before)]

    def reported(self, outbox_id: str, status: str, trouble: str = "") -> None:
        """What the provider says became of a message (a status callback, maybe before our own record of it)."""
        with self._database.writing() as transaction:
            if transaction.run(_DELIVERED, id=outbox_id, status=status, trouble=trouble) and status == "stopped":
                row = transaction.one(_FIND, id=outbox_id)
                if row:
                    transaction.run(_STOP, lane=row[0])

    # ---- one lane

    def _drain(self, lane: str, seq: int, first: bool, urgent: bool = False) -> list[Waiting]:
        """Sends the lane's rows in order, up to ``seq``. Stops at a row that must wait; returns what is left."""
        with self._database.session() as session, self._lanes.held(lane, session):
            with session.reading() as transaction:
                rows = [self._waiting(row) for row in transaction.all(_QUEUED, lane=lane, seq=seq)]
            for index, row in enumerate(rows):
                # A provider that just failed is spared by answers (nobody's request waits for it) and by second tries.
                if not urgent and (first or row.attempts) and self._rests_ms(row):
                    return rows[index:]
                must_wait = row.next_ms > milliseconds(self._clock())
                if must_wait and (not first or row.trouble.startswith(Trouble.RATE)):
                    return rows[index:]
                later = self._attempt_one(session, row)
                if later is not None:
                    return [later, *rows[index + 1 :]]
        return []

    def _attempt_one(self, session: Session, row: Waiting) -> Waiting | None:
        """None when the row's fate is known; otherwise the row with the moment of its next attempt."""
        sender = self._senders.get(row.channel)
        if row.message is None or sender is None:
            self._end(session, row, "failed", "unreadable" if sender else "no provider", more=0)
            return None
        if row.unsolicited and self._is_stopped(session, row):
            self._end(session, row, "stopped", "", more=0)
            return None
        listed = row.channel != "telegram"
        try:
            provider_id = self._already_sent(session, row, sender) if listed else None
            if provider_id is None:
                if listed:
                    # Should we die during the call, the next attempt knows to look in the provider's list first.
                    with session.writing() as transaction:
                        if not transaction.run(_ATTEMPTING, id=row.id, now=milliseconds(self._clock())):
                            # Withdrawn, erased or stopped since it was read: it need not leave any more.
                            return None
                provider_id = sender.send(row.id, row.message)
        except NotSentError as failure:
            return self._failed(session, row, failure, more=0 if listed else 1)
        self._resting_until.pop(row.channel, None)
        self._sent(session, row, provider_id, more=0 if listed else 1)
        return None

    def _already_sent(self, session: Session, row: Waiting, sender: Sender) -> str | None:
        if not row.attempts or not row.trouble.startswith(Trouble.UNCERTAIN) or row.message is None:
            return None

        def known(provider_id: str) -> bool:
            with session.reading() as transaction:
                return transaction.one(_SID_KNOWN, provider_id=provider_id, id=row.id) is not None

        return sender.find(row.message, row.created_ms, known)

    def _sent(self, session: Session, row: Waiting, provider_id: str, more: int) -> None:
        now = self._clock()
        with session.writing() as transaction:
            if row.forget:
                transaction.run(_FORGET, id=row.id)
                return
            transaction.run(_SENT, id=row.id, provider_id=provider_id, now=milliseconds(now), more=more)
            if row.channel == "telegram" and row.message is not None and row.message.kind == "message":
                transaction.run(
                    _SHOWN,
                    lane=row.lane,
                    message=self._vault.lock(int(provider_id)),
                    expires=milliseconds(now + DELETABLE_FOR),
                )

    def _failed(self, session: Session, row: Waiting, failure: NotSentError, more: int) -> Waiting | None:
        now_ms = milliseconds(self._clock())
        code = f"{failure.trouble}:{failure.detail}" if failure.detail else str(failure.trouble)
        if failure.trouble in (Trouble.STOPPED, Trouble.REFUSED):
            self._end(session, row, "stopped" if failure.trouble is Trouble.STOPPED else "failed", code, more)
            return None
        lives_s = UNSOLICITED_LIVES_S if row.unsolicited else ANSWER_LIVES_S
        if now_ms - row.created_ms > lives_s * 1000:
            self._end(session, row, "failed", code, more)
            return None
        if failure.trouble is not Trouble.RATE:
            self._resting_until[row.channel] = now_ms + int(1000 * REST_AFTER_TROUBLE_S)
        wait_s = BACK_OFF_S[min(row.attempts, len(BACK_OFF_S) - 1)]
        next_ms = now_ms + int(1000 * max(wait_s, failure.retry_after_s))
        with session.writing() as transaction:
            transaction.run(_AGAIN, id=row.id, now=now_ms, trouble=code, next=next_ms, more=more)
        return Waiting(**{**vars(row), "next_ms": next_ms, "trouble": code, "attempts": row.attempts + 1})

    def _rests_ms(self, row: Waiting) -> int:
        """How much longer the row's provider is spared (a clock that was set back does not prolong it)."""
        left = self._resting_until.get(row.channel, 0) - milliseconds(self._clock())
        return left if 0 < left <= 1000 * REST_AFTER_TROUBLE_S else 0

    def _end(self, session: Session, row: Waiting, status: str, trouble: str, more: int) -> None:
        with session.writing() as transaction:
            if row.forget:
                transaction.run(_FORGET, id=row.id)
                return
            now_ms = milliseconds(self._clock())
            transaction.run(_ENDED, id=row.id, status=status, trouble=trouble, now=now_ms, more=more)
            if status == "stopped":
                transaction.run(_STOP, lane=row.lane)

    def _is_stopped(self, session: Session, row: Waiting) -> bool:
        with session.reading() as transaction:
            found = transaction.one(_STOPPED, lane=row.lane)
        return bool(found and found[0])

    def _waiting(self, row: tuple[Any, ...]) -> Waiting:
        seq, row_id, lane, channel, kind, body, unsolicited, forget, attempts, trouble, created, following = row
        stored = self._vault.unlock(body)
        return Waiting(
            seq=int(seq),
            id=str(row_id),
            lane=str(lane),
            channel=str(channel),
            message=from_body(str(kind), stored) if stored else None,
            unsolicited=bool(unsolicited),
            forget=bool(forget),
            attempts=int(attempts),
            trouble=str(trouble),
            created_ms=int(created),
            next_ms=int(following),
        )
