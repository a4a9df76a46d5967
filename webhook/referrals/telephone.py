"""The desk on the telephone: a contact keys reference and PIN; a caller is put through, or leaves a message.

Where a call stands between two steps is kept with the conversation (:class:`Standing`), for that call only: a new call
begins without it. What must happen exactly once happens in the turn's transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.effects import Connect, Count, PutThrough, TakeMessage, Turn
from bot.keywords import digits, meaning
from bot.messages import Incoming, Reply
from bot.referral.directory import Contact
from bot.referral.record import REFERENCE_DIGITS
from webhook.carrying_out import Occasion, carried
from webhook.clock import milliseconds
from webhook.inbox import Answering
from webhook.referrals import links
from webhook.referrals.acknowledgement import acknowledge
from webhook.referrals.contacts import Registered, Word, read
from webhook.referrals.escalation import Desk, Escalation, language_for, plan_of
from webhook.referrals.ledger import Ledger, Referral
from webhook.referrals.voice_rows import full, ids_for, new_message, offer, referral_of

NAME = "telephone"
"""Under which the standing is kept in a conversation's state."""
CALLED_AT_MOST = 2
"""Contacts tried one after the other before a message is offered."""
ASKED_AGAIN = 1
"""How often a contact who keys nothing is asked again before the menu."""
FAILURES_A_CALL = 3
MAX_SILENCES = 4
JUST_NOW = timedelta(minutes=15)
LIVE = ("open", "notified", "acknowledged", "unanswered")
CONTACT, DIAL, OFFER, RECORD, STATUS, CODE = "contact", "dial", "offer", "record", "status", "code"


@dataclass(frozen=True)
class Standing:
    """Where a call stands. ``at``: which of the words above; empty: nowhere special.

    ``reference``: what a contact keyed, before the PIN; ``left``: ids of contacts that are still to be called;
    ``called``: the one being called; ``record``: for a referral should a message be left; ``referral``: the one there
    is; ``message``: the one being spoken.
    """

    at: str = ""
    silences: int = 0
    failures: int = 0
    reference: str = ""
    left: tuple[str, ...] = ()
    called: str = ""
    record: dict[str, Any] = field(default_factory=dict)
    referral: str = ""
    message: str = ""

    @classmethod
    def taken_from(cls, state: dict[str, Any] | None) -> tuple[Standing, dict[str, Any] | None]:
        """The standing in a conversation's state, and the state without it."""
        if not state or NAME not in state:
            return cls(), state
        rest = {name: value for name, value in state.items() if name != NAME}
        try:
            stored = {**state[NAME], "left": tuple(state[NAME].get("left") or ())}
            return cls(**stored), rest
        except TypeError:
            return cls(), rest

    def put_into(self, state: dict[str, Any] | None) -> dict[str, Any]:
        """The state with this standing."""
        kept = {name: value for name, value in asdict(self).items() if value}
        return {**(state or {}), NAME: kept}


class Telephone:
    """Answers what is the desk's in a call; None: it is not."""

    def __init__(self, dialogue: Answering, desk: Desk, escalation: Escalation, registered: Registered) -> None:
        self._dialogue = dialogue
        self._desk = desk
        self._escalation = escalation
        self._registered = registered

    def answer(
        self, standing: Standing, state: dict[str, Any] | None, incoming: Incoming, now: datetime
    ) -> Turn | None:
        """``state`` is the conversation's without the standing."""
        if incoming.channel != "voice":
            return None
        contact = self._registered.contact(incoming.conversation)
        if incoming.media == "call":
            return self._ask_contact(Standing(CONTACT), state, contact) if contact else None
        if standing.at == CONTACT:
            return self._contact(standing, state, incoming, now, contact) if contact else None
        if standing.at == DIAL:
            return self._dialled(standing, state, incoming, now)
        if standing.at == OFFER:
            return self._offered(standing, state, incoming, now)
        if standing.at == RECORD:
            return self._recorded(standing, state, incoming, now)
        return self._asks_for_a_person(standing, state, incoming, now)

    # ---- a contact calls

    def _ask_contact(
        self, standing: Standing, state: dict[str, Any] | None, contact: Contact, before: tuple[Reply, ...] = ()
    ) -> Turn:
        key = "ack_pin" if standing.reference else "ack_help"
        return Turn((*before, *self._to_contact(contact, key)), standing.put_into(state))

    def _contact(
        self, standing: Standing, state: dict[str, Any] | None, incoming: Incoming, now: datetime, contact: Contact
    ) -> Turn:
        if incoming.media:
            if standing.silences < ASKED_AGAIN:
                return self._ask_contact(replace(standing, silences=standing.silences + 1), state, contact)
            return self._dialogue.answer(state, replace(incoming, media="call"), now)
        keyed = incoming.text.rstrip("#")
        if "*" in keyed:
            return Turn(self._to_contact(contact, "left"), state, ends_call=True)
        standing = replace(standing, silences=0)
        word = read(standing.reference + keyed, "voice")
        if word.kind != "acknowledge":
            if not standing.reference and len(keyed) == REFERENCE_DIGITS and keyed.isdigit():
                return self._ask_contact(replace(standing, reference=keyed), state, contact)
            # A PIN of another length than a PIN has is a wrong one; anything else is no reference.
            word = replace(word, reference=standing.reference, pin=keyed)
        return self._acknowledge(standing, state, incoming, now, contact=contact, word=word)

    def _acknowledge(
        self,
        standing: Standing,
        state: dict[str, Any] | None,
        incoming: Incoming,
        now: datetime,
        *,
        contact: Contact,
        word: Word,
    ) -> Turn:
        reference = word.reference
        # At once and in a transaction of its own: two contacts may do it at the same moment. Again is no harm.
        with self._desk.database.writing() as transaction:
            ledger = Ledger(transaction, self._desk.vault, now)
            outcome, referral = acknowledge(ledger, contact, reference, word.pin, "voice", caller=incoming.conversation)
            messages = ids_for(transaction, referral) if outcome == "done" else []
            for _ in messages:
                ledger.event(referral, contact.id, "heard a message", "voice")
            awaiting = ledger.awaiting(contact.id)
        said = self._to_contact(contact, f"ack_{outcome}", reference={"reference": reference} if reference else "")
        if outcome != "done":
            failures = standing.failures + 1
            if failures >= FAILURES_A_CALL:
                goodbye = self._to_contact(contact, "voice_goodbye")
                return Turn((*said, *goodbye), state, ends_call=True)
            return self._ask_contact(Standing(CONTACT, failures=failures), state, contact, before=said)
        self._escalation.begin(referral)
        said = (*said, *self._played(messages, said[-1], now))
        if messages or awaiting:
            return self._ask_contact(Standing(CONTACT, failures=standing.failures), state, contact, before=said)
        return Turn(said, state, ends_call=True)

    def _played(self, messages: list[str], like: Reply, now: datetime) -> tuple[Reply, ...]:
        vault = self._desk.vault
        return tuple(
            Reply("voice_message", like.language, like.spoken, "", audio=links.path_of(vault, message, now))
            for message in messages
        )

    # ---- a caller asks for a person

    def _asks_for_a_person(
        self, standing: Standing, state: dict[str, Any] | None, incoming: Incoming, now: datetime
    ) -> Turn | None:
        """Key 5 (or 1 after the news) of somebody whose referral was just spoken of, or just made."""
        key = digits(incoming.text)
        if standing.at == CODE or key not in (("1", "5") if standing.at == STATUS else ("5",)):
            return None
        since = milliseconds(now - JUST_NOW)
        rows = [r for r in self._live(incoming, now) if max(r.unlocked_ms, r.created_ms) > since]
        if not rows:
            return None
        row = _first(rows)
        return self._through(Standing(referral=row.id, left=self._contacts(row, now)), state, incoming, now)

    def put_through(self, turn: Turn, asked: PutThrough, incoming: Incoming, now: datetime) -> Turn:
        """The dialogue says that the caller wants a person now."""
        rows = self._live(incoming, now)
        standing = Standing(left=asked.contacts, record=asked.record, referral=_first(rows).id if rows else "")
        through = self._through(standing, turn.state, incoming, now, otherwise=replace(turn, effects=()))
        return replace(through, effects=(*turn.effects, *through.effects))

    def _through(
        self,
        standing: Standing,
        state: dict[str, Any] | None,
        incoming: Incoming,
        now: datetime,
        otherwise: Turn | None = None,
    ) -> Turn:
        """Whoever has the case, else the first that are open; else a message."""
        holder = self._holder(standing.referral, now)
        able = [holder] if holder else [self._contact_of(c) for c in standing.left]
        left = [c.id for c in able if c is not None and self._can_be_called(c, now)][:CALLED_AT_MOST]
        return self._next(replace(standing, at=DIAL, left=tuple(left)), state, incoming, now, otherwise)

    def _next(
        self,
        standing: Standing,
        state: dict[str, Any] | None,
        incoming: Incoming,
        now: datetime,
        otherwise: Turn | None = None,
    ) -> Turn:
        if not standing.left:
            return self._offer(standing, state, incoming, now, otherwise)
        contact = self._contact_of(standing.left[0])
        following = replace(standing, left=standing.left[1:], called=standing.left[0])
        if contact is None:
            return self._next(following, state, incoming, now, otherwise)
        said = self._say("voice_connecting", state, incoming)
        line = Connect(contact.public_phone, self._desk.number)
        return Turn(said, following.put_into(state), line=line)

    def _dialled(self, standing: Standing, state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> Turn:
        talked = incoming.media == "talked"
        noted = carried(self._note(standing, "put through" if talked else "put through, no answer"))
        effects = (noted, Count("put_through", "talked" if talked else "nobody"))
        if talked:
            return Turn(self._say("voice_goodbye", state, incoming), state, effects, ends_call=True)
        turn = self._next(standing, state, incoming, now)
        return replace(turn, effects=(*turn.effects, *effects))

    def _note(self, standing: Standing, what: str) -> Callable[[Occasion], None]:
        def run(occasion: Occasion) -> None:
            ledger = Ledger(occasion.transaction, self._desk.vault, occasion.now)
            if standing.referral and ledger.by_id(standing.referral) is not None:
                ledger.event(standing.referral, "person", what, standing.called)

        return run

    # ---- a message instead

    def _offer(
        self,
        standing: Standing,
        state: dict[str, Any] | None,
        incoming: Incoming,
        now: datetime,
        otherwise: Turn | None,
    ) -> Turn:
        with self._desk.database.reading() as transaction:
            enough = bool(standing.referral) and full(transaction, standing.referral)
        if enough or not (standing.referral or standing.record):
            return self._nobody(state, incoming, now, otherwise)
        said = self._say("voice_message_offer", state, incoming)
        return Turn(said, replace(standing, at=OFFER, silences=0).put_into(state))

    def _nobody(
        self, state: dict[str, Any] | None, incoming: Incoming, now: datetime, otherwise: Turn | None = None
    ) -> Turn:
        """The truth, then what was asked before."""
        turn = otherwise or self._dialogue.answer(state, replace(incoming, text="9", media=""), now)
        return replace(turn, replies=(*self._say("voice_nobody", state, incoming), *turn.replies))

    def _offered(
        self, standing: Standing, state: dict[str, Any] | None, incoming: Incoming, now: datetime
    ) -> Turn | None:
        key = digits(incoming.text)
        if key == "1":
            return self._record(standing, state, incoming, now)
        if key == "2":
            return self._nobody(state, incoming, now)
        if key == "5":
            with self._desk.database.reading() as transaction:
                row = Ledger(transaction, self._desk.vault, now).by_id(standing.referral)
            again = replace(standing, left=(self._contacts(row, now) if row else ()) or (standing.called,))
            return self._through(again, state, incoming, now)
        if key == "0" or meaning(incoming.text):
            return None
        silences = standing.silences + 1 if incoming.media else 0
        if silences >= MAX_SILENCES - 1:
            return Turn(self._say("voice_goodbye", state, incoming), state, ends_call=True)
        first = () if key == "9" else self._say("voice_no_input" if incoming.media else "choice_not_offered",
                                                state, incoming)  # fmt: skip
        asked = self._say("voice_message_offer", state, incoming)
        return Turn((*first, *asked), replace(standing, silences=silences).put_into(state))

    def _record(self, standing: Standing, state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> Turn:
        message = new_message()
        shown = self._say("voice_message_offer", state, incoming)[-1]
        version = hashlib.sha256(shown.text.encode()).hexdigest()[:8]
        consent = {**standing.record.get("consent", {}), "text": shown.text, "language": shown.spoken,
                   "version": version}  # fmt: skip
        record = {**standing.record, "consent": consent} if standing.record else {}

        def run(occasion: Occasion) -> None:
            person = {
                "conversation": occasion.conversation,
                "other": self._desk.vault.conversation_id("sms", occasion.sender),
                "channel": occasion.channel,
                "sender": occasion.sender,
            }
            offer(occasion.transaction, self._desk.vault, message, call=incoming.call, person=person, record=record,
                  referral=standing.referral, now=occasion.now)  # fmt: skip

        spoken = replace(standing, at=RECORD, message=message)
        said = self._say("voice_leave_message", state, incoming)
        return Turn(said, spoken.put_into(state), (carried(run),), line=TakeMessage(message))

    def _recorded(self, standing: Standing, state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> Turn:
        if incoming.media != "recording":
            return Turn(self._say("voice_goodbye", state, incoming), state, ends_call=True)
        said = self._say("voice_message_kept", state, incoming)
        if not standing.referral and (opened := self._opened_by(standing.message, now)):
            said = (*said, *self._say("voice_reference", state, incoming, reference={"reference": opened.reference}))
        goodbye = self._say("voice_goodbye", state, incoming)
        return Turn((*said, *goodbye), state, (Count("voice_message"),), ends_call=True)

    # ---- small things

    def _opened_by(self, message: str, now: datetime) -> Referral | None:
        """The referral that the message opened when it arrived: only there its reference is sure to be its own."""
        with self._desk.database.reading() as transaction:
            return Ledger(transaction, self._desk.vault, now).by_id(referral_of(transaction, message))

    def _contacts(self, row: Referral, now: datetime) -> tuple[str, ...]:
        return tuple(step.contact.id for step in plan_of(self._desk.directory.current(), row, now).steps)

    def _live(self, incoming: Incoming, now: datetime) -> list[Referral]:
        with self._desk.database.reading() as transaction:
            rows = Ledger(transaction, self._desk.vault, now).of_person(incoming.conversation)
        return [row for row in rows if row.state in LIVE]

    def _holder(self, referral: str, now: datetime) -> Contact | None:
        if not referral:
            return None
        with self._desk.database.reading() as transaction:
            row = Ledger(transaction, self._desk.vault, now).by_id(referral)
        return self._contact_of(row.holder) if row is not None and row.state == "acknowledged" else None

    def _contact_of(self, contact: str) -> Contact | None:
        return self._desk.directory.current().by_id(contact)

    def _can_be_called(self, contact: Contact, now: datetime) -> bool:
        directory = self._desk.directory.current()
        valid = not contact.expired(directory.local(now).date())
        return bool(contact.public_phone and self._desk.number and valid and directory.open_at(contact, now))

    def _to_contact(self, contact: Contact, key: str, **values: Any) -> tuple[Reply, ...]:
        return self._desk.wording.replies(key, language_for(contact, "fr"), "voice", **values)

    def _say(self, key: str, state: dict[str, Any] | None, incoming: Incoming, **values: Any) -> tuple[Reply, ...]:
        language = str((state or {}).get("language") or "fr")
        return self._desk.wording.replies(key, language, incoming.channel, **values)


def _first(rows: list[Referral]) -> Referral:
    """The one that somebody has taken on, else the newest."""
    return next((row for row in rows if row.state == "acknowledged"), rows[0])
