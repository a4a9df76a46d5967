"""Scripted conversations over the real dialogue: one model and one agent per run, the directory of examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.effects import Effect, OpenReferral

ROOT = Path(__file__).resolve().parents[3]
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass
class Phone:
    """One person at one door. ``keys`` are the content keys of the last answer, ``effects`` everything asked for."""

    dialogue: Any
    channel: str = "sms"
    country: str = "NE"
    now: datetime = MONDAY
    state: dict[str, Any] | None = None
    replies: tuple[Any, ...] = ()
    ends_call: bool = False
    effects: list[Effect] = field(default_factory=list)

    def language(self, code: str) -> Phone:
        from bot.memory.conversation import Conversation

        self.state = Conversation(language=code, hinted=True).dump(self.now)
        return self

    def say(self, *texts: str) -> Phone:
        from bot.messages import Incoming

        for text in texts:
            turn = self.dialogue.answer(
                self.state, Incoming(self.channel, "somebody", text, country=self.country), self.now
            )
            self.state, self.replies, self.ends_call = turn.state, turn.replies, turn.ends_call
            self.effects += turn.effects
        return self

    def wait(self, **how: float) -> Phone:
        self.now += timedelta(**how)
        return self

    @property
    def keys(self) -> list[str]:
        return list(dict.fromkeys(reply.key for reply in self.replies))

    @property
    def asked(self) -> str:
        return self.replies[-1].key

    @property
    def text(self) -> str:
        return "\n".join(reply.text for reply in self.replies)

    @property
    def titles(self) -> list[str]:
        return [choice.title for choice in self.replies[-1].choices]

    @property
    def referrals(self) -> list[OpenReferral]:
        return [effect for effect in self.effects if isinstance(effect, OpenReferral)]


@pytest.fixture
def phone(dialogue: Any) -> Iterator[Callable[..., Phone]]:
    """``phone("sms", country="LY", test_service=True)``: keyword arguments of bot.actions.Services after country."""
    from bot.actions import Services
    from bot.places import Places
    from bot.referral.directory import EXAMPLE, LiveDirectory
    from webhook.engine import services_of

    def make(channel: str = "sms", country: str = "NE", language: str = "fr", **services: Any) -> Phone:
        services.setdefault("directory", LiveDirectory(EXAMPLE))
        dialogue.use(Services(Places(ROOT / "content" / "places.yml"), **services))
        return Phone(dialogue, channel, country).language(language)

    yield make
    dialogue.use(services_of(demo=True))
