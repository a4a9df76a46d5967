"""The ledger: referrals (encrypted), their append-only events, the alerts that were sent. Rows, no decisions."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.referral.record import Record
from bot.understanding.spelling import words
from webhook.clock import milliseconds
from webhook.database import Sql, Transaction, sql
from webhook.outbox import Outbound, queue
from webhook.referrals.voice_rows import forget as forget_voice
from webhook.security import Vault

ALERTABLE = ("open", "notified")


@dataclass(frozen=True)
class Referral:
    """One row. ``secret`` is the record and the person's address, None once withdrawn.

    ``news``: waiting (to be knocked), knocked, told or empty. ``relay``: on while contact and person may write.
    """

    id: str
    reference: str
    conversation: str
    other: str
    state: str
    urgency: str
    secret: dict[str, Any] | None
    code_hash: str
    holder: str
    news: str
    asked: int
    relay: str
    unlocked_ms: int
    waiting_since_ms: int
    danger_ms: int
    created_ms: int
    closed_ms: int

    @property
    def record(self) -> Record | None:
        """What was shared, while it may be kept."""
        return Record.from_dict(self.secret["record"]) if self.secret else None

    @property
    def immediate(self) -> bool:
        """Danger now: contacts' hours do not count."""
        return self.urgency == "immediate"


@dataclass(frozen=True)
class Alert:
    """One alert that was queued. ``outbox`` is its row's ``seq``; ``way`` counts the contact's addresses from 0."""

    step: int
    contact: str
    kind: str
    channel: str
    way: int
    outbox: int
    at_ms: int


_COLUMNS = (
    "id, reference, conversation_id, other_id, state, urgency, secret, code_hash, holder, news, asked, relay,"
    " unlocked_ms, waiting_since_ms, danger_ms, created_ms, closed_ms"
)


def _select(rest: str) -> Sql:
    return sql(f"SELECT {_COLUMNS} FROM referrals {rest}")  # noqa: S608 - names of ours


_INSERT = sql(
    "INSERT INTO referrals (id, reference, conversation_id, other_id, state, urgency, secret, code_hash, created_ms)"
    " VALUES (:id, :reference, :conversation, :other, 'open', :urgency, :secret, :code, :now)"
)
_RENEW = sql("UPDATE referrals SET urgency = :urgency, secret = :secret, code_hash = :code WHERE id = :id")
_BY_ID = _select("WHERE id = :id")
_LOCKED = Sql(_BY_ID.sqlite, _BY_ID.postgres + " FOR UPDATE")
_BY_REFERENCE = _select("WHERE reference = :reference")
_OF_PERSON = _select(
    "WHERE (conversation_id = :conversation OR other_id = :conversation)"
    " AND state <> 'withdrawn' ORDER BY created_ms DESC"
)
_HELD = _select("WHERE holder = :contact AND state = 'acknowledged' ORDER BY created_ms")
_ALL = _select("ORDER BY created_ms DESC, id LIMIT 10000")
_DUE = sql(
    "SELECT id, news, danger_ms, state FROM referrals WHERE state IN ('open', 'notified') OR news = 'waiting'"
    " OR danger_ms > 0 ORDER BY created_ms"
)
_EVENT = sql(
    "INSERT INTO referral_events (referral_id, at_ms, who, what, detail) VALUES (:id, :now, :who, :what, :detail)"
)
_EVENTS = sql("SELECT at_ms, who, what, detail FROM referral_events WHERE referral_id = :id ORDER BY id")
_COUNT_EVENTS = sql("SELECT COUNT(*) FROM referral_events WHERE referral_id = :id AND what = :what AND at_ms > :since")
_ALERT = sql(
    "INSERT INTO referral_alerts (referral_id, step, contact, kind, channel, way, secret, outbox_seq, at_ms)"
    " VALUES (:id, :step, :contact, :kind, :channel, :way, :secret, :seq, :now)"
)
_ALERTS = sql(
    "SELECT step, contact, kind, channel, way, outbox_seq, at_ms FROM referral_alerts WHERE referral_id = :id"
    " ORDER BY step"
)
_ALERTED = sql(
    "SELECT DISTINCT r.id, r.created_ms FROM referral_alerts a JOIN referrals r ON r.id = a.referral_id"
    " WHERE a.contact = :contact AND r.state IN ('open', 'notified', 'unanswered') ORDER BY r.created_ms"
)
_TO_WHOM = sql("SELECT contact, secret, outbox_seq FROM referral_alerts WHERE referral_id = :id ORDER BY step")
_FATE = sql("SELECT status FROM outbox WHERE seq = :seq")
_STATE = sql("UPDATE referrals SET state = :state WHERE id = :id")
_ACKNOWLEDGE = sql(
    "UPDATE referrals SET state = 'acknowledged', holder = :contact, news = 'waiting', danger_ms = 0"
    " WHERE id = :id AND state IN ('open', 'notified', 'unanswered')"
)
_CLOSE = sql(
    "UPDATE referrals SET state = 'closed', relay = '', closed_ms = :now, news = :news, danger_ms = 0"
    " WHERE id = :id AND state NOT IN ('closed', 'withdrawn')"
)
_WITHDRAW = sql(
    "UPDATE referrals SET state = 'withdrawn', secret = NULL, code_hash = NULL, conversation_id = NULL,"
    " other_id = NULL, news = '', relay = '', danger_ms = 0, closed_ms = :now WHERE id = :id AND state <> 'withdrawn'"
)
_NEWS = sql("UPDATE referrals SET news = :news, asked = 0 WHERE id = :id")
_ASKED = sql("UPDATE referrals SET asked = :asked WHERE id = :id")
_RELAY = sql("UPDATE referrals SET relay = :relay WHERE id = :id")
_UNLOCK = sql("UPDATE referrals SET unlocked_ms = :now, news = :news, asked = 0 WHERE id = :id")
_WAITING = sql("UPDATE referrals SET waiting_since_ms = :since WHERE id = :id")
_DANGER = sql("UPDATE referrals SET danger_ms = :since WHERE id = :id")
_MESSAGE = sql("INSERT INTO referral_messages (referral_id, body, at_ms) VALUES (:id, :body, :now)")
_MESSAGES = sql("SELECT body FROM referral_messages WHERE referral_id = :id ORDER BY id")
_FORGET_MESSAGES = sql("DELETE FROM referral_messages WHERE referral_id = :id")
_UNSENT = sql(
    "DELETE FROM outbox WHERE status = 'queued' AND channel <> 'telegram' AND substr(trouble, 1, 9) <> 'uncertain'"
    " AND seq IN (SELECT outbox_seq FROM referral_alerts WHERE referral_id = :id) RETURNING seq"
)
"""Alerts that no provider has: an attempt under way is marked uncertain before it begins, by Telegram it is not."""


class Ledger:
    """Reads and writes rows inside one transaction of the caller, at one moment."""

    def __init__(self, transaction: Transaction, vault: Vault, now: datetime) -> None:
        self._transaction = self.transaction = transaction
        self._vault = vault
        self.now = now
        self.now_ms = milliseconds(now)

    # ---- reading

    def by_id(self, referral: str) -> Referral | None:
        """One referral."""
        return self._read(self._transaction.one(_BY_ID, id=referral))

    def locked(self, referral: str) -> Referral | None:
        """One referral that nobody else changes before the transaction ends (SQLite has one writer anyway)."""
        return self._read(self._transaction.one(_LOCKED, id=referral))

    def by_reference(self, reference: str) -> Referral | None:
        """The referral of six digits."""
        return self._read(self._transaction.one(_BY_REFERENCE, reference=reference))

    def of_person(self, conversation: str) -> list[Referral]:
        """A person's referrals, the newest first."""
        return self._read_all(self._transaction.all(_OF_PERSON, conversation=conversation))

    def held_by(self, contact: str) -> list[Referral]:
        """Referrals that a contact acknowledged and has not closed."""
        return self._read_all(self._transaction.all(_HELD, contact=contact))

    def awaiting(self, contact: str) -> list[str]:
        """Ids of referrals that a contact was alerted of and nobody acknowledged."""
        return [str(row[0]) for row in self._transaction.all(_ALERTED, contact=contact)]

    def all(self) -> list[Referral]:
        """Everything, the newest first."""
        return self._read_all(self._transaction.all(_ALL))

    def due(self) -> list[str]:
        """Ids of referrals for which something is still to be done."""
        return [str(row[0]) for row in self._transaction.all(_DUE)]

    def alerts(self, referral: str) -> list[Alert]:
        """Alerts of a referral, in order."""
        return [Alert(int(s), str(c), str(k), str(by), int(w), int(o), int(at))
                for s, c, k, by, w, o, at in self._transaction.all(_ALERTS, id=referral)]  # fmt: skip

    def fate(self, alert: Alert) -> str:
        """What became of an alert: an outbox status, ``gone`` when its row was purged."""
        row = self._transaction.one(_FATE, seq=alert.outbox)
        return str(row[0]) if row else "gone"

    def events(self, referral: str) -> list[tuple[int, str, str, str]]:
        """(milliseconds, who, what, detail) in order."""
        return [(int(at), str(who), str(what), str(detail)) for at, who, what, detail in
                self._transaction.all(_EVENTS, id=referral)]  # fmt: skip

    def happened(self, referral: str, what: str, since_ms: int) -> int:
        """How often something happened since."""
        row = self._transaction.one(_COUNT_EVENTS, id=referral, what=what, since=since_ms)
        return int(row[0]) if row else 0

    def messages(self, referral: str) -> list[str]:
        """Texts that wait for the person."""
        texts = (self._vault.unlock(body) for (body,) in self._transaction.all(_MESSAGES, id=referral))
        return [text for text in texts if text]

    def code_matches(self, referral: Referral, text: str) -> bool:
        """Whether a whole message is the referral's code word."""
        return bool(referral.code_hash) and self.code_hash(referral.id, text) == referral.code_hash

    def code_hash(self, referral: str, text: str) -> str:
        """Keyed hash of a code word; case, accents and punctuation do not matter, digits do."""
        folded = "".join(c for c in text.casefold() if c.isalnum())
        plain = "".join(words(folded)) if not any(c.isdigit() for c in folded) else folded
        return self._vault.conversation_id(f"code:{referral}", plain)

    # ---- writing

    def open(self, record: Record, person: dict[str, str]) -> str:
        """A new referral; returns its id. ``person``: conversation, other, channel, sender."""
        referral = uuid.uuid4().hex
        self._transaction.run(
            _INSERT,
            id=referral,
            reference=record.reference,
            conversation=person["conversation"],
            other=person["other"],
            urgency=record.urgency,
            secret=self._secret(record, person),
            code=self.code_hash(referral, record.code_word) if record.code_word else None,
            now=self.now_ms,
        )
        self.event(referral, "person", "opened", record.urgency)
        self._consent_event(referral, record)
        return referral

    def renew(self, referral: Referral, record: Record, person: dict[str, str]) -> None:
        """More is known, or consent came after a policy's alert."""
        self._transaction.run(
            _RENEW,
            id=referral.id,
            urgency=record.urgency,
            secret=self._secret(record, person),
            code=self.code_hash(referral.id, record.code_word) if record.code_word else None,
        )
        self.event(referral.id, "person", "completed", record.urgency)
        self._consent_event(referral.id, record)

    def event(self, referral: str, who: str, what: str, detail: str = "") -> None:
        """Adds to the list: codes and ids only, never a word or an address of the person."""
        self._transaction.run(_EVENT, id=referral, now=self.now_ms, who=who, what=what, detail=detail)

    def alert(
        self,
        referral: Referral,
        *,
        step: int,
        contact: str,
        kind: str,
        way: tuple[int, str, str],
        text: str,
    ) -> tuple[str, int]:
        """Queues an alert and records it, together; returns its lane and outbox ``seq``."""
        number, channel, address = way
        lane, seq = self.write_to(channel, address, text)
        self._transaction.run(
            _ALERT,
            id=referral.id,
            step=step,
            contact=contact,
            kind=kind,
            channel=channel,
            way=number,
            secret=self._vault.lock({"channel": channel, "to": address}),
            seq=seq,
            now=self.now_ms,
        )
        self.event(referral.id, "service", kind, f"{contact} by {channel}")
        return lane, seq

    def write_to(self, channel: str, address: str, text: str, unsolicited: bool = False) -> tuple[str, int]:
        """Queues one message; returns its lane and ``seq``."""
        lane = self._vault.conversation_id(channel, address)
        message = [Outbound(address, text)]
        seq = queue(self._transaction, self._vault, channel=channel, lane=lane, messages=message,
                    now_ms=self.now_ms, unsolicited=unsolicited)  # fmt: skip
        return lane, seq

    def set_state(self, referral: Referral, state: str) -> None:
        """Between open, notified and unanswered."""
        self._transaction.run(_STATE, id=referral.id, state=state)

    def acknowledge(self, referral: Referral, contact: str, by: str) -> bool:
        """False when another was quicker."""
        if not self._transaction.run(_ACKNOWLEDGE, id=referral.id, contact=contact):
            return False
        self.event(referral.id, contact, "acknowledged", by)
        return True

    def close(self, referral: Referral, who: str, outcome: str) -> bool:
        """False when it was closed before. What waits for the person goes."""
        news = "waiting" if referral.conversation else ""
        if not self._transaction.run(_CLOSE, id=referral.id, now=self.now_ms, news=news):
            return False
        self._transaction.run(_FORGET_MESSAGES, id=referral.id)
        self.event(referral.id, who, "closed", outcome)
        return True

    def withdraw(self, referral: Referral, text: str) -> list[tuple[str, int]]:
        """Record, address and names go; everybody who was alerted gets ``text``. Returns what was queued.

        An alert that has not left need not leave: a contact who was sent nothing else is told nothing either.
        """
        if not self._transaction.run(_WITHDRAW, id=referral.id, now=self.now_ms):
            return []
        self._transaction.mark_freed()
        self._transaction.run(_FORGET_MESSAGES, id=referral.id)
        forget_voice(self._transaction, referral.id)
        unsent = {int(seq) for (seq,) in self._transaction.all(_UNSENT, id=referral.id)}
        told: dict[str, dict[str, str]] = {}
        if referral.state not in ("closed", "withdrawn"):
            for contact, token, seq in self._transaction.all(_TO_WHOM, id=referral.id):
                address = self._vault.unlock(token)
                if address and int(seq) not in unsent:
                    told[str(contact)] = address
        queued = [self.write_to(a["channel"], a["to"], text) for a in told.values()]
        self.event(referral.id, "person", "withdrawn")
        return queued

    def set_news(self, referral: str, news: str) -> None:
        """waiting, knocked, told or nothing."""
        self._transaction.run(_NEWS, id=referral, news=news)

    def set_asked(self, referral: str, asked: int) -> None:
        """How often the code word was asked for in a row."""
        self._transaction.run(_ASKED, id=referral, asked=asked)

    def set_relay(self, referral: str, relay: str) -> None:
        """``on``, ``started`` (the hand-over line was said) or nothing."""
        self._transaction.run(_RELAY, id=referral, relay=relay)

    def unlock(self, referral: str, news: str = "told") -> None:
        """The person has proved who they are, or goes on writing after it."""
        self._transaction.run(_UNLOCK, id=referral, now=self.now_ms, news=news)

    def set_waiting(self, referral: str, since_ms: int) -> None:
        """Since when the person waits for the contact's words; 0: not."""
        self._transaction.run(_WAITING, id=referral, since=since_ms)

    def set_danger(self, referral: str, since_ms: int) -> None:
        """Since when a danger said in the conversation waits for a contact; 0: not."""
        self._transaction.run(_DANGER, id=referral, since=since_ms)

    def keep_message(self, referral: str, text: str) -> None:
        """A contact's words wait, encrypted, for the person."""
        self._transaction.run(_MESSAGE, id=referral, body=self._vault.lock(text), now=self.now_ms)

    def forget_messages(self, referral: str) -> None:
        """They were shown."""
        self._transaction.run(_FORGET_MESSAGES, id=referral)

    # ---- inside

    def _secret(self, record: Record, person: dict[str, str]) -> bytes:
        # The code word is kept as a hash only.
        fields = {**record.to_dict(), "code_word": ""}
        return self._vault.lock({"record": fields, "channel": person["channel"], "sender": person["sender"]})

    def _consent_event(self, referral: str, record: Record) -> None:
        consent = record.consent
        detail = f"{consent.key} {consent.version} {consent.language}".strip() or f"basis: {consent.basis}"
        self.event(referral, "person" if consent.answer == "yes" else "operator",
                   f"consent {consent.answer}", detail)  # fmt: skip

    def _read_all(self, rows: list[tuple[Any, ...]]) -> list[Referral]:
        return [referral for row in rows if (referral := self._read(row))]

    def _read(self, row: tuple[Any, ...] | None) -> Referral | None:
        if row is None:
            return None
        (
            identifier, reference, conversation, other, state, urgency, secret, code, holder, news, asked, relay,
            unlocked, waiting, danger, created, closed,
        ) = row  # fmt: skip
        return Referral(
            id=str(identifier),
            reference=str(reference),
            conversation=str(conversation or ""),
            other=str(other or ""),
            state=str(state),
            urgency=str(urgency),
            secret=self._vault.unlock(secret),
            code_hash=str(code or ""),
            holder=str(holder),
            news=str(news),
            asked=int(asked),
            relay=str(relay),
            unlocked_ms=int(unlocked),
            waiting_since_ms=int(waiting),
            danger_ms=int(danger),
            created_ms=int(created),
            closed_ms=int(closed or 0),
        )
