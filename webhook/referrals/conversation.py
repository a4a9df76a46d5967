"""The desk in the conversation: contacts' words, proof and news for the person, messages both ways.

Stands before the dialogue and answers what is the desk's; everything else goes on to the dialogue. What must happen
exactly once happens in the turn's transaction (:class:`~webhook.carrying_out.Carry`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.effects import EraseData, OpenReferral, PutThrough, Turn
from bot.keywords import digits, meaning
from bot.messages import Incoming, Reply
from bot.referral.directory import Contact
from bot.referral.numbers import number_lines
from bot.referral.record import Record
from webhook.carrying_out import BESIDE, Occasion, carried
from webhook.clock import milliseconds
from webhook.inbox import Answering
from webhook.referrals.acknowledgement import acknowledge
from webhook.referrals.contacts import Registered, Word, read
from webhook.referrals.escalation import Desk, Escalation, language_for
from webhook.referrals.ledger import Ledger, Referral
from webhook.referrals.telephone import CODE, LIVE, STATUS, Standing, Telephone
from webhook.referrals.voice_rows import forget, waits

UNLOCKED_FOR = timedelta(minutes=15)
"""After this much silence another person may hold the phone: the code word is asked for again."""
CONTACT_SILENT_AFTER = timedelta(minutes=30)
CODE_TRIES = 2
ALWAYS = frozenset(("stop", "erase", "leave", "help", "language", "start"))
REFERENCE_LENGTH = 6
RELAYED = "relay"
"""Key of a reply that holds somebody's own words."""


class ReferenceTakenError(Exception):
    """The random reference belongs to another referral; the turn is tried again with a new one."""


class ReferralDialogue:
    """Takes the dialogue's place at the inbox."""

    def __init__(self, dialogue: Answering, desk: Desk, escalation: Escalation) -> None:
        self._dialogue = dialogue
        self._desk = desk
        self._escalation = escalation
        self._registered = Registered(desk.vault, desk.directory)
        self._telephone = Telephone(dialogue, desk, escalation, self._registered)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dialogue, name)

    def answer(self, state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> Turn:
        """As :meth:`bot.dialogue.Dialogue.answer`."""
        standing, state = Standing.taken_from(state)
        contact = self._registered.contact(incoming.conversation)
        turn = self._telephone.answer(standing, state, incoming, now)
        if turn is None and contact is not None and incoming.channel != "voice":
            turn = self._answer_contact(contact, state, incoming, now)
        turn = turn or self._answer_person(standing, state, incoming, now)
        turn = turn or self._dialogue.answer(state, incoming, now)
        asked = next((effect for effect in turn.effects if isinstance(effect, PutThrough)), None)
        if asked is not None:
            turn = replace(turn, effects=tuple(effect for effect in turn.effects if effect is not asked))
            turn = self._telephone.put_through(turn, asked, incoming, now)
        return self._carried(turn)

    def error_turn(self, state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> Turn:
        """As the dialogue's."""
        return self._dialogue.error_turn(Standing.taken_from(state)[1], incoming, now)

    def say(self, key: str, language: str | None, channel: str, **values: Any) -> Reply:
        """As the dialogue's."""
        return self._dialogue.say(key, language, channel, **values)

    def asks_for_help(self, text: str) -> bool:
        """As the dialogue's."""
        return self._dialogue.asks_for_help(text)

    def on_help_path(self, state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> bool:
        """As the dialogue's; and whatever a contact writes, or a person who has a referral."""
        if self._registered.contact(incoming.conversation):
            return True
        with self._desk.database.reading() as transaction:
            rows = Ledger(transaction, self._desk.vault, now).of_person(incoming.conversation)
        return bool(rows) or self._dialogue.on_help_path(state, incoming, now)

    # ---- effects of the help path

    def _carried(self, turn: Turn) -> Turn:
        effects: list[Any] = []
        for effect in turn.effects:
            if isinstance(effect, OpenReferral):
                effects.append(carried(self._opening(effect)))
            elif isinstance(effect, EraseData):
                effects += [carried(self.withdraw), effect]
            else:
                effects.append(effect)
        return replace(turn, effects=tuple(effects))

    def _opening(self, effect: OpenReferral) -> Callable[[Occasion], None]:
        def run(occasion: Occasion) -> None:
            record = Record.from_dict(effect.record)
            ledger = self._ledger(occasion)
            known = ledger.by_reference(record.reference)
            other = BESIDE.get(occasion.channel, "")
            person = {
                "conversation": occasion.conversation,
                "other": self._desk.vault.conversation_id(other, occasion.sender) if other else "",
                "channel": occasion.channel,
                "sender": occasion.sender,
            }
            if known is None:
                referral = ledger.open(record, person)
            elif known.conversation == occasion.conversation and known.state != "withdrawn":
                ledger.renew(known, record, person)
                referral = known.id
            else:
                raise ReferenceTakenError
            occasion.after.append(lambda: self._escalation.begin(referral))

        return run

    def withdraw(self, occasion: Occasion) -> None:
        """The person's referrals become ``withdrawn``; contacts who were alerted get the reference and that word."""
        ledger = self._ledger(occasion)
        beside = BESIDE.get(occasion.channel)
        for door in filter(None, (occasion.channel, beside)):
            forget(occasion.transaction, self._desk.vault.conversation_id(door, occasion.sender))
        for row in ledger.of_person(occasion.conversation):
            words = self._desk.wording.text("alert_withdrawn", "fr", "sms", reference=row.reference)
            queued = ledger.withdraw(row, words)
            occasion.after.append(lambda queued=queued: self._escalation.push(queued))  # type: ignore[misc]

    # ---- a contact writes

    def _answer_contact(
        self, contact: Contact, state: dict[str, Any] | None, incoming: Incoming, now: datetime
    ) -> Turn | None:
        with self._desk.database.reading() as transaction:
            ledger = Ledger(transaction, self._desk.vault, now)
            awaiting, held = ledger.awaiting(contact.id), ledger.held_by(contact.id)
        if not incoming.text or incoming.payload or meaning(incoming.text) in ALWAYS:
            return None
        word = read(incoming.text, incoming.channel)
        if word.kind == "acknowledge":
            return self._acknowledge(contact, state, incoming, word, now)
        chosen = [row for row in held if row.reference == word.reference] if word.reference else held
        if word.kind == "end" and len(chosen) == 1:
            return self._end(contact, state, incoming, chosen[0])
        if word.kind == "text" and len(chosen) == 1:
            return self._to_person(state, chosen[0], word.text)
        if word.kind == "text" and word.reference:
            return self._tell(contact, state, incoming, "relay_failed", reference=word.reference)
        if len(held) > 1:
            references = {"list": [row.reference for row in held]}
            return self._tell(contact, state, incoming, "relay_which", reference=references)
        return self._tell(contact, state, incoming, "ack_help") if awaiting else None

    def _acknowledge(
        self, contact: Contact, state: dict[str, Any] | None, incoming: Incoming, word: Word, now: datetime
    ) -> Turn:
        # At once and in a transaction of its own: two contacts may do it at the same moment. Again is no harm.
        with self._desk.database.writing() as transaction:
            ledger = Ledger(transaction, self._desk.vault, now)
            pin = None if incoming.channel == "telegram" else word.pin
            outcome, referral = acknowledge(
                ledger, contact, word.reference, pin, incoming.channel, caller=incoming.conversation
            )
            message = outcome == "done" and waits(transaction, referral)
        turn = self._tell(contact, state, incoming, f"ack_{outcome}", reference=word.reference)
        if outcome != "done":
            return turn
        self._escalation.begin(referral)
        how = self._tell(contact, state, incoming, "relay_how", reference=word.reference)
        told = (*turn.replies, *how.replies)
        if message:
            number = self._desk.number
            told += self._tell(
                contact, state, incoming, "alert_message", reference=word.reference, number=number
            ).replies
        return replace(turn, replies=told)

    def _end(self, contact: Contact, state: dict[str, Any] | None, incoming: Incoming, row: Referral) -> Turn:
        def run(occasion: Occasion) -> None:
            ledger = self._ledger(occasion)
            current = ledger.locked(row.id)
            if current is None or not ledger.close(current, contact.id, "ended by the contact"):
                return
            if self._unlocked(current, occasion.now) and current.relay:
                words = self._text("handover_end", current)
                self._write(occasion, ledger, current, words)
                ledger.set_news(row.id, "")
            else:
                occasion.after.append(lambda: self._escalation.begin(row.id))

        turn = self._tell(contact, state, incoming, "relay_closed", reference=row.reference)
        return replace(turn, effects=(carried(run),))

    def _to_person(self, state: dict[str, Any] | None, row: Referral, text: str) -> Turn:
        """The contact's words: at once to a person who is there and has proved it, else behind a neutral knock."""

        def run(occasion: Occasion) -> None:
            ledger = self._ledger(occasion)
            current = ledger.locked(row.id)
            if current is None or current.secret is None:
                return
            ledger.event(row.id, row.holder, "wrote")
            ledger.set_waiting(row.id, 0)
            ledger.set_danger(row.id, 0)
            if self._unlocked(current, occasion.now) and current.secret["channel"] != "voice":
                first = "" if current.relay == "started" else self._text("handover_start", current) + "\n"
                self._write(occasion, ledger, current, first + text)
                ledger.set_relay(row.id, "started")
                ledger.unlock(row.id)
                return
            ledger.keep_message(row.id, text)
            ledger.set_relay(row.id, "on")
            if current.news != "knocked":
                ledger.set_news(row.id, "waiting")
                occasion.after.append(lambda: self._escalation.begin(row.id))

        return Turn((), state, (carried(run),), silent=True)

    # ---- the person writes

    def _answer_person(
        self, standing: Standing, state: dict[str, Any] | None, incoming: Incoming, now: datetime
    ) -> Turn | None:
        with self._desk.database.reading() as transaction:
            ledger = Ledger(transaction, self._desk.vault, now)
            rows = ledger.of_person(incoming.conversation)
            row = next((r for r in rows if self._proves(ledger, r, incoming.text)), None)
            messages = ledger.messages(row.id) if row else []
        if not rows:
            return None
        if row is not None:
            return self._tell_status(state, incoming, row, messages)
        code_asked = standing.at == CODE
        if meaning(incoming.text) in ALWAYS or incoming.payload or (digits(incoming.text) == "0" and not code_asked):
            return None
        by_voice = incoming.channel == "voice"
        talking = next((r for r in rows if r.relay == "started" and r.state == "acknowledged"), None)
        if talking is not None and self._unlocked(talking, now) and incoming.text and not by_voice:
            return self._talk(state, incoming, talking, now)
        news = next((r for r in rows if r.news in ("waiting", "knocked")), None)
        begins = bool(incoming.text) or incoming.media == "call"
        # Each call asks anew: who missed the code once has no other way to key it.
        tried = 0 if incoming.media == "call" or news is None else news.asked
        if code_asked and (incoming.media == "silence" or tried >= CODE_TRIES):
            return self._dialogue.answer(state, replace(incoming, text="", media="call"), now)
        if by_voice and not code_asked and incoming.media != "call":
            return None
        if news is None or tried >= CODE_TRIES or not begins or self._in_danger(incoming):
            return None
        key = "help_code_wrong" if tried else "help_ask_code"
        replies = self._desk.wording.replies(key, self._language(news), incoming.channel)
        kept = Standing(CODE).put_into(state) if by_voice else state
        return Turn(replies, kept, (carried(lambda o: self._ledger(o).set_asked(news.id, tried + 1)),))

    def _proves(self, ledger: Ledger, row: Referral, text: str) -> bool:
        """The whole message is the reference or the code word."""
        stripped = "".join(c for c in text if c.isdigit() or c.isalpha())
        if stripped == row.reference and len(stripped) == REFERENCE_LENGTH:
            return True
        return bool(text.strip()) and len(text) <= 64 and ledger.code_matches(row, text)

    def _tell_status(
        self, state: dict[str, Any] | None, incoming: Incoming, row: Referral, messages: list[str]
    ) -> Turn:
        language, wording = self._language(row), self._desk.wording
        then = "handover_start" if messages else ""
        replies = list(wording.replies(f"help_status_{row.state}", language, incoming.channel, then=then))
        replies += [Reply(RELAYED, language, language, text) for text in messages]

        def run(occasion: Occasion) -> None:
            ledger = self._ledger(occasion)
            ledger.unlock(row.id)
            ledger.event(row.id, "person", "told", row.state)
            if messages:
                ledger.forget_messages(row.id)
                ledger.set_relay(row.id, "started")

        offered = [choice.payload for choice in replies[-1].choices]
        kept = {**state, "offered": offered} if state else state
        if incoming.channel == "voice":
            kept = Standing(STATUS if offered and row.state in LIVE else "").put_into(kept)
            if messages:
                replies += wording.replies("voice_person", language, incoming.channel)
        return Turn(tuple(replies), kept, (carried(run),))

    def _talk(self, state: dict[str, Any] | None, incoming: Incoming, row: Referral, now: datetime) -> Turn:
        """The bot is silent, except for danger and for a contact who no longer answers."""
        if self._in_danger(incoming):
            return self._danger(state, incoming, row, now)
        waiting = row.waiting_since_ms
        if waiting and milliseconds(now) - waiting > CONTACT_SILENT_AFTER.total_seconds() * 1000:

            def give_back(occasion: Occasion) -> None:
                ledger = self._ledger(occasion)
                ledger.set_relay(row.id, "")
                ledger.set_waiting(row.id, 0)
                ledger.event(row.id, "service", "contact silent", row.holder)

            replies = self._desk.wording.replies("handover_silent", self._language(row), incoming.channel)
            kept = {**state, "offered": [c.payload for c in replies[-1].choices]} if state else state
            return Turn(replies, kept, (carried(give_back),))
        return Turn((), state, (carried(self._to_contact(row, incoming.text)),), silent=True)

    def _to_contact(self, row: Referral, text: str) -> Callable[[Occasion], None]:
        def run(occasion: Occasion) -> None:
            ledger = self._ledger(occasion)
            contact = self._desk.directory.current().by_id(row.holder)
            if contact is None or not contact.alert:
                return
            channel, address = contact.alert[0]
            prefix = self._desk.wording.text("relay_prefix", "fr", channel, reference=row.reference)
            queued = ledger.write_to(channel, address, f"{prefix} {text}")
            ledger.unlock(row.id)
            if not row.waiting_since_ms:
                ledger.set_waiting(row.id, milliseconds(occasion.now))
            ledger.event(row.id, "person", "wrote")
            occasion.after.append(lambda: self._escalation.push([queued]))

        return run

    def _danger(self, state: dict[str, Any] | None, incoming: Incoming, row: Referral, now: datetime) -> Turn:
        directory = self._desk.directory.current()
        record = row.record
        country = (record.country if record else "") or incoming.country
        age = record.age_band if record else "unknown"
        numbers = directory.emergency(country, "", age, directory.local(now).date())
        lines = number_lines(numbers, with_country=not country)
        replies = self._desk.wording.replies("handover_danger", self._language(row), incoming.channel, contacts=lines)
        to_contact = self._to_contact(row, incoming.text)

        def run(occasion: Occasion) -> None:
            to_contact(occasion)
            ledger = self._ledger(occasion)
            ledger.event(row.id, "person", "danger")
            queued = self._escalation.danger(ledger, row)
            occasion.after.append(lambda: self._escalation.push(queued))
            occasion.after.append(lambda: self._escalation.begin(row.id))

        return Turn(replies, state, (carried(run),))

    # ---- small things

    def _in_danger(self, incoming: Incoming) -> bool:
        parse = getattr(self._dialogue, "parse", None)
        return bool(parse and len(incoming.text) > 3 and parse(incoming.text)["urgent"])

    def _unlocked(self, row: Referral, now: datetime) -> bool:
        return milliseconds(now) - row.unlocked_ms < UNLOCKED_FOR.total_seconds() * 1000

    def _language(self, row: Referral) -> str:
        return row.record.language if row.record else "fr"

    def _text(self, key: str, row: Referral) -> str:
        return self._desk.wording.text(key, self._language(row), row.secret["channel"] if row.secret else "sms")

    def _write(self, occasion: Occasion, ledger: Ledger, row: Referral, text: str) -> None:
        assert row.secret is not None
        queued = ledger.write_to(row.secret["channel"], row.secret["sender"], text)
        occasion.after.append(lambda: self._escalation.push([queued]))

    def _ledger(self, occasion: Occasion) -> Ledger:
        return Ledger(occasion.transaction, self._desk.vault, occasion.now)

    def _tell(
        self, contact: Contact, state: dict[str, Any] | None, incoming: Incoming, key: str, **values: Any
    ) -> Turn:
        language = language_for(contact, "fr")
        return Turn(self._desk.wording.replies(key, language, incoming.channel, **values), state)
