"""The unit of work: *accept* stores a message, *finish* stores everything that its answer changes.

Under the conversation's lock the oldest unanswered row goes first: that is both the order and the recovery.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, Protocol

from bot.effects import Count, EraseData, Turn
from bot.messages import Incoming, Reply
from webhook.carrying_out import EFFECTS, Occasion
from webhook.clock import Clock, milliseconds, utc_now
from webhook.database import Database, Session, sql
from webhook.delivery import Delivery
from webhook.locks import NamedLocks
from webhook.outbox import Outbound, nameless_lane, queue
from webhook.presence import Presence
from webhook.security import Vault

READY_WITHIN_S = 10.0
"""A provider waits 15 s for an answer in the same response."""
TRIES = 2
"""A failed answer is made once more at once, in the same time: a new referral's number may have been taken."""
HOPELESS_AFTER = 3
"""A message whose answer failed this often in one process is answered with the words of an error."""
ERASED_ANSWERS_KEPT = 256
LATE_AFTER_MS = 15 * 60_000
"""A message that waited longer is answered for other eyes: by now somebody else may hold the phone."""

log = logging.getLogger(__name__)


class Answering(Protocol):
    """What the inbox needs of :class:`bot.dialogue.Dialogue`."""

    def answer(self, state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> Turn: ...
    def error_turn(self, state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> Turn: ...
    def say(self, key: str, language: str | None, channel: str, **values: Any) -> Reply: ...
    def on_help_path(self, state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> bool: ...
    def asks_for_help(self, text: str) -> bool: ...


@dataclass(frozen=True)
class Arrival:
    """A verified message at a door. ``repeat_key`` is the same when the provider asks again.

    ``facts`` are what the door needs for its answer (the step of a call), JSON-able.
    """

    sender: str
    repeat_key: str
    incoming: Incoming
    facts: Mapping[str, Any] = field(default_factory=dict)


class Door(Protocol):
    """How a channel answers."""

    @property
    def answers(self) -> Literal["inline", "inline_or_api", "api"]:
        """Where answers travel: in the response; there, or by API when that was missed; by API only."""
        ...

    def inline(self, turn: Turn, arrival: Arrival) -> str:
        """The body of the response to the provider's request; empty when answers never travel there."""
        ...

    def outbound(self, turn: Turn, arrival: Arrival) -> Sequence[Outbound]:
        """The same answer as messages for the provider's API."""
        ...


@dataclass(frozen=True)
class Received:
    """What became of an arrival: the answer in the response, or None when it is not ready (or leaves by API)."""

    answer: str | None


_ACCEPT = sql(
    "INSERT INTO inbox (channel, repeat_key, conversation_id, worker, payload, missed, accepted_ms)"
    " VALUES (:channel, :repeat_key, :conversation, :worker, :payload, 0, :now)"
    " ON CONFLICT (channel, repeat_key) DO NOTHING RETURNING id"
)
_KNOWN = sql("SELECT id, answered_ms, answer FROM inbox WHERE channel = :channel AND repeat_key = :repeat_key")
_OLDEST = sql(
    "SELECT id, payload, accepted_ms FROM inbox WHERE conversation_id = :conversation AND answered_ms IS NULL"
    " ORDER BY id LIMIT 1"
)
_STATE = sql("SELECT secret, language FROM conversations WHERE id = :conversation")
_CLAIM = sql(
    "UPDATE inbox SET answered_ms = :now, answer = :answer, payload = NULL WHERE id = :id AND answered_ms IS NULL"
    " RETURNING missed, worker"
)
_NO_ANSWER = sql("UPDATE inbox SET answer = NULL WHERE id = :id")
_MISSED = sql("UPDATE inbox SET missed = 1 WHERE id = :id AND answered_ms IS NULL")
_ANSWER = sql("SELECT answered_ms, answer FROM inbox WHERE id = :id")
_KEEP = sql(
    "INSERT INTO conversations (id, channel, language, secret, stopped, updated_ms)"
    " VALUES (:id, :channel, :language, :secret, 0, :now) ON CONFLICT (id) DO UPDATE SET"
    " language = excluded.language, secret = excluded.secret, stopped = 0, updated_ms = excluded.updated_ms"
)
_DROP = sql("DELETE FROM conversations WHERE id = :id")
_ABANDONED = sql(
    "SELECT id, conversation_id, worker, missed FROM inbox WHERE answered_ms IS NULL ORDER BY id LIMIT 1000"
)


class Inbox:
    """Accepts messages and answers each exactly once. Thread-safe; make it after a fork."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        *,
        dialogue: Answering,
        doors: Mapping[str, Door],
        delivery: Delivery,
        presence: Presence,
        threads: int = 16,
        clock: Clock = utc_now,
        ready_within_s: float = READY_WITHIN_S,
    ) -> None:
        self._database = database
        self._vault = vault
        self._dialogue = dialogue
        self._doors = doors
        self._delivery = delivery
        self._presence = presence
        self._clock = clock
        self._ready_within_s = ready_within_s
        self._locks = NamedLocks("turn", across_processes=not database.sqlite)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="turn")
        self._fresh: dict[int, Arrival] = {}
        self._working: set[int] = set()
        self._failures: dict[int, int] = {}
        self._erased: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._erased_guard = threading.Lock()

    def known(self, channel: str, repeat_key: str) -> bool:
        """Whether this message was accepted before."""
        with self._database.reading() as transaction:
            return transaction.one(_KNOWN, channel=channel, repeat_key=repeat_key) is not None

    def kept(self, conversation: str) -> tuple[str, dict[str, Any] | None]:
        """The conversation's language (empty when there is none yet) and its state."""
        with self._database.reading() as transaction:
            row = transaction.one(_STATE, conversation=conversation)
        secret = self._vault.unlock(row[0]) if row else None
        return str(row[1]) if row else "", secret.get("state") if isinstance(secret, dict) else None

    def receive(self, arrival: Arrival) -> Received:
        """Stores the message, then answers it; a repeat gets the first answer (and waits while it is made).

        Raises only when the message could not be stored: the provider should then ask again.
        """
        known = self._accept(arrival)
        if isinstance(known, Received):
            return known
        until = time.monotonic() + self._ready_within_s
        for _ in range(TRIES):
            future: Future[str | None] = self._submit(arrival.incoming.conversation, known)
            try:
                return Received(future.result(until - time.monotonic()))
            except FutureTimeout:
                break
            except Exception as error:
                # Nothing of it was kept, and the row is stored: recover() comes back to it. The type is enough; the
                # message may hold words.
                log.error("an answer failed: %s", type(error).__name__)
        return Received(self._give_up(known))

    def recover(self) -> int:
        """Answers, through the providers' APIs, rows that a dead process or a failure left; returns how many."""
        with self._database.reading() as transaction:
            rows = [
                (int(row), conversation)
                for row, conversation, worker, missed in transaction.all(_ABANDONED)
                if int(row) not in self._working and (missed or not self._presence.lives(int(worker), transaction))
            ]
        for row, conversation in rows:
            try:
                self._submit(conversation, row).result()
            except Exception as error:
                log.error("an answer failed: %s", type(error).__name__)
        return len(rows)

    def close(self) -> None:
        """Finishes what is being answered."""
        self._pool.shutdown(wait=True)

    # ---- accept

    def _accept(self, arrival: Arrival) -> int | Received:
        channel, key = arrival.incoming.channel, arrival.repeat_key
        payload = self._vault.lock(
            {
                "sender": arrival.sender,
                "key": key,
                "incoming": vars(arrival.incoming),
                "facts": dict(arrival.facts),
            }
        )
        with self._erased_guard:
            erased = self._erased.get((channel, key))
        if erased is not None:
            return Received(erased)
        with self._database.writing() as transaction:
            row = transaction.one(
                _ACCEPT,
                channel=channel,
                repeat_key=key,
                conversation=arrival.incoming.conversation,
                worker=self._presence.worker,
                payload=payload,
                now=milliseconds(self._clock()),
            )
            if row is not None:
                self._fresh[int(row[0])] = arrival
                return int(row[0])
            known = transaction.one(_KNOWN, channel=channel, repeat_key=key)
        assert known is not None
        if known[1] is not None:
            return Received(self._vault.unlock(known[2]))
        return int(known[0])

    def _give_up(self, row: int) -> str | None:
        """The response cannot wait any longer: the answer will leave by API, unless it was finished this moment."""
        with self._database.writing() as transaction:
            if transaction.run(_MISSED, id=row):
                return None
            found = transaction.one(_ANSWER, id=row)
        return self._vault.unlock(found[1]) if found else None

    # ---- finish

    def _submit(self, conversation: str, row: int) -> Future[str | None]:
        self._working.add(row)
        return self._pool.submit(self._work, conversation, row)

    def _work(self, conversation: str, row: int) -> str | None:
        """Answers what is unanswered in the conversation, up to and with ``row``; returns its answer."""
        leaving: list[tuple[str, int]] = []
        try:
            with self._database.session() as session, self._locks.held(conversation, session):
                answer = self._answer_up_to(session, conversation, row, leaving)
        finally:
            self._fresh.pop(row, None)
            self._working.discard(row)
            # Also when a later message failed: what was answered before it is committed and leaves now.
            for lane, seq in leaving:
                self._delivery.push(lane, seq)
        return answer

    def _answer_up_to(
        self, session: Session, conversation: str, row: int, leaving: list[tuple[str, int]]
    ) -> str | None:
        while True:
            with session.reading() as transaction:
                oldest = transaction.one(_OLDEST, conversation=conversation)
                if oldest is None or int(oldest[0]) > row:
                    found = transaction.one(_ANSWER, id=row)
                    return self._vault.unlock(found[1]) if found and found[1] is not None else None
                kept = transaction.one(_STATE, conversation=conversation)
            number, payload = int(oldest[0]), oldest[1]
            arrival = self._fresh.pop(number, None) or self._arrival(payload)
            if arrival is None:
                # No key of ours reads it: nobody can be answered, and it must not hold up the next message.
                with session.writing() as transaction:
                    transaction.one(_CLAIM, id=number, now=milliseconds(self._clock()), answer=None)
                continue
            if milliseconds(self._clock()) - int(oldest[2]) > LATE_AFTER_MS:
                arrival = replace(arrival, incoming=replace(arrival.incoming, late=True))
            try:
                answered, answer = self._answer_one(session, number, arrival, kept=kept, leaving=leaving)
            except Exception:
                self._failures[number] = self._failures.get(number, 0) + 1
                raise
            self._failures.pop(number, None)
            if answered and number == row:
                return answer

    def _answer_one(
        self,
        session: Session,
        number: int,
        arrival: Arrival,
        *,
        kept: tuple[Any, ...] | None,
        leaving: list[tuple[str, int]],
    ) -> tuple[bool, str | None]:
        """One message: the dialogue's turn, then *finish*."""
        now = self._clock()
        now_ms = milliseconds(now)
        channel = arrival.incoming.channel
        door = self._doors[channel]
        conversation = arrival.incoming.conversation
        secret = self._vault.unlock(kept[0]) if kept else None
        state = secret.get("state") if isinstance(secret, dict) else None
        # What fails every time must not hold up the next message, which may be a call for help.
        hopeless = self._failures.get(number, 0) >= HOPELESS_AFTER
        turn = (self._error_turn if hopeless else self._turn)(state, arrival.incoming, now)
        language = turn.replies[-1].language if turn.replies else str(kept[1]) if kept else ""
        answer = door.inline(turn, arrival)
        token = self._vault.lock(answer)
        outbound = door.outbound(turn, arrival) if door.answers != "inline" else ()
        with session.writing() as transaction:
            claimed = transaction.one(_CLAIM, id=number, now=now_ms, answer=token)
            if claimed is None:
                return False, None
            by_api = door.answers == "api" or (
                door.answers == "inline_or_api"
                and (bool(claimed[0]) or not self._presence.lives(int(claimed[1]), transaction))
            )
            if turn.state is None:
                transaction.run(_DROP, id=conversation)
            else:
                secret = self._vault.lock({"sender": arrival.sender, "state": turn.state})
                transaction.run(_KEEP, id=conversation, channel=channel, language=language, secret=secret, now=now_ms)
            occasion = Occasion(transaction, self._vault, conversation, channel, language, arrival.sender, now)
            for effect in sorted(turn.effects, key=lambda effect: isinstance(effect, EraseData)):
                handler = EFFECTS.get(type(effect))
                if handler is None:
                    log.error("no handler for the effect %s", type(effect).__name__)
                elif not (isinstance(effect, Count) and any(isinstance(e, EraseData) for e in turn.effects)):
                    handler(occasion, effect)
            if door.answers == "inline_or_api" and by_api:
                # The first response was empty; a repeat of the request must not bring the words a second time.
                transaction.run(_NO_ANSWER, id=number)
            messages = [*occasion.before, *(outbound if by_api else ())]
            if messages:
                lane = nameless_lane() if occasion.erased else conversation
                seq = queue(
                    transaction,
                    self._vault,
                    channel=channel,
                    lane=lane,
                    messages=messages,
                    now_ms=now_ms,
                    forget=occasion.erased,
                )
                leaving.append((lane, seq))
        for follow in occasion.after:
            follow()
        if occasion.erased:
            self._after_erasing(channel, arrival.repeat_key, "" if by_api else answer)
        return True, None if door.answers == "inline_or_api" and by_api else answer

    def _turn(self, state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> Turn:
        try:
            return self._dialogue.answer(state, incoming, now)
        except Exception as error:
            log.error("the dialogue failed: %s", type(error).__name__)
            return self._error_turn(state, incoming, now)

    def _error_turn(self, state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> Turn:
        failed = Count("error", "dialogue")
        try:
            turn = self._dialogue.error_turn(state, incoming, now)
        except Exception as error:
            # Even the words of an error are missing: the next message must still find its conversation.
            log.error("the words of an error are missing: %s", type(error).__name__)
            return Turn((), state, (failed,), silent=True)
        return Turn(turn.replies, turn.state, (*turn.effects, failed), turn.ends_call, turn.silent)

    def _after_erasing(self, channel: str, repeat_key: str, answer: str) -> None:
        """The row is gone, so the answer for a repeat of the request is kept in memory only."""
        with self._erased_guard:
            self._erased[channel, repeat_key] = answer
            while len(self._erased) > ERASED_ANSWERS_KEPT:
                self._erased.popitem(last=False)
        self._database.forget_freed_bytes()

    def _arrival(self, payload: Any) -> Arrival | None:
        stored = self._vault.unlock(payload)
        try:
            return Arrival(stored["sender"], stored["key"], Incoming(**stored["incoming"]), stored["facts"])
        except (KeyError, TypeError):
            return None
