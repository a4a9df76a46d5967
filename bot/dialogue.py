"""The one way in: a message → replies, a new state, effects.

A turn: load the state · words that always work · digits and buttons against what was last offered · Rasa understands ·
danger and language are judged · Rasa's rules and our actions answer with content keys · the words are rendered.
Nothing of Rasa's that runs here waits for anything (no database, no network), so its coroutines are called to their end
on the caller's thread, one message at a time.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bot import rasa_seams
from bot.catalogue import Catalogue, LiveCatalogue
from bot.effects import (
    Count,
    DeleteSent,
    Effect,
    EraseData,
    OpenReferral,
    PutThrough,
    StopMessages,
    Turn,
)
from bot.keywords import KEYWORDS, digits, meaning
from bot.memory.conversation import Conversation
from bot.messages import Choice, Incoming, Reply, Say
from bot.rendering import render
from bot.understanding.spelling import words

DEFAULT_LANGUAGE = "fr"
UNDERSTOOD_ABOVE = 0.30
"""Below this intent confidence the message counts as not understood."""
LEAVES_ABOVE = 0.8
"""In an open question of the help path a message that may be its answer leaves only above this confidence."""
SURE_LANGUAGE = 0.75
LANGUAGE_OF_A_WORD = 0.5
"""A first message that is a word which always works (TAIMAKO) is most likely in its language: the default would be a
worse guess, and the whole help path would follow it."""
SWITCH_EVIDENCE = 0.85
MAX_SILENCES = 4
LONG_WORDS = 60
"""A message of so many words that is not understood is too long to be."""
HELP_INTENTS = frozenset(
    ("request_human", "report_own_exploitation", "report_other_person", "report_child", "report_immediate_danger")
)
REFERENCE = re.compile(r"\b\d{3}[ -]?\d{3}\b")
_PAYLOAD = re.compile(r"^/(\w+)(\{.*\})?$", re.DOTALL)
CONTEXT_PAYLOADS = frozenset(("affirm", "deny", "inform", "offer_asks", "tell_more", "stop_now", "erase_now"))
"""Payloads that mean something only while they are on offer; an old button of these kinds is not obeyed."""
NOT_OURS = frozenset(("restart", "back", "session_start", "nlu_fallback"))
"""Intents that Rasa adds to every domain; no button carries them."""
MARK = "#"
LOOKED_AT = 320
"""Characters, at each end, of a text by a sender who writes too much."""


class DialogueError(Exception):
    """The engine could not answer; the message names no text of a person."""


@dataclass
class _Draft:
    """What a turn has come to so far."""

    says: list[Say] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    ends_call: bool = False
    erased: bool = False
    closed: bool = False
    missed: bool = False
    guess: str = ""
    """The likeliest intent of a text, understood or not."""


class Dialogue:
    """Thread-safe. Build with :meth:`load` in the process that serves (after any fork)."""

    def __init__(self, agent: Any, store: Any, catalogue: LiveCatalogue) -> None:
        self._agent = agent
        self._store = store
        self._catalogue = catalogue
        self._engine = threading.Lock()
        self._intents = frozenset(agent.domain.intents) - NOT_OURS
        self._services: Any = None

    @classmethod
    def load(
        cls, model: Path, content: Path, reviewed_only: bool = False, services: Any = None, **options: Any
    ) -> Dialogue:
        """Loads a trained model and the content. ``services``: bot.actions.Services."""
        rasa_seams.install_runtime()
        from rasa.core.agent import Agent  # noqa: PLC0415

        from bot.actions import Services, all_actions  # noqa: PLC0415
        from bot.catalogue_nlg import CatalogueNlg  # noqa: PLC0415
        from bot.memory.locks import InProcessLockStore  # noqa: PLC0415
        from bot.memory.tracker_store import SnapshotTrackerStore  # noqa: PLC0415
        from bot.places import Places  # noqa: PLC0415
        from bot.rasa_seams.actions import InProcessEndpoint  # noqa: PLC0415

        catalogue = LiveCatalogue(content, reviewed_only)
        KEYWORDS.current()
        services = services or Services(Places(content / "places.yml"), **options)
        actions = all_actions(services)
        store = SnapshotTrackerStore()
        agent = Agent(
            generator=CatalogueNlg(),
            tracker_store=store,
            lock_store=InProcessLockStore(),
            action_endpoint=InProcessEndpoint(actions),
        )
        agent.load_model(model)
        store.domain = agent.domain
        dialogue = cls(agent, store, catalogue)
        dialogue._services = services
        return dialogue

    def use(self, services: Any) -> None:
        """Replaces what the actions look things up in (bot.actions.Services)."""
        from bot.actions import all_actions  # noqa: PLC0415

        self._services = services
        self._agent.action_endpoint.actions = {action.name(): action for action in all_actions(services)}

    # ---- what the doors call

    def answer(self, state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> Turn:
        """Answers one message. Raises DialogueError when the engine fails (use :meth:`error_turn` then)."""
        with self._catalogue.held() as catalogue:
            return self._answer(Conversation.load(state, now), incoming, now, catalogue)

    def _answer(self, conversation: Conversation, incoming: Incoming, now: datetime, catalogue: Catalogue) -> Turn:
        if conversation.language and conversation.language not in catalogue.languages:
            conversation.language = ""
            conversation.forget_session(now)
        if _loop(conversation) is None and conversation.broken_off_long_ago(now):
            # Others may have written since: nothing of it is offered again.
            conversation.tracker, conversation.flow_at = {}, ""
        draft = _Draft()
        try:
            self._turn(conversation, incoming, now, draft)
            if not conversation.language and draft.says[-1].key == "main_menu":
                # Nobody can read a menu in a language that is only a guess.
                draft.says = [Say("welcome"), Say("language_menu")]
            language = conversation.language or DEFAULT_LANGUAGE
            if incoming.late:
                self._for_other_eyes(conversation, draft, language, incoming.channel)
            replies = render(draft.says, catalogue, language, incoming.channel, neutral=incoming.late)
            # "We go on in Hausa", said in French for want of a recording, would be untrue.
            replies = tuple(r for r in replies if r.key != "language_set" or r.spoken == language)
        except Exception as error:
            raise DialogueError(f"{type(error).__name__} while answering") from error
        if draft.erased:
            return Turn(replies, None, tuple(draft.effects), draft.ends_call)
        self._remember(conversation, draft, replies)
        if _loop(conversation) is not None:
            conversation.flow_at = now.isoformat()
        return Turn(replies, conversation.dump(now), tuple(draft.effects), draft.ends_call)

    def _for_other_eyes(self, conversation: Conversation, draft: _Draft, language: str, channel: str) -> None:
        """What is answered late may be read by somebody else: neutral words, or the plain menu."""
        keys = self._catalogue.current()
        if not all(keys.find(say.key, language, channel).neutral for say in draft.says):
            self._end_flow(conversation)
            draft.says = [Say("resumed_menu") if conversation.language else Say("language_menu")]

    def error_turn(self, state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> Turn:
        """Says that something went wrong, without the engine; the state stays as it was."""
        conversation = Conversation.load(state, now)
        reply = self.say("technical_error", conversation.language, incoming.channel)
        return Turn((reply,), state, ends_call=False)

    def say(self, key: str, language: str | None, channel: str, **values: Any) -> Reply:
        """One content key, outside a turn."""
        catalogue = self._catalogue.current()
        code = language if language in catalogue.languages else DEFAULT_LANGUAGE
        return render([Say(key, values)], catalogue, code or DEFAULT_LANGUAGE, channel)[0]

    def parse(self, text: str) -> dict[str, Any]:
        """What a message is understood as: language, intent, signs, urgency (CONTRACT.md, ``hankali parse``)."""
        parsed: dict[str, Any] = self._parse(text)
        del parsed["perhaps_urgent"]
        return parsed

    def on_help_path(self, state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> bool:
        """Whether a message is an answer on the help path, or a button or key that leads there. Asks no model."""
        conversation = Conversation.load(state, now)
        if _loop(conversation) == "help_form" or conversation.pending:
            return True
        return parse_payload(self._payload(conversation, incoming))[0] in HELP_INTENTS

    def asks_for_help(self, text: str) -> bool:
        """Whether words ask for a person or sound like danger: one look by the model, at the ends of a long text."""
        if not words(text) or meaning(text) or digits(text):
            return False
        parsed = self._parse(_ends_of(text))
        asks = parsed["intent"] in HELP_INTENTS and parsed["confidence"] >= UNDERSTOOD_ABOVE
        return bool(asks or parsed["urgent"] or parsed["perhaps_urgent"])

    @property
    def content_problem(self) -> str:
        """Why changed content files were not taken over; empty when all is well."""
        self._catalogue.current()
        return self._catalogue.problem or KEYWORDS.problem or (self._services.places.problem if self._services else "")

    # ---- one turn

    def _turn(self, conversation: Conversation, incoming: Incoming, now: datetime, draft: _Draft) -> None:
        payload = self._payload(conversation, incoming)
        if incoming.media and not incoming.text and not payload:
            self._without_text(conversation, incoming, now, draft)
            return
        conversation.silences = 0
        if payload:
            if not conversation.language and meaning(incoming.text) not in ("", "start"):
                # START is Telegram's own word, whoever sends it.
                self._judge_language(conversation, self._parse(incoming.text), enough=LANGUAGE_OF_A_WORD)
            intent, entities = parse_payload(payload)
            if intent == "not_offered":
                draft.says.append(Say("choice_not_offered"))
                self._again(conversation, draft)
            elif intent == "old_button":
                self._again(conversation, draft)
            else:
                self._handle(conversation, incoming, now, draft, _interpretation(intent, entities))
            return
        if not words(incoming.text):
            draft.says.append(Say("empty_message"))
            self._again(conversation, draft)
            return
        parsed = self._parse(incoming.text)
        self._judge_language(conversation, parsed)
        self._route(conversation, incoming, now, draft, parsed)
        if not conversation.hinted and not draft.ends_call and _loop(conversation) != "help_form":
            # Never before the words of the help path; then with the first answer after it.
            conversation.hinted = True
            draft.says.insert(0, Say("language_hint"))

    def _payload(self, conversation: Conversation, incoming: Incoming) -> str:
        """The payload that the message stands for: a button, a key, or a word that always works."""
        if incoming.payload:
            payload, _, mark = incoming.payload.partition(MARK)
            intent, _ = parse_payload(payload)
            elsewhere = payload not in conversation.offered or mark not in ("", _mark(conversation.offered_by))
            if intent in CONTEXT_PAYLOADS and elsewhere:
                return "/old_button"
            return payload if self._means_something(payload) else "/show_menu"
        word = {
            "stop": "/stop_now", "erase": "/erase_now", "leave": "/leave_now", "help": "/request_human",
            "language": "/change_language", "start": "/show_menu", "more": "/tell_more",
            "unknown": '/inform{"answer":"unknown"}',
        }.get(meaning(incoming.text), "")  # fmt: skip
        if word:
            return word
        key = digits(incoming.text)
        if not key:
            return ""
        if key.isdigit() and 1 <= int(key) <= len(conversation.offered):
            return conversation.offered[int(key) - 1]
        fixed = {"0": "/change_language", "5": "/request_human", "9": "/repeat", "*": "/leave_now"}.get(key)
        if fixed:
            return fixed
        return "/not_offered" if conversation.offered else "/show_menu"

    def _means_something(self, payload: str) -> bool:
        """Whether a button is one of ours, and of today: its topic may be gone, and Rasa has payloads of its own."""
        intent, values = parse_payload(payload)
        topic = values.get("topic")
        return intent in self._intents and (topic is None or self._can_be_said(topic))

    def _can_be_said(self, key: str) -> bool:
        keys = self._catalogue.current()
        return any((key, code) in keys.entries for code in keys.languages)

    def _says(self, said: list[dict[str, Any]]) -> list[Say]:
        """What was said before, as far as today's content has it."""
        return [
            Say(s["key"], s["values"], _choices(s["choices"])) for s in said if all(map(self._can_be_said, _keys_of(s)))
        ]

    def _without_text(self, conversation: Conversation, incoming: Incoming, now: datetime, draft: _Draft) -> None:
        if incoming.media == "call":
            self._begin_anew(conversation, now)
            draft.says += [Say("welcome"), Say("main_menu")]
        elif incoming.media == "silence":
            conversation.silences += 1
            if conversation.silences >= MAX_SILENCES:
                draft.says += [Say("voice_callback_hint"), Say("voice_goodbye")]
                draft.ends_call = True
                conversation.silences = 0
                return
            draft.says.append(Say("voice_no_input"))
            self._again(conversation, draft)
        else:
            draft.says.append(Say("media_received"))
            self._again(conversation, draft)

    def _again(self, conversation: Conversation, draft: _Draft) -> None:
        """Asks again what was asked last; without that, the menu."""
        draft.says += self._says(conversation.said[-1:]) or [Say("main_menu")]

    def _route(
        self, conversation: Conversation, incoming: Incoming, now: datetime, draft: _Draft, parsed: dict[str, Any]
    ) -> None:
        intent = draft.guess = parsed["intent"]
        in_help = _loop(conversation) == "help_form"
        confident = parsed["confidence"] >= UNDERSTOOD_ABOVE
        pending, conversation.pending = conversation.pending, {}
        if parsed["urgent"] and intent not in HELP_INTENTS:
            intent, confident = "report_immediate_danger", True
        elif parsed["perhaps_urgent"] and not in_help and intent not in HELP_INTENTS and not pending:
            conversation.pending = {"intent": intent, "signs": parsed["signs"]}
            intent, confident = "ask_if_urgent", True
        if intent in ("affirm", "deny") and confident and _asks_yes_or_no(conversation.offered):
            # A yes or no in words is the choice.
            conversation.pending = pending
            intent, entities = parse_payload(conversation.offered[0 if intent == "affirm" else 1])
            self._handle(conversation, incoming, now, draft, _interpretation(intent, entities, parsed))
            return
        if intent == "leave_now" and in_help and not conversation.offered and parsed["confidence"] < LEAVES_ABOVE:
            # Words about what was seen ("he sleeps at the market") must not be lost for sounding like leaving.
            intent = "inform"
        elif not confident:
            intent = "nlu_fallback"
        self._handle(conversation, incoming, now, draft, _interpretation(intent, {}, parsed))

    def _handle(
        self,
        conversation: Conversation,
        incoming: Incoming,
        now: datetime,
        draft: _Draft,
        interpretation: dict[str, Any],
    ) -> None:
        intent = interpretation["intent"]["name"]
        if conversation.pending and intent in ("affirm", "deny"):
            pending, conversation.pending = conversation.pending, {}
            name = "report_immediate_danger" if intent == "affirm" else pending["intent"]
            interpretation = {**_interpretation(name, {}), "signs": pending["signs"]}
        if intent == "stop_now":
            self._stop(conversation, draft)
            return
        if intent == "erase_now":
            self._erase(draft)
            return
        if intent == "leave_now":
            self._leave(conversation, now, draft)
            return
        from bot.actions import TurnContext  # noqa: PLC0415

        interpretation["hankali"] = vars(
            TurnContext(
                incoming.channel,
                conversation.language or DEFAULT_LANGUAGE,
                incoming.country,
                now.isoformat(),
                conversation.misses,
                incoming.text,
                tuple(interpretation.get("signs") or ()),
                bool(interpretation.get("urgent")),
                interpretation.get("urgent_score", 0.0),
                conversation.kept_help(now),
            )
        )
        missed_before = conversation.misses
        messages = self._rasa_turn(incoming.conversation, conversation, interpretation)
        for message in messages:
            if draft.closed:
                break
            self._carry(message, conversation, incoming, now, draft)
        if not draft.missed and conversation.misses == missed_before:
            conversation.misses = 0
        if not draft.says:
            raise DialogueError(f"no answer to intent '{interpretation['intent']['name']}'")
        draft.effects.append(Count("intent", interpretation["intent"]["name"]))

    def _carry(
        self, message: dict[str, Any], conversation: Conversation, incoming: Incoming, now: datetime, draft: _Draft
    ) -> None:
        """One instruction of an action: words, or something to do."""
        if "say" in message:
            draft.says.append(Say(message["say"], message.get("values") or {}, _choices(message.get("choices"))))
            draft.closed = bool(message.get("final"))
            return
        what = message.get("do")
        if what == "repeat":
            draft.says += self._says(conversation.said) or [Say("nothing_to_repeat"), Say("main_menu")]
            # A loop would ask its question a second time.
            draft.closed = True
        elif what == "more":
            self._more(conversation, draft)
        elif what == "language_menu":
            named = self._language_named(message.get("words") or "")
            if named:
                self._set_language(conversation, named, draft)
            else:
                draft.says.append(Say("language_menu"))
                draft.closed = True
        elif what == "set_language":
            self._set_language(conversation, message["language"], draft)
        elif what == "not_understood":
            self._not_understood(conversation, draft, len(words(incoming.text)))
        elif what == "missed":
            conversation.misses += 1
            draft.missed = True
            draft.effects.append(Count("not_understood", draft.guess))
        elif what == "stop":
            self._stop(conversation, draft)
        elif what == "erase":
            self._erase(draft)
        elif what == "leave":
            self._leave(conversation, now, draft)
        elif what == "count":
            draft.effects.append(Count(message["name"], message.get("detail", "")))
        elif what == "open_referral":
            record = self._with_consent_text(message["record"], message.get("consent_values") or {})
            draft.effects.append(OpenReferral(message["reference"], record))
        elif what == "put_through":
            draft.effects.append(PutThrough(tuple(message["contacts"]), message["record"]))
        elif what == "forget_kept":
            conversation.kept = {}
        elif what == "end_call":
            draft.ends_call = True
        else:
            raise DialogueError(f"an action asked for '{what}'")

    def _with_consent_text(self, record: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        """The record with the consent's words as they were shown, their language, and a digest as version."""
        consent = record["consent"]
        if not consent["key"]:
            return record
        reply = self.say(consent["key"], record["language"], record["channel"], **values)
        entry = self._catalogue.current().find(consent["key"], reply.spoken, record["channel"])
        version = hashlib.sha256(entry.variant(record["channel"]).encode()).hexdigest()[:8]
        shown = {"text": reply.text, "language": reply.spoken, "version": version}
        return {**record, "consent": {**consent, **shown}}

    def _more(self, conversation: Conversation, draft: _Draft) -> None:
        keys = self._catalogue.current()
        for said in reversed(conversation.said):
            more = said["key"] + "_more"
            if any(code for code in keys.languages if (more, code) in keys.entries):
                draft.says.append(Say(more))
                return
        self._again(conversation, draft)
        draft.closed = True

    def _set_language(self, conversation: Conversation, language: str, draft: _Draft) -> None:
        if language not in self._catalogue.current().languages:
            draft.says.append(Say("language_menu"))
            draft.closed = True
            return
        first = not conversation.language
        conversation.language, conversation.evidence, conversation.hinted = language, {}, True
        draft.says.append(Say("language_set"))
        before = conversation.set_aside if _is_menu_of_languages(conversation.said) else conversation.said
        draft.says += ([] if first else self._says(before[-1:])) or [Say("main_menu")]
        draft.closed = True

    def _not_understood(self, conversation: Conversation, draft: _Draft, count: int) -> None:
        conversation.misses += 1
        draft.missed = True
        key = f"not_understood_{conversation.misses}" if conversation.misses <= 2 else "not_understood_person"
        if conversation.misses == 1 and count >= LONG_WORDS:
            key = "too_long"
        draft.says.append(Say(key))
        draft.closed = True
        draft.effects.append(Count("not_understood", draft.guess))
        if conversation.misses > 2:
            conversation.misses = 0

    def _stop(self, conversation: Conversation, draft: _Draft) -> None:
        draft.says.append(Say("stopped"))
        draft.effects.append(StopMessages())
        draft.closed = draft.ends_call = True
        self._end_flow(conversation)

    def _erase(self, draft: _Draft) -> None:
        draft.says.append(Say("erased"))
        draft.effects.append(EraseData())
        draft.closed = draft.ends_call = draft.erased = True

    def _leave(self, conversation: Conversation, now: datetime, draft: _Draft) -> None:
        draft.says.append(Say("left"))
        draft.effects.append(DeleteSent())
        draft.closed = draft.ends_call = True
        slots = _slots(conversation)
        if slots.get("help"):
            draft.says.append(Say("leave_delete_hint"))
        self._end_flow(conversation)
        if slots.get("help"):
            conversation.kept = {"help": slots["help"], "at": now.isoformat()}
        if slots.get("offer"):
            conversation.tracker = {"slots": {"offer": slots["offer"]}}

    def _begin_anew(self, conversation: Conversation, now: datetime) -> None:
        """A new call: perhaps another person. A check of an offer that was cut off is only asked about, neutrally."""
        offer = _slots(conversation).get("offer")
        conversation.forget_session(now)
        if offer:
            conversation.tracker = {"slots": {"offer": offer}}

    def _end_flow(self, conversation: Conversation) -> None:
        conversation.tracker, conversation.pending, conversation.offered = {}, {}, []
        conversation.said, conversation.set_aside = [], []

    def _remember(self, conversation: Conversation, draft: _Draft, replies: tuple[Reply, ...]) -> None:
        asked = next((reply for reply in reversed(replies) if reply.choices), None)
        kept = [s for s in draft.says if s.key not in _NOT_REPEATED]
        if asked is not None:
            conversation.offered, conversation.offered_by = [choice.payload for choice in asked.choices], asked.key
        elif kept:
            conversation.offered, conversation.offered_by = [], ""
        if kept and not draft.ends_call:
            if kept[-1].key == "language_menu" and not _is_menu_of_languages(conversation.said):
                conversation.set_aside = conversation.said
            conversation.said = [
                {"key": s.key, "values": s.values, "choices": [list(c) for c in s.choices] if s.choices else None}
                for s in kept[-3:]
            ]

    # ---- language

    def _judge_language(
        self, conversation: Conversation, parsed: dict[str, Any], enough: float = SURE_LANGUAGE
    ) -> None:
        """First message: its language when ``enough`` is sure. Later: only strong evidence over messages switches."""
        found, sure, count = parsed["language"], parsed["language_confidence"], len(words(parsed["text"]))
        if found not in self._catalogue.current().languages:
            return
        if not conversation.language:
            if sure >= enough or count >= 3:
                conversation.language = found
            return
        conversation.evidence = {
            code: share if code == found else share * 0.5 for code, share in conversation.evidence.items()
        }
        if found == conversation.language:
            conversation.evidence = {}
            return
        if sure >= SURE_LANGUAGE and count >= 2:
            total = conversation.evidence.get(found, 0.0) + sure * min(count, 6) / 6
            conversation.evidence[found] = total
            if total >= SWITCH_EVIDENCE:
                conversation.language, conversation.evidence = found, {}

    def _language_named(self, text: str) -> str:
        tokens = set(words(text))
        for code, language in self._catalogue.current().languages.items():
            names = {word for name in (language.name, *language.also) for word in words(name)}
            if tokens & names:
                return code
        return ""

    # ---- Rasa

    def _parse(self, text: str) -> dict[str, Any]:
        from rasa.core.channels.channel import UserMessage  # noqa: PLC0415

        # A typed text that begins with "/" is never a payload.
        message = UserMessage(text.lstrip("/ \n\t"), sender_id="parse")
        with self._engine:
            data = self._agent.processor._parse_message_with_graph(message, _EMPTY_TRACKER)
        return {
            "text": text,
            "language": data["language"],
            "language_confidence": round(data["language_confidence"], 4),
            "intent": data["intent"]["name"],
            "confidence": round(data["intent"]["confidence"], 4),
            "signs": data["signs"],
            "urgent": data["urgent"],
            "urgent_score": round(data["urgent_score"], 4),
            "perhaps_urgent": data["perhaps_urgent"],
        }

    def _rasa_turn(
        self, sender: str, conversation: Conversation, interpretation: dict[str, Any]
    ) -> list[dict[str, Any]]:
        from rasa.core.channels.channel import UserMessage  # noqa: PLC0415

        from bot.rasa_seams.output import InstructionChannel  # noqa: PLC0415

        channel = InstructionChannel()
        message = UserMessage("", channel, sender, parse_data=interpretation, input_channel="hankali")
        with self._engine:
            self._store.put(sender, conversation.tracker)
            try:
                _to_its_end(self._agent.handle_message(message))
            finally:
                conversation.tracker = self._store.take(sender)
        return channel.instructions


def _to_its_end(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Runs a coroutine that never waits; an event loop, and the way to its thread and back, would cost more than it."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise DialogueError("an action waited for something: effects are returned, not awaited")


_NOT_REPEATED = frozenset(
    ("language_hint", "language_set", "choice_not_offered", "empty_message", "media_received", "voice_no_input",
     "offer_corrected", "offer_answer_again", "offer_answer_words", "slow_down")
)  # fmt: skip
_EMPTY_TRACKER: Any = None


def parse_payload(payload: str) -> tuple[str, dict[str, str]]:
    """``/intent{"slot":"value"}`` → intent and values; empty intent when it is no payload."""
    match = _PAYLOAD.match(payload)
    if not match:
        return "", {}
    try:
        values = json.loads(match.group(2) or "{}")
    except ValueError:
        return "", {}
    return match.group(1), {str(k): str(v) for k, v in values.items()}


def _interpretation(intent: str, entities: dict[str, str], parsed: dict[str, Any] | None = None) -> dict[str, Any]:
    """Rasa's parse data for a turn."""
    parsed = parsed or {}
    return {
        "text": "",
        "intent": {"name": intent, "confidence": 1.0},
        "entities": [{"entity": name, "value": value} for name, value in entities.items()],
        "signs": parsed.get("signs", []),
        "urgent": parsed.get("urgent", False),
        "urgent_score": parsed.get("urgent_score", 0.0),
    }


def _ends_of(text: str) -> str:
    """Beginning and end of a text that is longer than a person in danger would write."""
    return text if len(text) <= 2 * LOOKED_AT else f"{text[:LOOKED_AT]} {text[-LOOKED_AT:]}"


def marked(payload: str, key: str) -> str:
    """What a button carries that stays on a screen: the payload and, where it means something only as the answer to
    ``key``, which question that was."""
    intent, _ = parse_payload(payload)
    return f"{payload}{MARK}{_mark(key)}" if intent in CONTEXT_PAYLOADS else payload


def _mark(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:4]


def _asks_yes_or_no(offered: list[str]) -> bool:
    """Whether the second choice declines the first."""
    return offered[1:2] == ["/deny"] or (len(offered) == 2 and offered[1] == "/show_menu")


def _is_menu_of_languages(said: list[dict[str, Any]]) -> bool:
    return bool(said) and said[-1]["key"] == "language_menu"


def _keys_of(said: dict[str, Any]) -> Iterator[str]:
    """The content keys that an instruction needs: its own, those of its choices, and those in its values."""
    yield said["key"]
    for key, _ in said["choices"] or ():
        yield key
    for value in said["values"].values():
        for item in value if isinstance(value, list | tuple) else [value] if isinstance(value, dict) else ():
            if isinstance(item, str):
                yield item.partition(":")[0]
            elif "key" in item:
                yield item["key"]


def _choices(choices: Any) -> tuple[tuple[str, str], ...] | None:
    return tuple((str(key), str(payload)) for key, payload in choices) if choices else None


def _loop(conversation: Conversation) -> str | None:
    """The active loop after the stored window."""
    tracker = conversation.tracker
    loop: str | None = tracker.get("loop")
    for event in tracker.get("events") or ():
        if event["event"] in ("active_loop", "form"):
            loop = event.get("name")
    return loop


def _slots(conversation: Conversation) -> dict[str, Any]:
    """Slot values after the stored window."""
    slots: dict[str, Any] = dict(conversation.tracker.get("slots") or {})
    for event in conversation.tracker.get("events") or ():
        if event["event"] == "slot":
            slots[event["name"]] = event["value"]
    return slots


__all__ = ["Choice", "Dialogue", "DialogueError", "Turn", "marked", "parse_payload", "replace"]
