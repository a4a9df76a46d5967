"""A dialogue that answers with fixed words, for tests of everything around it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.effects import Count, DeleteSent, EraseData, StopMessages, Turn
from bot.messages import Choice, Incoming, Reply

EFFECTS = {"STOP": StopMessages(), "ERASE": EraseData(), "LEAVE": DeleteSent()}


class FixedDialogue:
    """Says how many messages this conversation has had, and the last one back."""

    content_problem = ""

    def __init__(self) -> None:
        self.seen: list[Incoming] = []
        self.looked_at: list[str] = []
        self.before: Callable[[Incoming], None] = lambda incoming: None
        """Called before each answer; may block, raise or kill."""
        self._guard = threading.Lock()

    def answer(self, state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> Turn:
        self.before(incoming)
        with self._guard:
            self.seen.append(incoming)
        n = (state or {}).get("n", 0) + 1
        said = incoming.text or incoming.payload or incoming.media
        replies = (Reply("echo", "fr", "fr", f"{n} {said[:100]}", (Choice("Oui", "/affirm"), Choice("Non", "/deny"))),)
        effect = EFFECTS.get(incoming.text)
        effects = (Count("intent", "echo"), *((effect,) if effect else ()))
        kept = None if isinstance(effect, EraseData) else {"n": n}
        return Turn(replies, kept, effects, ends_call=incoming.text == "*")

    def error_turn(self, state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> Turn:
        return Turn((self.say("technical_error", None, incoming.channel),), state)

    def on_help_path(self, state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> bool:
        return incoming.payload == "/request_human"

    def asks_for_help(self, text: str) -> bool:
        self.looked_at.append(text)
        return "danger" in text

    def say(self, key: str, language: str | None, channel: str, **values: Any) -> Reply:
        return Reply(key, language or "fr", language or "fr", f"<{key}> {language or ''}".strip())
