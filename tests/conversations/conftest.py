"""The whole service once for all scripts: real engine, content and doors; each person has a number of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conversations.people import PEOPLE, Clock, House, Insider, Listening, Person
from tests.webhook.conftest import SPECS
from tests.webhook.providers import TelegramServer
from webhook.app import create_app
from webhook.settings import Settings

Meet = Callable[..., Any]


@pytest.fixture(scope="session")
def house(dialogue: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    telegram = TelegramServer(SPECS / "telegram_bot_api.json")
    environment = {
        "HANKALI_VAR": str(folder / "var"),
        "HANKALI_RATE_LIMIT": "0",
        "HANKALI_PUBLIC_URL": "http://127.0.0.1:9",
        "TELEGRAM_API_BASE_URL": f"{telegram.url}/bot",
        "TWILIO_SMS_FROM": "+22710000000",
    }
    clock, listening = Clock(), Listening(dialogue)
    settings = Settings.load(environment, Path(folder / "no.env"))
    app = create_app(settings, listening, clock=clock)  # type: ignore[arg-type]
    yield House(app, listening, clock, telegram)
    app.extensions["hankali"].close()
    telegram.close()


@pytest.fixture
def meet(house: House) -> Meet:
    """``meet("sms")``: somebody new at a door; ``meet("sms", "ha")``: at the main menu in that language."""

    def somebody(door: str, language: str = "") -> Person:
        person = PEOPLE[door](house)
        return person.begin(language) if language else person

    return somebody


@pytest.fixture
def inside(house: House) -> Meet:
    """The same people, speaking with the dialogue itself."""

    def somebody(door: str, language: str) -> Person:
        return Insider(house, channel=door).begin(language)

    return somebody


@pytest.fixture
def nothing_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text is one that the model is not sure about."""
    monkeypatch.setattr("bot.dialogue.UNDERSTOOD_ABOVE", 2.0)
