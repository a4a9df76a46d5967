"""Answers behind the first answer: more, topics, the nearest legal aid office, the number to call."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rasa_sdk import Action
from rasa_sdk.events import ActiveLoop
from rasa_sdk.interfaces import ActionExecutionRejection

from bot.actions import Services, TurnContext, context_of, do, entity_of, intent_of, say
from bot.places import AMBIGUOUS_TOWNS, Place, region_choices
from bot.referral.numbers import number_lines
from bot.understanding.spelling import words

TOWN_MAY_BE = frozenset(("inform", "nlu_fallback", "out_of_scope", "ask_legal_aid"))
"""Intents of a message that may be the name of a town."""
FEW_WORDS = 3
"""A message this short that names a town is the town, whatever it was understood as."""


def actions(services: Services) -> list[Action]:
    """The actions of this file."""
    return [TellMore(), TellTopic(), LegalAid(services), FindOffice(services), Inform(services), TellNumber(services)]


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


class LegalAid(Action):
    """Free legal aid; the office at once when the question names a town."""

    def __init__(self, services: Services) -> None:
        self._offices = Offices(services)

    def name(self) -> str:
        return "action_legal_aid"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        if not self._offices.tell_of_named(dispatcher, context_of(tracker)):
            say(dispatcher, "ask_legal_aid")
        return []


class Offices:
    """Tells the office of a place."""

    def __init__(self, services: Services) -> None:
        self._places = services.places
        self._directory = services.directory
        self._test_service = services.test_service

    def tell(self, dispatcher: Any, place: Place, at: str) -> None:
        """``place`` has an office; ``at`` is the moment, ISO 8601."""
        found = {"place": place.name, "office": place.office}
        say(dispatcher, "office_found", {**found, "contact": self._number(place, at)})

    def tell_of_named(self, dispatcher: Any, context: TurnContext) -> bool:
        """The office of the town that a message names by the way; False, and nothing said, when it names none."""
        place = self._places.find(context.words)
        if place is None or not place.office or place.name in AMBIGUOUS_TOWNS:
            return False
        self.tell(dispatcher, place, context.at)
        return True

    def _number(self, place: Place, at: str) -> dict[str, Any]:
        """The office's number when the directory has one that may be told, or how to find it without."""
        directory = self._directory.current() if self._directory else None
        if directory is not None:
            today = directory.local(datetime.fromisoformat(at)).date()
            known = directory.public(("legal_aid",), place.country, place.region, "unknown", today)
            lines = number_lines([c for c in known if not (self._test_service and c.example)])
            if lines:
                return lines[0]
        return {"key": "office_no_number"}


class FindOffice(Action):
    """The nearest reported legal aid office, by town or region: a loop that waits for the name, or for a key."""

    def __init__(self, services: Services) -> None:
        self._places = services.places
        self._offices = Offices(services)

    def name(self) -> str:
        return "office_form"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        waiting = (tracker.active_loop or {}).get("name") == self.name()
        if waiting and tracker.latest_action_name != "action_listen":
            # Something else was asked and answered.
            return [ActiveLoop(None)]
        intent, text = intent_of(tracker), context_of(tracker).words
        named = entity_of(tracker, "place") or text
        place = self._places.find(named, loosely=True)
        if intent != "find_office" and not (intent in TOWN_MAY_BE or (place and len(words(text)) <= FEW_WORDS)):
            raise ActionExecutionRejection(self.name())
        if place is not None and place.office:
            self._offices.tell(dispatcher, place, context_of(tracker).at)
            return [ActiveLoop(None)]
        if place is not None:
            say(dispatcher, "office_abroad")
            return [ActiveLoop(None)]
        if intent == "find_office":
            say(dispatcher, "office_where", choices=region_choices("find_office", "place"))
        else:
            say(dispatcher, "office_unknown")
        return [ActiveLoop(self.name())]


class Inform(Action):
    """A bare answer where nothing was asked. A town alone looks for its office: whoever was told of legal aid answers
    so, and nothing else here depends on a town."""

    def __init__(self, services: Services) -> None:
        self._offices = Offices(services)

    def name(self) -> str:
        return "action_inform"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        context = context_of(tracker)
        if len(words(context.words)) > FEW_WORDS or not self._offices.tell_of_named(dispatcher, context):
            do(dispatcher, "not_understood")
        return []


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
