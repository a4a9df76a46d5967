"""Answers behind the first answer: more, topics, the nearest legal aid office, the number to call."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action
from rasa_sdk.events import SlotSet

from bot.actions import Services, context_of, do, entity_of, say


def actions(services: Services) -> list[Action]:
    """The actions of this file."""
    return [TellMore(), TellTopic(), FindOffice(services), TellNumber(services)]


class TellMore(Action):
    """The longer answer to what was told last."""

    def name(self) -> str:
        return "action_tell_more"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        do(dispatcher, "more")
        return []


class TellTopic(Action):
    """A topic that has no intent of its own: payload ``/tell_topic{"topic":"topic_gold_mines"}``."""

    def name(self) -> str:
        return "action_tell_topic"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        topic = entity_of(tracker, "topic")
        if topic.startswith(("topic_", "ask_", "radio_")):
            say(dispatcher, topic)
        else:
            say(dispatcher, "main_menu")
        return []


class FindOffice(Action):
    """The nearest reported legal aid office, by town or region named in the message; otherwise asks which."""

    def __init__(self, services: Services) -> None:
        self._places = services.places

    def name(self) -> str:
        return "action_find_office"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        place = entity_of(tracker, "place") or context_of(tracker).words
        found = self._places.find(place)
        if found is None:
            say(dispatcher, "office_where" if not entity_of(tracker, "place") else "office_unknown")
            return [SlotSet("asked", "office")]
        say(dispatcher, "office_found", {"place": found.name, "office": self._places.office(found), "contact": ""})
        return [SlotSet("asked", None)]


class TellNumber(Action):
    """The service's own number, when the operator has set one."""

    def __init__(self, services: Services) -> None:
        self._number = services.hotline_number

    def name(self) -> str:
        return "action_tell_number"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        if self._number:
            say(dispatcher, "ask_hotline_number", {"number": self._number})
        else:
            say(dispatcher, "ask_hotline_number_unknown")
        return []
