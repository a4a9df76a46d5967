"""People at the doors: requests as the providers send them, signed as they sign them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from flask import Flask
from flask.testing import FlaskClient
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from webhook.app import Service
from webhook.settings import Settings

_numbers = itertools.count(1)


def service_of(app: Flask) -> Service:
    service: Service = app.extensions["hankali"]
    return service


@dataclass
class Twilio:
    """Posts to the Twilio webhooks of an app."""

    app: Flask
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    @property
    def settings(self) -> Settings:
        return service_of(self.app).settings

    def post(self, target: str, parameters: dict[str, str], signature: str | None = None) -> TestResponse:
        parts = urlsplit(target)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        if signature is None:
            validator = RequestValidator(self.settings.twilio_auth_token or "")
            signature = validator.compute_signature(self.settings.public_url + path, parameters)
        return self.client.post(path, data=parameters, headers={"X-Twilio-Signature": signature})

    def sms(self, text: str, sender: str = "+22790000001", sid: str = "", **more: str) -> TestResponse:
        sid = sid or f"SM{next(_numbers):032x}"
        parameters = {"MessageSid": sid, "From": sender, "To": "+22710000000", "Body": text, "NumMedia": "0", **more}
        return self.post("/twilio/sms", parameters)


@dataclass
class Caller:
    """A telephone that follows the TwiML it gets."""

    twilio: Twilio
    number: str = "+22790000001"
    sid: str = field(default_factory=lambda: f"CA{next(_numbers):032x}")
    document: ElementTree.Element = field(init=False)

    def call(self) -> Caller:
        return self._go("/twilio/voice")

    def press(self, keys: str) -> Caller:
        gather = self.document.find("Gather")
        assert gather is not None, "no keys are awaited"
        return self._go(gather.attrib["action"], Digits=keys)

    def wait(self) -> Caller:
        """Presses nothing until the time is over."""
        redirect = self.document.find("Redirect")
        assert redirect is not None
        assert redirect.text
        return self._go(redirect.text)

    def dialled(self, status: str) -> Caller:
        """The call that <Dial> placed has ended so."""
        dial = self.document.find("Dial")
        assert dial is not None, "nobody is called"
        return self._go(dial.attrib["action"], DialCallStatus=status)

    def speak(self, recording: str, ended_by: str = "#") -> Caller:
        """Leaves a message: the provider reports it as the next step of the call (``hangup``: unheard)."""
        record = self.document.find("Record")
        assert record is not None, "nothing is recorded"
        more = {"RecordingSid": recording, "RecordingUrl": f"https://example.org/{recording}", "RecordingDuration": "9"}
        return self._go(record.attrib["action"], Digits=ended_by, **more)

    def report(self, recording: str, signature: str | None = None) -> TestResponse:
        """The provider reports the same message as a status."""
        record = self.document.find("Record")
        assert record is not None, "nothing is recorded"
        parameters = {"CallSid": self.sid, "RecordingSid": recording, "RecordingStatus": "completed",
                      "RecordingUrl": f"https://example.org/{recording}"}  # fmt: skip
        return self.twilio.post(record.attrib["recordingStatusCallback"], parameters, signature)

    @property
    def calls(self) -> str:
        """The number being called; empty when none is."""
        return self.document.findtext("Dial/Number") or ""

    @property
    def over(self) -> bool:
        return self.document.find("Hangup") is not None

    @property
    def heard(self) -> list[str]:
        return [element.text or "" for element in self.document.iter("Say")]

    def _go(self, target: str, **more: str) -> Caller:
        parameters = {"CallSid": self.sid, "From": self.number, "To": "+22710000000", "Direction": "inbound", **more}
        response = self.twilio.post(target, parameters)
        assert response.status_code == 200, response.status
        self.document = ElementTree.fromstring(response.data)
        return self


@dataclass
class Telegram:
    """Posts updates of one private chat to the webhook of an app."""

    app: Flask
    chat: int = 70_000_001

    def post(self, update: Any, secret: str | None = None) -> TestResponse:
        secret = secret if secret is not None else service_of(self.app).settings.telegram_webhook_secret or ""
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        return self.app.test_client().post("/telegram", json=update, headers=headers)

    def message(self, update_id: int = 0, **content: Any) -> TestResponse:
        return self.post({"update_id": update_id or next(_numbers), "message": self.envelope(**content)})

    def press(self, data: str, update_id: int = 0) -> TestResponse:
        query = {"id": f"q{next(_numbers)}", "from": self.person, "chat_instance": "1", "data": data,
                 "message": self.envelope(text="…")}  # fmt: skip
        return self.post({"update_id": update_id or next(_numbers), "callback_query": query})

    @property
    def person(self) -> dict[str, Any]:
        return {"id": self.chat, "is_bot": False, "first_name": "Awa"}

    def envelope(self, **content: Any) -> dict[str, Any]:
        chat = {"id": self.chat, "type": "private", "first_name": "Awa"}
        return {"message_id": 1, "date": 1_700_000_000, "chat": chat, "from": self.person, **content}


def messages(response: TestResponse) -> list[str]:
    """The texts of an SMS answer."""
    return [element.text or "" for element in ElementTree.fromstring(response.data).iter("Message")]
