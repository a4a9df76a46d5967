"""Messages that callers leave for a contact: fetched from the provider, kept encrypted, deleted there, expired here.

Rows are the truth, DBOS is the alarm clock, as in :mod:`webhook.referrals.escalation`. States: ``offered`` (the tone
was heard), ``taken`` (the provider has it), ``stored`` (we have it), ``erased`` (it only has to go at the provider).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.referral.record import Record, new_reference
from webhook.clock import Clock, milliseconds
from webhook.database import Database, Sql, Transaction, sql
from webhook.delivery import BACK_OFF_S, NotSentError, Trouble
from webhook.referrals.ledger import Ledger, Referral
from webhook.referrals.voice_rows import UNHEARD_OF
from webhook.security import Vault

FETCHED_FOR = timedelta(hours=24)
"""How long fetching is tried before the message counts as lost."""
log = logging.getLogger(__name__)
Queued = tuple[str, int]

_ROW = "SELECT id, referral_id, state, secret, opening, attempts, at_ms, next_ms FROM voice_messages"
_FIND = sql(f"{_ROW} WHERE id = :id")
_LOCKED = Sql(_FIND.sqlite, _FIND.postgres + " FOR UPDATE")
_TAKE = sql(
    "UPDATE voice_messages SET state = :state, referral_id = :referral, conversation_id = NULL, secret = :secret,"
    " opening = NULL, next_ms = :now WHERE id = :id AND state = :before"
)
_STORE = sql(
    "UPDATE voice_messages SET state = 'stored', audio = :audio, attempts = 0, next_ms = :now"
    " WHERE id = :id AND state = 'taken'"
)
_AGAIN = sql("UPDATE voice_messages SET attempts = attempts + 1, next_ms = :next WHERE id = :id")
_GONE_THERE = sql("UPDATE voice_messages SET at_provider = 0 WHERE id = :id")
_LOST = sql("UPDATE voice_messages SET state = 'erased', referral_id = NULL, attempts = 0 WHERE id = :id")
_DROP = sql("DELETE FROM voice_messages WHERE id = :id")
_DUE = sql("SELECT id FROM voice_messages WHERE at_provider = 1 ORDER BY at_ms LIMIT 1000")


class Recordings(Protocol):
    """What the provider is asked for. All raise NotSentError."""

    def fetch(self, recording: str) -> bytes: ...
    def delete(self, recording: str) -> None: ...
    def of_call(self, call: str) -> list[str]: ...


@dataclass(frozen=True)
class _Message:
    id: str
    referral: str
    state: str
    secret: dict[str, Any]
    """``call`` and ``recording``: the provider's ids."""
    opening: dict[str, Any]
    """``person`` and ``record`` of the referral that the message may open."""
    attempts: int
    at_ms: int
    next_ms: int


class VoiceMessages:
    """Moves messages on. ``alarm(message, workflow)`` starts the durable clock (webhook.referrals.durable)."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        provider: Recordings,
        clock: Clock,
        *,
        waits: Callable[[Ledger, Referral], list[Queued]],
        push: Callable[[list[Queued]], None],
        opened: Callable[[str], None],
    ) -> None:
        """``waits`` tells the referral's contact, in the ledger's transaction; ``opened`` begins a new referral."""
        self._database = database
        self._vault = vault
        self._provider = provider
        self._clock = clock
        self._waits = waits
        self._push = push
        self._opened = opened
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="messages")
        self._working: set[Future[None]] = set()
        self.alarm: Callable[[str, str], None] = lambda message, workflow: None

    # ---- what the door reports

    def arrived(self, message: str, recording: str) -> bool:
        """The provider has the message (its two reports say the same). False: no such message, or it was erased.

        A caller without a referral gets one now: there is something for a contact to hear.
        """
        now = self._clock()
        with self._database.writing() as transaction:
            row = self._row(transaction, message, _LOCKED)
            if row is None:
                return False
            ours = row.state != "erased"
            if row.secret.get("recording"):
                # The other report came first, and began what there is to do.
                return ours
            self._take(transaction, row, recording, now)
            row = self._row(transaction, message)
        if row is not None and row.referral and ours:
            self._opened(row.referral)
        self.begin(message)
        return ours

    def _take(self, transaction: Transaction, row: _Message, recording: str, now: datetime) -> None:
        secret = {"call": row.secret.get("call", ""), "recording": recording}
        referral = row.referral
        if row.state == "offered" and not referral:
            referral = self._open(Ledger(transaction, self._vault, now), row)
        transaction.mark_freed()
        state = "taken" if row.state == "offered" else "erased"
        transaction.run(
            _TAKE,
            id=row.id,
            state=state,
            referral=referral or None,
            secret=self._vault.lock(secret),
            now=milliseconds(now),
            before=row.state,
        )
        if state == "taken":
            Ledger(transaction, self._vault, now).event(referral, "person", "left a message")

    def _open(self, ledger: Ledger, row: _Message) -> str:
        record = Record.from_dict(row.opening["record"])
        known = ledger.by_reference(record.reference)
        while known is not None:
            record = Record.from_dict({**record.to_dict(), "reference": new_reference()})
            known = ledger.by_reference(record.reference)
        return ledger.open(record, row.opening["person"])

    # ---- the durable part

    def begin(self, message: str) -> None:
        """There is something to do about a message. Returns at once."""
        future = self._pool.submit(self._begin, message)
        self._working.add(future)
        future.add_done_callback(self._working.discard)

    def settle(self) -> None:
        """Waits until what was begun so far is done."""
        while self._working:
            wait(self._working)

    def close(self) -> None:
        """Finishes what is being fetched."""
        self._pool.shutdown(wait=True)

    def sweep(self) -> None:
        """Starts the clock of every message that is not done with (a process died before it could)."""
        for message in self.due():
            self.alarm(message, f"message:{message}")

    def due(self) -> list[str]:
        """Ids of messages that the provider still has, or may have."""
        with self._database.reading() as transaction:
            return [str(row) for (row,) in transaction.all(_DUE)]

    def advance(self, message: str) -> float | None:
        """Does what is due; returns the seconds until the next look, None when there is nothing left to do."""
        now = self._clock()
        with self._database.reading() as transaction:
            row = self._row(transaction, message)
        if row is None:
            return None
        if row.next_ms > milliseconds(now):
            return max(1.0, (row.next_ms - milliseconds(now)) / 1000)
        try:
            return self._do(row, now)
        except NotSentError as failure:
            return self._failed(row, failure, now)

    def _begin(self, message: str) -> None:
        try:
            wait_s = self.advance(message)
        except Exception as error:
            log.error("a message could not be fetched: %s", type(error).__name__)
            wait_s = 1.0
        if wait_s is not None:
            self.alarm(message, f"message:{message}")

    def _do(self, row: _Message, now: datetime) -> float | None:
        recording = str(row.secret.get("recording") or "")
        if not recording:
            # The end of the call was never reported to us: hung up while we were down.
            found = self._provider.of_call(str(row.secret["call"])) if row.secret.get("call") else []
            if found:
                self.arrived(row.id, found[0])
                return 1.0
            self._run(_DROP, row.id)
            return None
        if row.state == "taken":
            self._store(row, self._provider.fetch(recording), now)
        self._provider.delete(recording)
        with self._database.writing() as transaction:
            current = self._row(transaction, row.id, _LOCKED)
            transaction.run(_DROP if current is None or current.state == "erased" else _GONE_THERE, id=row.id)
        return None

    def _store(self, row: _Message, sound: bytes, now: datetime) -> None:
        queued: list[Queued] = []
        audio = self._vault.lock_bytes(sound)
        with self._database.writing() as transaction:
            stored = transaction.run(_STORE, id=row.id, audio=audio, now=milliseconds(now))
            ledger = Ledger(transaction, self._vault, now)
            referral = ledger.by_id(row.referral)
            if stored and referral is not None:
                queued = self._waits(ledger, referral)
        self._push(queued)

    def _failed(self, row: _Message, failure: NotSentError, now: datetime) -> float | None:
        now_ms = milliseconds(now)
        age = timedelta(milliseconds=now_ms - row.at_ms)
        wait_s = max(BACK_OFF_S[min(row.attempts, len(BACK_OFF_S) - 1)], failure.retry_after_s)
        # Directly after a call the provider may not have the sound ready; too much of it will never be less.
        hopeless = failure.trouble is Trouble.REFUSED and (age > UNHEARD_OF or failure.detail == "too large")
        with self._database.writing() as transaction:
            transaction.run(_AGAIN, id=row.id, next=now_ms + int(1000 * wait_s))
            current = self._row(transaction, row.id)
            if current is not None and current.state == "taken" and (hopeless or age > FETCHED_FOR):
                Ledger(transaction, self._vault, now).event(row.referral, "service", "message lost", failure.detail)
                transaction.run(_LOST, id=row.id)
        return wait_s

    # ---- small things

    def _run(self, statement: Any, message: str) -> None:
        with self._database.writing() as transaction:
            transaction.mark_freed()
            transaction.run(statement, id=message)

    def _row(self, transaction: Transaction, message: str, how: Sql = _FIND) -> _Message | None:
        row = transaction.one(how, id=message)
        if row is None:
            return None
        identifier, referral, state, secret, opening, attempts, at, following = row
        stored = self._vault.unlock(secret)
        return _Message(
            id=str(identifier),
            referral=str(referral or ""),
            state=str(state),
            secret=stored if isinstance(stored, dict) else {},
            opening=self._vault.unlock(opening) or {},
            attempts=int(attempts),
            at_ms=int(at),
            next_ms=int(following),
        )
