"""A call on the simulator's telephone to the real service: put through in vain, then a message that is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
import requests
from flask import Flask

from webhook.channels.twilio_recordings import TwilioRecordings
from webhook.delivery import NotSentError
from webhook.referrals.ledger import Ledger
from webhook.referrals.voice_rows import left_for

from .service import Running

PERSON = "+22710000777"


@pytest.fixture
def service(dialogue: Any, tmp_path: Path) -> Iterator[Running]:
    from bot.actions import Services
    from bot.places import Places
    from bot.referral.directory import EXAMPLE, LiveDirectory
    from webhook.app import create_app
    from webhook.engine import services_of
    from webhook.settings import ROOT, Settings

    directory = LiveDirectory(EXAMPLE)
    places = Places(ROOT / "content" / "places.yml")
    dialogue.use(Services(places, directory=directory))

    def make(url: str) -> Flask:
        environ = {"HANKALI_VAR": str(tmp_path / "var"), "HANKALI_RATE_LIMIT": "0"}
        settings = Settings.load(environ, dotenv=tmp_path / "no.env", listen=urlsplit(url).netloc)
        return create_app(settings, dialogue, directory=directory)

    with Running(make) as running:
        yield running
    running.app.extensions["hankali"].close()
    dialogue.use(services_of(demo=True))


class Telephone:
    """Follows the call as the page does."""

    def __init__(self, service: Running) -> None:
        self.url = service.url
        self.answer: dict[str, Any] = {}

    def post(self, what: str, **body: Any) -> None:
        answer = requests.post(f"{self.url}/simulator/{what}", json=body, timeout=30)
        assert answer.ok, answer.text
        self.answer = answer.json()
        assert self.answer["problem"] == ""

    def verb(self, name: str) -> dict[str, str]:
        found = ElementTree.fromstring(self.answer["twiml"]).find(name)
        assert found is not None, self.answer["twiml"]
        return dict(found.attrib)

    def step(self, verb: str, **more: Any) -> None:
        self.post("voice/step", call=self.answer["call"], action=self.verb(verb)["action"], method="POST", **more)

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.step("Gather", kind="digits", digits=key)


def test_put_through_in_vain_then_a_message(service: Running) -> None:
    hankali = service.app.extensions["hankali"]
    phone = Telephone(service)
    phone.post("voice/call", number=PERSON)
    phone.keys("3", "5", "5")
    for _ in range(2):
        phone.step("Dial", kind="dial", status="no-answer")
    phone.keys("1")
    record = phone.verb("Record")
    phone.step("Record", kind="recording", digits="#", seconds=3, recorded=record["recordingStatusCallback"])
    assert "gardé" in phone.answer["twiml"]
    hankali.messages.settle()
    with hankali.database.reading() as transaction:
        (row,) = Ledger(transaction, hankali.vault, hankali.clock()).all()
        (left,) = left_for(transaction, hankali.vault, row.id)
    assert left.sound.startswith(b"RIFF")
    recordings = TwilioRecordings(hankali.settings)
    assert recordings.of_call(phone.answer["call"]) == []
    assert hankali.messages.due() == []


def test_what_the_stand_in_says_of_recordings(service: Running) -> None:
    phone = Telephone(service)
    phone.post("voice/call", number=PERSON)
    call = phone.answer["call"]
    phone.post("voice/step", call=call, action="/twilio/voice/step/1", method="POST", kind="recording", digits="")
    recordings = TwilioRecordings(service.app.extensions["hankali"].settings)
    (recording,) = recordings.of_call(call)
    assert recordings.fetch(recording).startswith(b"RIFF")
    recordings.delete(recording)
    recordings.delete(recording)
    assert recordings.of_call(call) == []
    with pytest.raises(NotSentError):
        recordings.fetch(recording)
