"""The offer check as a loop: asks, listens to free text, goes back, resumes, and tells the result (bot/offer.py)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rasa_sdk import Action
from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.interfaces import ActionExecutionRejection

from bot.actions import Services, context_of, do, entity_of, intent_of, say
from bot.offer import QUESTIONS, UNVERIFIED, OfferState, exploitation_signs, weights

STARTS = {"check_offer": False, "check_offer_for_relative": True}
MAX_TRIES = 2
HARM_ABOVE = 0.02
"""Below this urgency a sign of harm in the words of an offer is a mishearing. An answer by key has none: who has just
said that nobody is in danger is not asked again."""
OFTEN_OF_AN_OFFER = frozenset(("documents_kept", "phone_taken", "debt_bondage"))
"""Signs of harm that sound like what an offer asks for: there the questions go on."""
HEARD_SIGNS, HEARD_SIGNS_BEFORE_CHILD, HEARD_SIGNS_BEFORE_ASKS, HEARD_ASKS = 6, 3, 2, 2
"""How many a listener is told at a time: about 20 seconds before the first choice."""


def actions(services: Services) -> list[Action]:
    """The actions of this file."""
    return [OfferLoop(), OfferAsks()]


class OfferLoop(Action):
    """Takes the place of Rasa's form of the same name: one state in one slot, decisions in bot/offer.py."""

    def name(self) -> str:
        return "offer_form"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        stored = tracker.get_slot("offer")
        if (tracker.active_loop or {}).get("name") != self.name():
            return self._start(dispatcher, tracker, stored)
        if tracker.latest_action_name != "action_listen":
            return self._ask(
                dispatcher, tracker, OfferState.from_dict(stored or {}), resuming=bool((stored or {}).get("resume"))
            )
        if (stored or {}).get("resume"):
            return self._resume(dispatcher, tracker, stored)
        if (stored or {}).get("help"):
            return self._after_help_offer(dispatcher, tracker, stored)
        return self._listen(dispatcher, tracker, OfferState.from_dict(stored or {}))

    def _start(self, dispatcher: Any, tracker: Any, stored: dict[str, Any] | None) -> list[dict[str, Any]]:
        told = offer_signs(context_of(tracker).signs)
        relative = STARTS.get(intent_of(tracker), False)
        if stored and not told and (stored.get("answers") or stored.get("told")):
            return self._ask(dispatcher, tracker, OfferState.from_dict(stored), resuming=True)
        state = OfferState(relative=relative).hear(told)
        if self._urgent_sign(tracker, state):
            return self._offer_help(dispatcher, state)
        if state.told:
            self._heard(dispatcher, tracker, state.signs())
        else:
            say(dispatcher, "offer_start_relative" if relative else "offer_start")
        return self._ask(dispatcher, tracker, state)

    def _resume(self, dispatcher: Any, tracker: Any, stored: dict[str, Any]) -> list[dict[str, Any]]:
        intent = intent_of(tracker)
        if intent == "affirm":
            return self._ask(dispatcher, tracker, OfferState.from_dict(stored))
        if intent in ("deny", *STARTS):
            if intent == "deny":
                say(dispatcher, "main_menu", final=True)
                return [ActiveLoop(None), SlotSet("offer", None)]
            return self._ask(
                dispatcher, tracker, OfferState(STARTS[intent]).hear(offer_signs(context_of(tracker).signs))
            )
        raise ActionExecutionRejection(self.name())

    def _urgent_sign(self, tracker: Any, state: OfferState) -> bool:
        """A sign of exploitation was told that is no danger now; one offer of help is enough."""
        context = context_of(tracker)
        told = set(context.signs) & exploitation_signs() - OFTEN_OF_AN_OFFER
        return bool(told) and context.urgent_score >= HARM_ABOVE and not state.help_offered

    def _offer_help(self, dispatcher: Any, state: OfferState) -> list[dict[str, Any]]:
        say(dispatcher, "offer_danger_help")
        kept = replace(state, help_offered=True).to_dict()
        return [ActiveLoop(self.name()), SlotSet("offer", {**kept, "help": True})]

    def _after_help_offer(self, dispatcher: Any, tracker: Any, stored: dict[str, Any]) -> list[dict[str, Any]]:
        state = OfferState.from_dict(stored)
        if intent_of(tracker) == "deny" or entity_of(tracker, "answer") == "unknown":
            return self._ask(dispatcher, tracker, state)
        if intent_of(tracker) in (*STARTS, "go_back", "inform", "nlu_fallback"):
            return self._listen(dispatcher, tracker, state)
        raise ActionExecutionRejection(self.name())

    def _listen(self, dispatcher: Any, tracker: Any, state: OfferState) -> list[dict[str, Any]]:
        intent, context = intent_of(tracker), context_of(tracker)
        told, relative = offer_signs(context.signs), STARTS.get(intent, False)
        answer = entity_of(tracker, "answer") or {"affirm": "yes", "deny": "no"}.get(intent, "")
        if intent == "go_back":
            before = state.back()
            if before is None:
                say(dispatcher, "back_nothing")
                return self._ask(dispatcher, tracker, state)
            say(dispatcher, "offer_corrected")
            return self._ask(dispatcher, tracker, before)
        if answer:
            question = state.current()
            if state.which and answer in ("yes", "unknown"):
                answer = "both" if answer == "yes" else "yes"
            allowed = ("yes", "no", "unknown", "both", *(question.signs if question else ()))
            if answer in allowed:
                return self._ask(dispatcher, tracker, state.answer(answer).hear(told))
        if intent in (*STARTS, "inform", "nlu_fallback") and self._urgent_sign(tracker, state):
            return self._offer_help(dispatcher, replace(state.hear(told), relative=state.relative or relative))
        if intent == "goodbye":
            say(dispatcher, "offer_stopped")
            say(dispatcher, "goodbye", final=True)
            return [ActiveLoop(None)]
        if told and (intent in STARTS or intent in ("inform", "nlu_fallback")):
            heard = replace(state.hear(told), relative=state.relative or relative)
            known = set(state.signs()) - (set(question_signs(state)) if state.which else set())
            fresh = tuple(sign for sign in told if sign not in known)
            if fresh:
                self._heard(dispatcher, tracker, fresh)
            return self._ask(dispatcher, tracker, heard)
        if intent in STARTS:
            # "It is for my sister": the questions go on in her words.
            return self._ask(dispatcher, tracker, replace(state, relative=state.relative or relative))
        if intent in ("inform", "nlu_fallback") and context.misses < MAX_TRIES:
            say(dispatcher, "offer_answer_words" if context.misses else "offer_answer_again")
            do(dispatcher, "missed")
            return self._ask(dispatcher, tracker, state)
        raise ActionExecutionRejection(self.name())

    def _ask(self, dispatcher: Any, tracker: Any, state: OfferState, resuming: bool = False) -> list[dict[str, Any]]:
        kept = state.to_dict()
        if resuming:
            say(dispatcher, "offer_resume")
            return [ActiveLoop(self.name()), SlotSet("offer", {**kept, "resume": True})]
        if (tracker.get_slot("offer") or {}).get("help") and tracker.latest_action_name != "action_listen":
            # Something else was asked and answered while help was on offer.
            return self._offer_help(dispatcher, state)
        question = state.current()
        if question is None:
            return self._tell(dispatcher, state, context_of(tracker).channel)
        key = question.which_key if state.which else question.key
        say(dispatcher, key + ("_relative" if state.relative and not state.which else ""))
        return [ActiveLoop(self.name()), SlotSet("offer", kept)]

    def _heard(self, dispatcher: Any, tracker: Any, signs: tuple[str, ...]) -> None:
        shown = [f"sign_{sign}" for sign in signs]
        if context_of(tracker).channel == "voice":
            shown = _named(shown[:HEARD_SIGNS_BEFORE_CHILD])
        say(dispatcher, "offer_heard", {"signs": shown})

    def _tell(self, dispatcher: Any, state: OfferState, channel: str) -> list[dict[str, Any]]:
        signs, grade = state.signs(), state.grade()
        shown, asks = [f"sign_{sign}" for sign in signs], list(state.asks())
        if channel == "voice":
            # Named, a child who travels first, then the heaviest, as long as one listens; the rest point by point, with
            # "what to ask".
            shown.sort(key=lambda key: key != "sign_child_travels")
            room = HEARD_SIGNS_BEFORE_CHILD if "child_travels" in signs else HEARD_SIGNS
            if grade == "unknown":
                # That something is unknown is what this result says anyway.
                shown = [key for key in shown if key != f"sign_{UNVERIFIED}"]
                room, asks = HEARD_SIGNS_BEFORE_ASKS, asks[:1] if shown else asks
            shown, asks = _named(shown[:room]), asks[:HEARD_ASKS]
        say(dispatcher, f"offer_result_{grade}", {"signs": shown, "asks": asks})
        if "child_travels" in signs:
            say(dispatcher, "offer_child_help")
        do(dispatcher, "count", name="offer", detail=grade)
        result = {"signs": list(signs), "asks": list(state.asks()), "grade": grade}
        return [ActiveLoop(None), SlotSet("offer", None), SlotSet("offer_result", result)]


class OfferAsks(Action):
    """What to check and ask the recruiter next: by SMS the reasons first, by telephone point by point."""

    def name(self) -> str:
        return "action_offer_asks"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        result = tracker.get_slot("offer_result")
        if not result:
            say(dispatcher, "main_menu")
            return []
        reasons = [f"sign_{sign}" for sign in result["signs"] if sign != UNVERIFIED]
        asks = result["asks"] or [ask for question in QUESTIONS[:4] for ask in question.asks]
        channel = context_of(tracker).channel
        if channel == "voice":
            points = _points(reasons, asks)
            at = result.get("heard", 0) % len(points)
            if at < len(points) - 1:
                say(dispatcher, "offer_why", {"reasons": points[at]})
            else:
                say(dispatcher, "offer_asks", {"asks": points[at]})
            return [SlotSet("offer_result", {**result, "heard": at + 1})]
        if reasons and channel == "sms":
            say(dispatcher, "offer_why", {"reasons": [f"{key}:voice" for key in reasons]})
        say(dispatcher, "offer_asks", {"asks": asks})
        return []


def question_signs(state: OfferState) -> tuple[str, ...]:
    """The signs that the current question asks about."""
    question = state.current()
    return question.signs if question else ()


def _points(reasons: list[str], asks: list[str]) -> list[list[str]]:
    """What a listener hears at a time: a reason with what to ask about it, or two things to ask."""
    with_reason = [[key, f"{key}_ask"] for key in reasons]
    others = [ask for ask in asks if ask.removesuffix("_ask") not in reasons]
    return with_reason + [others[i : i + HEARD_ASKS] for i in range(0, len(others), HEARD_ASKS)]


def _named(signs: list[str]) -> list[str]:
    """The names of signs, without the reasons: the words of the SMS."""
    return [f"{key}:sms" for key in signs]


def offer_signs(signs: tuple[str, ...]) -> tuple[str, ...]:
    """The signs of an offer among those found in a text."""
    return tuple(sign for sign in signs if sign in weights() and sign not in exploitation_signs())
