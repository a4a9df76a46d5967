"""The offer check as a loop: asks, listens to free text, goes back, resumes, and tells the result (bot/offer.py)."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action
from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.interfaces import ActionExecutionRejection

from bot.actions import Services, context_of, do, entity_of, intent_of, say
from bot.offer import QUESTIONS, UNVERIFIED, OfferState, exploitation_signs, weights

STARTS = {"check_offer": False, "check_offer_for_relative": True}
MAX_TRIES = 2


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
                dispatcher, OfferState.from_dict(stored or {}), resuming=bool((stored or {}).get("resume"))
            )
        if (stored or {}).get("resume"):
            return self._resume(dispatcher, tracker, stored)
        return self._listen(dispatcher, tracker, OfferState.from_dict(stored or {}))

    def _start(self, dispatcher: Any, tracker: Any, stored: dict[str, Any] | None) -> list[dict[str, Any]]:
        told = offer_signs(context_of(tracker).signs)
        relative = STARTS.get(intent_of(tracker), False)
        if stored and not told and (stored.get("answers") or stored.get("told")):
            return self._ask(dispatcher, OfferState.from_dict(stored), resuming=True)
        state = OfferState(relative=relative).hear(told)
        if state.told:
            say(dispatcher, "offer_heard", {"signs": [f"sign_{sign}" for sign in state.signs()]})
        else:
            say(dispatcher, "offer_start_relative" if relative else "offer_start")
        return self._ask(dispatcher, state)

    def _resume(self, dispatcher: Any, tracker: Any, stored: dict[str, Any]) -> list[dict[str, Any]]:
        intent = intent_of(tracker)
        if intent == "affirm":
            return self._ask(dispatcher, OfferState.from_dict(stored))
        if intent in ("deny", *STARTS):
            if intent == "deny":
                say(dispatcher, "main_menu", final=True)
                return [ActiveLoop(None), SlotSet("offer", None)]
            return self._ask(dispatcher, OfferState(STARTS[intent]).hear(offer_signs(context_of(tracker).signs)))
        raise ActionExecutionRejection(self.name())

    def _listen(self, dispatcher: Any, tracker: Any, state: OfferState) -> list[dict[str, Any]]:
        intent, context = intent_of(tracker), context_of(tracker)
        told = offer_signs(context.signs)
        answer = entity_of(tracker, "answer") or {"affirm": "yes", "deny": "no"}.get(intent, "")
        if intent == "go_back":
            before = state.back()
            if before is None:
                say(dispatcher, "back_nothing")
                return self._ask(dispatcher, state)
            say(dispatcher, "offer_corrected")
            return self._ask(dispatcher, before)
        if answer:
            question = state.current()
            if state.which and answer in ("yes", "unknown"):
                answer = "both" if answer == "yes" else "yes"
            allowed = ("yes", "no", "unknown", "both", *(question.signs if question else ()))
            if answer in allowed:
                return self._ask(dispatcher, state.answer(answer).hear(told))
        if told and (intent in STARTS or intent in ("inform", "nlu_fallback")):
            heard = state.hear(told)
            if heard != state:
                say(dispatcher, "offer_heard", {"signs": [f"sign_{s}" for s in heard.told if s not in state.told]})
            return self._ask(dispatcher, heard)
        if intent in STARTS:
            return self._ask(dispatcher, state)
        if intent in ("inform", "nlu_fallback") and context.misses < MAX_TRIES:
            say(dispatcher, "offer_answer_again")
            do(dispatcher, "missed")
            return self._ask(dispatcher, state)
        raise ActionExecutionRejection(self.name())

    def _ask(self, dispatcher: Any, state: OfferState, resuming: bool = False) -> list[dict[str, Any]]:
        kept = state.to_dict()
        if resuming:
            say(dispatcher, "offer_resume")
            return [ActiveLoop(self.name()), SlotSet("offer", {**kept, "resume": True})]
        question = state.current()
        if question is None:
            return self._tell(dispatcher, state)
        key = question.which_key if state.which else question.key
        say(dispatcher, key + ("_relative" if state.relative and not state.which else ""))
        return [ActiveLoop(self.name()), SlotSet("offer", kept)]

    def _tell(self, dispatcher: Any, state: OfferState) -> list[dict[str, Any]]:
        signs, grade = state.signs(), state.grade()
        shown = [f"sign_{sign}" for sign in signs]
        say(dispatcher, f"offer_result_{grade}", {"signs": shown, "asks": list(state.asks())})
        if "child_travels" in signs:
            say(dispatcher, "offer_child_help")
        do(dispatcher, "count", name="offer", detail=grade)
        result = {"signs": list(signs), "asks": list(state.asks()), "grade": grade}
        return [ActiveLoop(None), SlotSet("offer", None), SlotSet("offer_result", result)]


class OfferAsks(Action):
    """What to check and ask the recruiter next; where the screen is small, the reasons first."""

    def name(self) -> str:
        return "action_offer_asks"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        result = tracker.get_slot("offer_result")
        if not result:
            say(dispatcher, "main_menu")
            return []
        reasons = [f"sign_{sign}" for sign in result["signs"] if sign != UNVERIFIED]
        asks = result["asks"] or [f"sign_{q.signs[0]}_ask" for q in QUESTIONS[:4]]
        if reasons and context_of(tracker).channel != "telegram":
            say(dispatcher, "offer_why", {"reasons": [f"{key}:voice" for key in reasons]})
        say(dispatcher, "offer_asks", {"asks": asks})
        return []


def offer_signs(signs: tuple[str, ...]) -> tuple[str, ...]:
    """The signs of an offer among those found in a text."""
    return tuple(sign for sign in signs if sign in weights() and sign not in exploitation_signs())
