"""A whole service: the real dialogue, the example directory, a clock that the test moves, providers on sockets."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.webhook.doors import Caller, Telegram, Twilio, messages, service_of
from tests.webhook.providers import TelegramServer, TwilioServer

ROOT = Path(__file__).resolve().parents[3]
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PERSON = "+22710000777"
AGADEZ, COORDINATION, CHILDREN, NIAMEY = "+22710000103", "+22710000105", "+22710000104", "+22710000101"
HELP = "j'ai besoin d'aide, je veux parler à quelqu'un"


@dataclass
class Scene:
    """The service, the person's telephone, and what contacts get."""

    app: Flask
    twilio_server: TwilioServer
    telegram_server: TelegramServer
    now: datetime = MONDAY
    twilio: Twilio = field(init=False)

    def __post_init__(self) -> None:
        self.twilio = Twilio(self.app)

    @property
    def service(self) -> Any:
        return service_of(self.app)

    @property
    def escalation(self) -> Any:
        return self.service.escalation

    def sms(self, *texts: str, sender: str = PERSON) -> list[str]:
        answer: list[str] = []
        for text in texts:
            answer = messages(self.twilio.sms(text, sender=sender))
        return answer

    def telegram(self, *texts: str, chat: int = 70_000_001) -> None:
        for text in texts:
            assert Telegram(self.app, chat).message(text=text).status_code == 200

    def call(self, number: str = PERSON) -> Caller:
        return Caller(self.twilio, number)

    def wait(self, **how: float) -> None:
        self.now += timedelta(**how)

    def go_on(self, **how: float) -> None:
        """Time passes and the clocks of all referrals ring."""
        self.wait(**how)
        for referral in self.escalation.due():
            self.escalation.advance(referral)

    def to(self, number: str) -> list[str]:
        """Texts that a number got through the API."""
        self.settle()
        return [m["Body"] for m in self.twilio_server.accepted("Messages") if m["To"] == number]

    def chat_of(self, chat: int) -> list[str]:
        self.settle()
        return [m["text"] for m in self.telegram_server.accepted("sendMessage") if int(m["chat_id"]) == chat]

    def settle(self) -> None:
        """What was submitted to the sending threads is done."""
        self.escalation.settle()

    def refer(self, *, danger: bool = False, sender: str = PERSON, settled: bool = True) -> str:
        """A person asks for help near Tahoua, with a code word; returns the reference, the alert sent."""
        if danger:
            answer = self.sms("il a un couteau il va nous tuer venez vite", "1", "1", "Tahoua", "1", "1", sender=sender)
        else:
            answer = self.sms(HELP, "2", "1", "1", "Tahoua", "1", "1", "4", "mangue", "1", sender=sender)
        found = re.search(r"(\d{3}) (\d{3})", answer[0])
        assert found, answer
        if settled:
            self.settle()
        return found[1] + found[2]

    def state(self, reference: str) -> str:
        return self.referral(reference).state

    def referral(self, reference: str) -> Any:
        from webhook.referrals.ledger import Ledger

        with self.service.database.reading() as transaction:
            row = Ledger(transaction, self.service.vault, self.now).by_reference(reference)
        assert row is not None
        return row

    def events(self, reference: str) -> list[str]:
        from webhook.referrals.ledger import Ledger

        referral = self.referral(reference)
        with self.service.database.reading() as transaction:
            return [what for _, _, what, _ in Ledger(transaction, self.service.vault, self.now).events(referral.id)]


@pytest.fixture
def contacts(tmp_path: Path) -> Path:
    from bot.referral.directory import EXAMPLE

    file = tmp_path / "contacts.yml"
    shutil.copy(EXAMPLE, file)
    return file


@pytest.fixture
def scene(
    build: Callable[..., Flask],
    dialogue: Any,
    contacts: Path,
    twilio_server: TwilioServer,
    telegram_server: TelegramServer,
) -> Iterator[Scene]:
    from bot.actions import Services
    from bot.places import Places
    from bot.referral.directory import LiveDirectory
    from webhook.engine import services_of

    directory = LiveDirectory(contacts, poll_seconds=0)
    places = Places(ROOT / "content" / "places.yml")
    dialogue.use(Services(places, directory=directory))
    made: list[Scene] = []
    app = build(dialogue=dialogue, directory=directory, clock=lambda: made[0].now if made else MONDAY)
    made.append(Scene(app, twilio_server, telegram_server))
    yield made[0]
    dialogue.use(services_of(demo=True))  # as tests/conftest.py made it: others share this engine
