"""The help path as a loop: danger first, then a few questions, consent, a reference (bot/referral/path.py)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from rasa_sdk import Action
from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.interfaces import ActionExecutionRejection

from bot.actions import Services, context_of, do, entity_of, intent_of, say
from bot.keywords import digits, meaning
from bot.offer import exploitation_signs
from bot.places import AMBIGUOUS_TOWNS
from bot.referral.directory import REGIONS, Contact, Directory, without_police_alone
from bot.referral.numbers import SHOWN, number_lines
from bot.referral.path import (
    ABOUT,
    CODE,
    CONSENT,
    CONTACT,
    DANGER,
    HOW,
    MAX_SEEN_CHARACTERS,
    MIN_CODE_CHARACTERS,
    SAFE,
    SEEN,
    SKIPPED,
    TIME,
    TIMES,
    WHERE,
    WHO,
    HelpState,
)  # fmt: skip
from bot.referral.record import Consent, new_reference, record_of
from bot.referral.routing import Case, Plan, plan
from bot.understanding.spelling import words

LOOP = "help_form"
ABOUT_OF_INTENT = {"report_own_exploitation": "self", "report_other_person": "other", "report_child": "child"}
HELP = frozenset((*ABOUT_OF_INTENT, "request_human", "report_immediate_danger"))
VAGUE = frozenset(("affirm", "inform", "nlu_fallback", "out_of_scope", "greet", "thank"))
"""Intents of a message that may be a badly understood answer; any other is a question that interrupts."""
OFFERS = frozenset(("check_offer", "check_offer_for_relative"))
FEW_WORDS = 3
"""So few words are no offer that somebody tells in the middle of the help path, whatever they were understood as."""
MAX_TRIES = 2
Events = list[dict[str, Any]]


def actions(services: Services) -> list[Action]:
    """The actions of this file."""
    return [HelpLoop(services)]


class HelpLoop(Action):
    """Takes the place of Rasa's form of the same name: one state in one slot, decisions in bot/referral/path.py."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def name(self) -> str:
        return LOOP

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> Events:
        turn = _HelpTurn(self._services, dispatcher, tracker)
        stored = tracker.get_slot("help") or {}
        if (tracker.active_loop or {}).get("name") != LOOP:
            return turn.start(stored)
        if tracker.latest_action_name != "action_listen":
            return turn.return_to(stored)
        if stored.get("resume"):
            return turn.resume(stored)
        return turn.listen(HelpState.from_dict(stored))


class _HelpTurn:
    """One turn of the loop."""

    def __init__(self, services: Services, dispatcher: Any, tracker: Any) -> None:
        self._services = services
        self._dispatcher = dispatcher
        self._tracker = tracker
        self._context = context_of(tracker)
        self._now = datetime.fromisoformat(self._context.at)
        self._intent = intent_of(tracker)
        self._directory: Directory | None = services.directory.current() if services.directory else None
        self._noticed = False

    # ---- entries

    def start(self, stored: dict[str, Any]) -> Events:
        """The path begins, or an interrupted one is offered again."""
        state = self._hear(HelpState())
        if self._intent == "report_own_exploitation" and self._answered_no():
            # "Is somebody in danger now?" was just answered.
            state = state.tell(DANGER, "no")
        earlier = stored or self._context.kept_help
        if earlier and (earlier.get("answers") or earlier.get("told")) and not state.in_danger:
            self._say("help_interrupted")
            return [ActiveLoop(LOOP), SlotSet("help", {**earlier, "resume": True})]
        return self._begin(state)

    def resume(self, stored: dict[str, Any]) -> Events:
        """The answer to "shall we go on?"."""
        earlier = HelpState.from_dict({k: v for k, v in stored.items() if k != "resume"})
        do(self._dispatcher, "forget_kept")
        if self._intent == "report_immediate_danger" or self._context.urgent:
            return self._begin(self._hear(earlier))
        if self._intent == "affirm":
            return self._ask(earlier)
        if self._intent == "deny" or self._intent in HELP:
            return self._begin(self._hear(HelpState()))
        raise ActionExecutionRejection(LOOP)

    def return_to(self, stored: dict[str, Any]) -> Events:
        """After the answer to an interrupting question the path asks again."""
        if stored.get("resume"):
            self._say("help_interrupted")
            return [ActiveLoop(LOOP)]
        state = HelpState.from_dict(stored)
        if state.paused or self._directory is None:
            return [ActiveLoop(LOOP)]
        return self._ask(state)

    def listen(self, state: HelpState) -> Events:
        """An answer, or something else said in the middle of the path."""
        if self._directory is None or state.paused:
            return self._listen_paused(state)
        step = state.current(self._context.channel)
        if step is None:
            return self._ask(state)
        if self._intent == "request_human" and self._context.channel == "voice" and step != CODE:
            self._put_through(state)
        if self._intent == "go_back" and step != CODE:
            return self._back(state)
        if "self_harm" in self._context.signs and "self_harm" not in state.signs:
            return self._self_harm(self._hear(state))
        value, heard = self._understand(step, state)
        urgent = self._intent == "report_immediate_danger" or self._context.urgent
        code_given = step == CODE and value is not None
        if urgent and step != DANGER and not code_given and not state.in_danger:
            if not (step == SEEN and value is not None):
                # What was seen may sound worse than it is now: there the person's own answer about danger stands.
                heard = self._hear(heard)
            self._numbers(heard)
            heard = self._alert_by_policy(heard)
        if value is not None:
            return self._answered(heard, step, value)
        if heard is not state:
            return self._ask(heard)
        return self._not_an_answer(state, step)

    # ---- beginnings

    def _begin(self, state: HelpState) -> Events:
        self._notice()
        if self._directory is None:
            self._say("emergency_none")
            return [ActiveLoop(LOOP)]
        if "self_harm" in state.signs:
            return self._self_harm(state)
        if state.in_danger or self._context.urgent:
            self._numbers(state)
        elif self._harm_is_over(state):
            self._say("help_return_self")
            told = state.tell(DANGER, "no")
            return [ActiveLoop(LOOP), SlotSet("help", replace(told, paused="help_return_self").to_dict())]
        return self._ask(self._alert_by_policy(state))

    def _harm_is_over(self, state: HelpState) -> bool:
        free_text = len(words(self._context.words)) > 2
        return self._intent == "report_own_exploitation" and free_text and not self._context.urgent

    def _answered_no(self) -> bool:
        return len(words(self._context.words)) <= 2 and bool(self._context.words)

    def _self_harm(self, state: HelpState) -> Events:
        self._notice()
        self._say("help_self_harm", {"contacts": number_lines(self._public(("health", "emergency"), state))})
        return [ActiveLoop(LOOP), SlotSet("help", replace(state, paused="help_self_harm").to_dict())]

    def _listen_paused(self, state: HelpState) -> Events:
        if self._intent in HELP or (self._intent == "affirm" and state.paused):
            state = self._hear(replace(state, paused=""))
            urgent = self._intent == "report_immediate_danger" or self._context.urgent
            if self._directory is None:
                return self._begin(state)
            if urgent:
                self._numbers(state)
            return self._ask(self._alert_by_policy(state))
        raise ActionExecutionRejection(LOOP)

    def _hear(self, state: HelpState) -> HelpState:
        """What the message itself already says: signs, danger, about whom, the place."""
        context = self._context
        state = state.hear(tuple(s for s in context.signs if s in exploitation_signs()))
        if self._intent == "report_immediate_danger":
            state = state.tell(DANGER, "yes")
        if self._intent in ABOUT_OF_INTENT and not state.about:
            state = state.tell(WHO, ABOUT_OF_INTENT[self._intent])
        if len(words(context.words)) > 1 and not meaning(context.words):
            found = self._services.places.find(context.words)
            if found and found.name not in AMBIGUOUS_TOWNS:
                state = state.tell(WHERE, f"{found.country}/{found.region}")
        return state

    # ---- answers

    def _understand(self, step: str, state: HelpState) -> tuple[str | None, HelpState]:
        """The value that the message gives to ``step`` (None: none), and the state with what else it says."""
        if step in (WHERE, SEEN, CODE):
            return getattr(self, f"_understand_{step}")(state)  # type: ignore[no-any-return]
        answer = entity_of(self._tracker, "answer")
        if step in (DANGER, SAFE, CONTACT, CONSENT):
            said = answer or {"affirm": "yes", "deny": "no"}.get(self._intent, "")
            if said == "unknown":
                # Not knowing is a no to sharing and a maybe to danger; nobody is left without the numbers.
                said = {DANGER: "yes", CONTACT: "no", CONSENT: "no"}.get(step, "")
            if step == DANGER and self._intent == "report_immediate_danger":
                said = "yes"
            if step == CONSENT and self._half_a_yes(said):
                said = ""
            return said or None, state
        name, allowed = {
            WHO: ("about", ABOUT),
            HOW: ("contact", ("message", "call")),
            TIME: ("time", TIMES),
        }[step]
        value = entity_of(self._tracker, name) or _word_answer(name, self._context.words)
        if step == WHO and not value:
            value = ABOUT_OF_INTENT.get(self._intent, "")
        if value in allowed:
            return value, state
        skips = step in (HOW, TIME) and (answer == "unknown" or _word_answer("skip", self._context.words))
        return (SKIPPED if skips else None), state

    def _half_a_yes(self, said: str) -> bool:
        """Consent is a button, a key, or a yes that says nothing else. A no that begins as a yes ("oui mais non") is
        asked again like any other half a yes: taken for a refusal, nobody would come."""
        text = self._context.words
        if said == "yes":
            return bool(text) and not digits(text) and not _word_answer("agree", text)
        tokens = words(text)
        return any(_word_answer("agree", " ".join(tokens[:count])) for count in range(1, len(tokens)))

    def _understand_where(self, state: HelpState) -> tuple[str | None, HelpState]:
        text = self._context.words
        region, place = entity_of(self._tracker, "region"), entity_of(self._tracker, "place")
        if region in REGIONS:
            return f"NE/{region}", state
        if place == "list" or _word_answer("regions", text) == "regions":
            return None, replace(state, listing=True)
        if place == "skip" or self._intent == "deny" or _word_answer("skip", text):
            return SKIPPED, state
        if entity_of(self._tracker, "answer") == "unknown":
            return SKIPPED, state
        if not text or meaning(text) or digits(text):
            return None, state
        found = self._services.places.find(text)
        if found is None:
            return None, state
        reporter = state.about in ("other", "child") and not state.seen
        if reporter and len(words(text)) >= 5:
            state = replace(self._hear(state), seen=text[:MAX_SEEN_CHARACTERS])
        return f"{found.country}/{found.region}", state

    def _understand_seen(self, state: HelpState) -> tuple[str | None, HelpState]:
        text = self._context.words.strip()
        if self._skipped(text):
            return SKIPPED, state
        if not text or digits(text) or meaning(text) or (text.endswith("?") and self._intent.startswith("ask_")):
            return None, state
        signs = tuple(s for s in self._context.signs if s in exploitation_signs())
        return "said", replace(state.hear(signs), seen=text[:MAX_SEEN_CHARACTERS])

    def _understand_code(self, state: HelpState) -> tuple[str | None, HelpState]:
        text = self._context.words.strip()
        if self._skipped(text):
            return SKIPPED, state
        usable = len(text) >= MIN_CODE_CHARACTERS and len(words(text)) <= 3 and not meaning(text)
        return (text if usable else None), state

    def _skipped(self, text: str) -> bool:
        unknown = entity_of(self._tracker, "answer") == "unknown"
        return digits(text) == "2" or self._intent == "deny" or unknown or bool(_word_answer("skip", text))

    def _answered(self, state: HelpState, step: str, value: str) -> Events:
        state = state.answer(step, value)
        if step == DANGER and value == "yes":
            self._numbers(state)
            state = self._alert_by_policy(state)
        elif step == SAFE and value == "no":
            do(self._dispatcher, "end_call")
            self._say("help_not_safe", final=True)
            return [ActiveLoop(None), SlotSet("help", replace(state, answers=state.answers[:-1]).to_dict())]
        elif step == SAFE and not state.in_danger and self._context.channel != "sms":
            self._say("help_stop_anytime")
        elif step == WHO:
            state = self._alert_by_policy(state)
        elif step == CONSENT:
            return self._open(state) if value == "yes" else self._refused(state)
        return self._ask(state)

    def _not_an_answer(self, state: HelpState, step: str) -> Events:
        if self._intent in HELP:
            return self._ask(self._hear(state))
        key_alone = bool(digits(self._context.words)) and self._intent in ("show_menu", "not_offered")
        misheard = self._intent in OFFERS and len(words(self._context.words)) <= FEW_WORDS
        if self._intent not in VAGUE and not misheard and not key_alone and not (step == CODE and self._context.words):
            raise ActionExecutionRejection(LOOP)
        if state.tries + 1 >= MAX_TRIES and step in (WHERE, SEEN, HOW, TIME, CODE):
            return self._ask(state.answer(step, SKIPPED))
        if state.tries + 1 > MAX_TRIES:
            raise ActionExecutionRejection(LOOP)
        self._say("help_answer_again")
        return self._ask(replace(state.missed(), listing=state.listing or step == WHERE))

    def _back(self, state: HelpState) -> Events:
        before = state.back()
        if before is None:
            self._say("back_nothing")
            return self._ask(state)
        return self._ask(before)

    # ---- questions

    def _ask(self, state: HelpState) -> Events:
        self._notice()
        channel = self._context.channel
        step = state.current(channel)
        values: dict[str, Any] = {}
        choices: list[tuple[str, str]] | None = None
        key = {
            DANGER: "help_in_danger", SAFE: "help_safe_to_talk", WHO: "help_who", SEEN: "help_what_seen",
            CONTACT: "help_contact", HOW: "help_contact_how", TIME: "help_safe_time", CODE: "help_code_word",
        }.get(step or "", "")  # fmt: skip
        if step == WHERE:
            key = "help_regions" if state.listing else f"help_where_{state.about or 'self'}"
            choices = _region_choices() if state.listing else _WHERE_CHOICES
        elif step == HOW and channel == "voice":
            choices = _HOW_BY_VOICE
        elif step == CONSENT:
            key, values = f"help_consent_{state.about or 'self'}", self._consent_values(state)
        self._say(key, values, choices)
        return [ActiveLoop(LOOP), SlotSet("help", state.to_dict())]

    def _consent_values(self, state: HelpState) -> dict[str, Any]:
        steps = self._plan(state).steps
        kind = "child_protection" if steps and "child_protection" in steps[0].contact.kinds else "referral"
        return {"contact_kind": {"key": f"kind_{kind}"}}

    # ---- numbers and the end

    def _numbers(self, state: HelpState) -> None:
        """Emergency contacts, at once: of the place that was named, else of the number's country, else of all."""
        self._notice()
        assert self._directory is not None
        country, region = state.place
        country = country or self._context.country
        contacts = self._shown(self._directory.emergency(country, region, state.age, self._today()))
        if contacts and country:
            self._say("emergency_numbers", {"contacts": number_lines(contacts)})
            return
        contacts = self._shown(self._directory.emergency("", "", state.age, self._today()))
        if contacts:
            self._say("emergency_numbers_all", {"contacts": number_lines(contacts, with_country=True)})
        else:
            self._say("emergency_none")

    def _public(self, kinds: tuple[str, ...], state: HelpState) -> list[Contact]:
        assert self._directory is not None
        country, region = state.place
        found = self._directory.public(kinds, country or self._context.country, region, state.age, self._today())
        return self._shown(found)[:SHOWN]

    def _shown(self, contacts: list[Contact]) -> list[Contact]:
        """A test service reads out no fictional number."""
        if self._services.test_service:
            contacts = [c for c in contacts if not c.example]
        return without_police_alone(contacts)

    def _plan(self, state: HelpState) -> Plan:
        assert self._directory is not None
        country, region = state.place
        case = Case(country or self._context.country, region, state.age, self._context.language, state.in_danger)
        return plan(self._directory, case, self._now)

    def _alert_by_policy(self, state: HelpState) -> HelpState:
        """An operator's policy may alert for danger or a child before consent; the basis is recorded with it."""
        policy = self._services.without_consent
        applies = ("danger" in policy and state.in_danger) or ("child" in policy and state.about == "child")
        if not applies or state.reference or self._services.test_service:
            return state
        state = replace(state, reference=new_reference())
        now = self._now
        consent = Consent("", "policy", now.isoformat(timespec="seconds"), basis=self._services.legal_basis)
        self._refer(state, consent, {})
        self._say("help_alerted")
        return state

    def _open(self, state: HelpState) -> Events:
        do(self._dispatcher, "forget_kept")
        if self._services.test_service:
            self._noticed = True
            self._say("help_reference_demo")
            return _ENDED
        state = replace(state, reference=state.reference or new_reference())
        now = self._now
        consent = Consent(f"help_consent_{state.about or 'self'}", "yes", now.isoformat(timespec="seconds"))
        self._refer(state, consent, self._consent_values(state))
        steps = self._plan(state).steps
        numbers = [s.contact for s in steps if s.contact.public_phone and not s.contact.expired(self._today())]
        values = {"reference": {"reference": state.reference}, "when": self._when(state)}
        if numbers:
            self._say("help_reference", {**values, "contacts": number_lines(numbers[:2])})
        else:
            self._say("help_reference_no_number", values)
        do(self._dispatcher, "count", name="referral", detail=state.urgency)
        return _ENDED

    def _put_through(self, state: HelpState) -> None:
        """Key 5 in the middle of the path: a person, now. In danger the emergency contacts before all others."""
        if self._services.test_service:
            return
        assert self._directory is not None
        country, region = state.place
        contacts = [step.contact for step in self._plan(state).steps]
        if state.in_danger:
            found = self._directory.emergency(country or self._context.country, region, state.age, self._today())
            contacts = [contact for contact in found if not contact.police] + contacts
        consent = Consent("voice_message_offer", "yes", self._now.isoformat(timespec="seconds"))
        reference = state.reference or new_reference()
        record = self._record(state, reference, consent)
        do(self._dispatcher, "put_through", contacts=[contact.id for contact in contacts], record=record)

    def _when(self, state: HelpState) -> dict[str, Any]:
        """When an answer can be expected, by urgency and by the hours of who is alerted; never if none was wanted."""
        assert self._directory is not None
        steps, now = self._plan(state).steps, self._now
        if state.value(CONTACT) == "no":
            return {"key": "when_asked"}
        if not steps:
            return {"key": "when_open"}
        # In danger everybody is alerted in turn within the hour, so it is enough that one of them is there.
        answering = steps if state.in_danger else steps[:1]
        if any(self._directory.open_at(step.contact, now) for step in answering):
            return {"key": "when_hour" if state.in_danger else "when_hours" if state.urgency == "high" else "when_day"}
        opens = self._directory.local(min(self._directory.next_open(step.contact, now) for step in answering))
        today = self._directory.local(now).isoformat()
        return {"key": "when_open_at", "moment": {"moment": opens.isoformat(), "from": today}}

    def _refer(self, state: HelpState, consent: Consent, consent_values: dict[str, Any]) -> None:
        fields = self._record(state, state.reference, consent)
        do(self._dispatcher, "open_referral", reference=state.reference, record=fields, consent_values=consent_values)

    def _record(self, state: HelpState, reference: str, consent: Consent) -> dict[str, Any]:
        context = self._context
        record = record_of(
            state,
            reference,
            channel=context.channel,
            language=context.language,
            consent=consent,
            now=self._now,
        )
        fields = record.to_dict()
        if not fields["country"] and state.about in ("", "self"):
            fields["country"] = context.country
        return fields

    def _refused(self, state: HelpState) -> Events:
        do(self._dispatcher, "forget_kept")
        assert self._directory is not None
        contacts = [s.contact for s in self._plan(state).steps if s.contact.public_phone]
        contacts = [c for c in self._shown(contacts) if not c.expired(self._today())][:2]
        if contacts:
            self._say("help_refused", {"contacts": number_lines(contacts)})
        else:
            self._say("help_refused_no_number")
        return _ENDED

    # ---- small things

    def _today(self) -> Any:
        assert self._directory is not None
        return self._directory.local(self._now).date()

    def _notice(self) -> None:
        """A test service says so before anything else."""
        if self._services.test_service and not self._noticed:
            self._noticed = True
            say(self._dispatcher, "demo_notice")

    def _say(
        self,
        key: str,
        values: dict[str, Any] | None = None,
        choices: list[tuple[str, str]] | None = None,
        final: bool = False,
    ) -> None:
        self._notice()
        say(self._dispatcher, key, values, choices, final)


_ENDED: Events = [ActiveLoop(None), SlotSet("help", None)]
_WHERE_CHOICES = [("choice_regions", '/inform{"place":"list"}'), ("choice_skip", '/inform{"place":"skip"}')]
_HOW_BY_VOICE = [("choice_call", '/inform{"contact":"call"}'), ("choice_sms", '/inform{"contact":"message"}')]


def _region_choices() -> list[tuple[str, str]]:
    """Eight regions around key 5, which is a person on every menu."""
    choices = [(f"region_{region}", f'/inform{{"region":"{region}"}}') for region in REGIONS if region != "abroad"]
    return [*choices[:4], ("choice_person", "/request_human"), *choices[4:]]


@cache
def _answer_words() -> dict[str, dict[str, str]]:
    """Answer name → folded phrase → value."""
    file = Path(__file__).parent.parent / "referral" / "answers.yml"
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    table: dict[str, dict[str, str]] = {}
    for name, values in data.items():
        named = values if isinstance(values, dict) else {name: values}
        table[name] = {"".join(words(str(form))): value for value, forms in named.items() for form in forms}
    return table


def _word_answer(name: str, text: str) -> str:
    """The value that a whole message says in words, or empty."""
    return _answer_words()[name].get("".join(w for w in words(text) if w != "?"), "")
