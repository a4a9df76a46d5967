"""The dialogue's custom actions: ordinary rasa_sdk actions, run in process (bot/rasa_seams/actions.py).

An action says content keys and asks for effects; it knows no words, no door and no database.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rasa_sdk import Action

from bot.places import Places


@dataclass(frozen=True)
class Services:
    """What actions may look things up in. ``directory`` is the referral directory (bot/referral), None without one."""

    places: Places
    directory: Any = None
    hotline_number: str = ""
    demo: bool = False
    test_service: bool = False
    """Demo mode with a real provider: the help path says so first, gives no reference and sends no alert."""
    without_consent: frozenset[str] = frozenset()
    """Operator's policy: ``danger``, ``child`` – an alert leaves before consent is asked. Off by default."""
    legal_basis: str = ""
    """Why that policy is lawful here; recorded with each use."""
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TurnContext:
    """What an action may know about the turn besides the tracker: see ``context_of``."""

    channel: str
    language: str
    country: str
    at: str
    misses: int = 0
    words: str = ""
    signs: tuple[str, ...] = ()
    urgent: bool = False
    urgent_score: float = 0.0
    kept_help: dict[str, Any] | None = None
    """Answers of the help path that *leave now* kept."""


def context_of(tracker: Any) -> TurnContext:
    """The context that bot.dialogue put into the latest message."""
    data = tracker.latest_message["hankali"]
    return TurnContext(**{**data, "signs": tuple(data["signs"])})


def intent_of(tracker: Any) -> str:
    """Name of the latest intent."""
    return str((tracker.latest_message.get("intent") or {}).get("name") or "")


def entity_of(tracker: Any, name: str) -> str:
    """Value of an entity of the latest message, or empty."""
    for entity in tracker.latest_message.get("entities") or ():
        if entity.get("entity") == name:
            return str(entity.get("value"))
    return ""


def say(
    dispatcher: Any,
    key: str,
    values: dict[str, Any] | None = None,
    choices: list[tuple[str, str]] | None = None,
    final: bool = False,
) -> None:
    """Says a content key. ``final``: nothing that a later action of this turn says is wanted."""
    dispatcher.utter_message(
        json_message={"say": key, "values": values or {}, "choices": choices, "final": final},
    )


def do(dispatcher: Any, what: str, **details: Any) -> None:
    """Asks bot.dialogue for something that is not words: ``repeat``, ``language_menu``, an effect …"""
    dispatcher.utter_message(json_message={"do": what, **details})


def all_actions(services: Services) -> list[Action]:
    """One of each action, by topic."""
    from bot.actions import check, help_path, learn, steering  # noqa: PLC0415

    return [action for topic in (steering, learn, check, help_path) for action in topic.actions(services)]
