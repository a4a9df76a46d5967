"""Actions that steer the conversation: menu, repeat, language, stop, erase, leave, not understood."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action
from rasa_sdk.events import ActiveLoop, SlotSet

from bot.actions import Services, context_of, do, entity_of, say


def actions(services: Services) -> list[Action]:
    """The steering actions."""
    return [
        Begin(), Menu(), Affirm(), Deny(), Repeat(), GoBack(), ChangeLanguage(), SetLanguage(), ConfirmStop(), Stop(),
        ConfirmErase(), Erase(), Leave(), NotUnderstood(), AskIfUrgent(),
    ]  # fmt: skip


class Begin(Action):
    """First contact, or back after a silence."""

    def name(self) -> str:
        return "action_begin"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        say(dispatcher, "welcome")
        say(dispatcher, "main_menu", final=True)
        return [ActiveLoop(None)]


class Menu(Action):
    """The main menu; leaves whatever was running, which can be resumed for a while."""

    def name(self) -> str:
        return "action_menu"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        if (tracker.active_loop or {}).get("name") == "offer_form":
            say(dispatcher, "offer_stopped")
        say(dispatcher, "main_menu", final=True)
        return [ActiveLoop(None), SlotSet("requested_slot", None)]


class Affirm(Action):
    """A yes that answers no question."""

    def name(self) -> str:
        return "action_affirm"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        say(dispatcher, "affirm_alone")
        say(dispatcher, "main_menu")
        return []


class Deny(Action):
    """A no that answers no question."""

    def name(self) -> str:
        return "action_deny"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        say(dispatcher, "deny_alone")
        say(dispatcher, "main_menu")
        return []


class Repeat(Action):
    """Says the last answer again. Inside a loop the loop asks again by itself."""

    def name(self) -> str:
        return "action_repeat"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        do(dispatcher, "repeat")
        return []


class GoBack(Action):
    """Back, where no question was asked."""

    def name(self) -> str:
        return "action_go_back"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        say(dispatcher, "back_nothing")
        say(dispatcher, "main_menu")
        return []


class ChangeLanguage(Action):
    """A language named in the message is taken at once; otherwise the list of languages."""

    def name(self) -> str:
        return "action_change_language"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        do(dispatcher, "language_menu", words=context_of(tracker).words)
        return []


class SetLanguage(Action):
    """The language that was picked."""

    def name(self) -> str:
        return "action_set_language"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        do(dispatcher, "set_language", language=entity_of(tracker, "language"))
        return []


class ConfirmStop(Action):
    """A free text that seems to ask for no more messages; the word STOP needs no question."""

    def name(self) -> str:
        return "action_confirm_stop"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        say(dispatcher, "stop_question", final=True)
        return []


class Stop(Action):
    """No more messages."""

    def name(self) -> str:
        return "action_stop"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        do(dispatcher, "stop")
        return []


class ConfirmErase(Action):
    """A free text that seems to ask for deletion; the word ERASE needs no question."""

    def name(self) -> str:
        return "action_confirm_erase"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        say(dispatcher, "erase_question", final=True)
        return []


class Erase(Action):
    """Everything is deleted."""

    def name(self) -> str:
        return "action_erase"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        do(dispatcher, "erase")
        return []


class Leave(Action):
    """A short neutral end."""

    def name(self) -> str:
        return "action_leave"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        do(dispatcher, "leave")
        return []


class NotUnderstood(Action):
    """Two different tries that offer choices, then a person."""

    def name(self) -> str:
        return "action_not_understood"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        do(dispatcher, "not_understood")
        return []


class AskIfUrgent(Action):
    """Between the two thresholds of urgency: one question."""

    def name(self) -> str:
        return "action_ask_if_urgent"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        say(dispatcher, "urgent_question", final=True)
        return []
