"""Providers that fail in every way, and are back: whatever was due has left once.

``HANKALI_OUTAGE_S=600`` makes the failures last ten minutes, with the real waits and time-outs.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from bot.actions import Services
from bot.places import Places
from bot.referral.directory import LiveDirectory
from tests.webhook.doors import Telegram, Twilio, messages, service_of
from tests.webhook.gate import Gate, Mode
from tests.webhook.providers import TelegramServer, TwilioServer
from tests.webhook.referrals.conftest import AGADEZ, ROOT
from webhook import delivery
from webhook.channels import telegram_api, twilio_api
from webhook.engine import services_of

OUTAGE_S = float(os.environ.get("HANKALI_OUTAGE_S", "0"))
BACK_WITHIN_S = 120 if OUTAGE_S else 30
SCRIPT = ("il a un couteau il va nous tuer venez vite", "1", "1", "Tahoua", "1", "1")
GATES: tuple[Mode, ...] = ("refused", "reset", "hole")
FAILURES = (*GATES, "truncated", "error", "rate")
EVERY_S = 10.0


@dataclass
class Providers:
    """Both providers behind their gates, failing together."""

    twilio: TwilioServer
    telegram: TelegramServer
    gates: tuple[Gate, Gate]

    def fail(self, how: str) -> None:
        for gate in self.gates:
            gate.set(how if how in GATES else "open")  # type: ignore[arg-type]
        self.twilio.behaviour = how
        # Telegram keeps no list: half an answer to an accepted message would have to be repeated.
        self.telegram.behaviour = "error" if how == "truncated" else how

    def back(self) -> None:
        self.fail("ok")


@pytest.fixture
def providers(twilio_server: TwilioServer, telegram_server: TelegramServer) -> Iterator[Providers]:
    gates = Gate(twilio_server.url), Gate(telegram_server.url)
    yield Providers(twilio_server, telegram_server, gates)
    for gate in gates:
        gate.close()


@pytest.fixture
def service(
    build: Callable[..., Flask], dialogue: Any, contacts: Path, providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    if not OUTAGE_S:
        monkeypatch.setattr(delivery, "BACK_OFF_S", (0.05,))
        monkeypatch.setattr(delivery, "REST_AFTER_TROUBLE_S", 0.05)
        monkeypatch.setattr(twilio_api, "TIMEOUT_S", 0.5)
        monkeypatch.setattr(twilio_api, "RATE_WAIT_S", 0.05)
        # Telegram keeps no list: an answer that a busy machine gives too late would be sent again.
        monkeypatch.setattr(telegram_api, "TIMEOUT_S", 3.0)
    directory = LiveDirectory(contacts)
    places = Places(ROOT / "content" / "places.yml")
    dialogue.use(Services(places, directory=directory))
    twilio, telegram = providers.gates
    addresses = {"TWILIO_API_BASE_URL": twilio.url, "TELEGRAM_API_BASE_URL": f"{telegram.url}/bot"}
    app = build({**addresses, "HANKALI_PATIENCE": "immediate=600"}, dialogue=dialogue, directory=directory)
    service_of(app).start()
    yield app
    dialogue.use(services_of(demo=True))


class People:
    """Everybody asks once: by SMS for help (an alert is due), by Telegram for the menu (an answer is due)."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.references: list[str] = []
        self.chats: list[int] = []

    def ask(self) -> None:
        number = f"+2271{len(self.references):07d}"
        answers = [" ".join(messages(Twilio(self.app).sms(text, sender=number))) for text in SCRIPT]
        found = re.search(r"(\d{3}) (\d{3})", answers[-1])
        assert found, answers
        self.references.append(found[1] + found[2])
        self.chats.append(71_000_000 + len(self.chats))
        assert Telegram(self.app, self.chats[-1]).message(text="menu").status_code == 200


def test_everything_due_leaves_once_when_the_providers_are_back(service: Flask, providers: Providers) -> None:
    people = People(service)
    people.ask()
    # Telegram keeps no list: an answer cut off at this moment would rightly be sent again.
    providers.telegram.wait_for(lambda: providers.telegram.accepted("sendMessage"))
    service_of(service).delivery.settled()
    for failure in FAILURES:
        providers.fail(failure)
        people.ask()
        if OUTAGE_S:
            over = threading.Event()
            until = time.monotonic() + OUTAGE_S / len(FAILURES)
            while not over.wait(min(EVERY_S, max(0.0, until - time.monotonic()))) and time.monotonic() < until:
                people.ask()
        elif failure == "refused":
            # Nobody is there to count; the waiting messages knock at the next failure.
            continue
        else:
            for provider, gate in zip((providers.twilio, providers.telegram), providers.gates, strict=True):
                tried_again(failure, provider, gate)
    begun = time.monotonic()
    providers.back()

    def alerts() -> Counter[str]:
        bodies = [m["Body"] for m in providers.twilio.accepted("Messages") if m["To"] == AGADEZ]
        return Counter(reference for reference in people.references for body in bodies if reference in body)

    def chats() -> Counter[tuple[int, str]]:
        return Counter((int(m["chat_id"]), m["text"]) for m in providers.telegram.accepted("sendMessage"))

    with providers.twilio.changed:
        providers.twilio.changed.wait_for(lambda: len(alerts()) == len(people.references), BACK_WITHIN_S)
    with providers.telegram.changed:
        providers.telegram.changed.wait_for(lambda: {chat for chat, _ in chats()} == set(people.chats), BACK_WITHIN_S)
    took_s = time.monotonic() - begun
    service_of(service).close()
    print(f"{len(people.references)} alerts and {len(people.chats)} chats, all there {took_s:.1f} s after the end")
    assert alerts() == Counter(people.references)
    assert {chat for chat, _ in chats()} == set(people.chats)
    assert set(chats().values()) == {1}


def tried_again(failure: str, provider: Any, gate: Gate) -> None:
    """Waits until the provider was knocked at twice more."""
    if failure in GATES:
        with gate.knocked:
            wanted = gate.knocks + 2
            assert gate.knocked.wait_for(lambda: gate.knocks >= wanted, 20)
        return
    wanted = len(provider.calls) + 2
    provider.wait_for(lambda: len(provider.calls) >= wanted or failure == "truncated")
