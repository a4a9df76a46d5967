"""The help path as a loop. Danger first."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action
from rasa_sdk.events import ActiveLoop

from bot.actions import Services, say


def actions(services: Services) -> list[Action]:
    """The actions of this file."""
    return [HelpLoop()]


class HelpLoop(Action):
    """Tells the truth about where help is."""

    def name(self) -> str:
        return "help_form"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        say(dispatcher, "emergency_none")
        return [ActiveLoop(None)]
