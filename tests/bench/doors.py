"""Ready-made requests, byte for byte: making them must not cost anything while the clock runs."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

import yaml
from twilio.request_validator import RequestValidator

ROOT = Path(__file__).resolve().parents[2]

_senders = itertools.count(90_000_000)
_messages = itertools.count(1)


class Door(Protocol):
    """Where a side takes messages."""

    port: int

    def request(self, sender: str, text: str) -> bytes:
        """The whole HTTP request of one message."""
        ...

    def answered(self, status: int, body: bytes) -> bool:
        """Whether this response holds words for the person."""
        ...


@cache
def apologies() -> tuple[bytes, ...]:
    """How our service says, in each language, that its engine failed (the words up to the first that XML escapes)."""
    found = []
    for file in sorted((ROOT / "content").glob("*/system.yml")):
        entry = yaml.safe_load(file.read_text(encoding="utf-8"))["technical_error"]
        found.append(re.split("[&<>\"']", entry.get("sms", entry["text"]))[0].encode())
    return tuple(found)


def new_sender() -> str:
    """A telephone number that nobody has written from."""
    return f"+227{next(_senders)}"


@dataclass
class SmsDoor:
    """Ours: ``POST /twilio/sms``, signed as Twilio signs."""

    port: int
    auth_token: str
    _validator: RequestValidator = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._validator = RequestValidator(self.auth_token)

    def request(self, sender: str, text: str) -> bytes:
        parameters = {"MessageSid": f"SM{next(_messages):032x}", "From": sender, "To": "+22710000000", "Body": text,
                      "NumMedia": "0"}  # fmt: skip
        signature = self._validator.compute_signature(f"http://127.0.0.1:{self.port}/twilio/sms", parameters)
        return _post(
            self.port,
            "/twilio/sms",
            "application/x-www-form-urlencoded",
            urlencode(parameters).encode(),
            f"X-Twilio-Signature: {signature}\r\n",
        )

    def answered(self, status: int, body: bytes) -> bool:
        # An apology is fast and answers nothing.
        return status == 200 and b"<Message>" in body and not any(apology in body for apology in apologies())


@dataclass
class RestDoor:
    """Stock Rasa's own: ``POST /webhooks/rest/webhook``, without any signature."""

    port: int

    def request(self, sender: str, text: str) -> bytes:
        body = json.dumps({"sender": sender, "message": text}).encode()
        return _post(self.port, "/webhooks/rest/webhook", "application/json", body)

    def answered(self, status: int, body: bytes) -> bool:
        return status == 200 and b'"text"' in body


def _post(port: int, path: str, content_type: str, body: bytes, more: str = "") -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n{more}\r\n"
    )
    return head.encode() + body
