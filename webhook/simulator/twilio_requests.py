"""The parameters that Twilio sends to webhooks (twilio.com/docs/messaging/guides/webhook-request and /voice/twiml)."""

from __future__ import annotations

import itertools
import time
import uuid
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Literal

from webhook.simulator.numbers import COUNTRIES
from webhook.simulator.segments import encoding_and_parts

API_VERSION = "2010-04-01"


def new_sid(prefix: str) -> str:
    """A SID as Twilio makes them: two letters and 32 hexadecimal digits."""
    return f"{prefix}{uuid.uuid4().hex}"


def _places(source: str, target: str) -> dict[str, str]:
    # Twilio sends all eight; outside North America only the countries are filled in.
    empty = {f"{side}{what}": "" for side in ("From", "To") for what in ("City", "State", "Zip")}
    return {**empty, "FromCountry": _iso(source), "ToCountry": _iso(target)}


def _iso(number: str) -> str:
    return next((country.iso for country in COUNTRIES if number.startswith(f"+{country.calling_code}")), "")


def sms_parameters(account_sid: str, number: str, service_number: str, text: str, sid: str) -> dict[str, str]:
    """An SMS that has come in from ``number``."""
    return {
        "AccountSid": account_sid,
        "ApiVersion": API_VERSION,
        "Body": text,
        "From": number,
        "MessageSid": sid,
        "NumMedia": "0",
        "NumSegments": str(encoding_and_parts(text)[1]),
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": "received",
        "To": service_number,
        **_places(number, service_number),
    }


def sms_status_parameters(account_sid: str, sid: str, number: str, sender: str, status: str) -> dict[str, str]:
    """What becomes of an SMS that the service sent: ``status`` is ``sent``, ``delivered``, ``undelivered`` …"""
    return {
        "AccountSid": account_sid,
        "ApiVersion": API_VERSION,
        "From": sender,
        "MessageSid": sid,
        "MessageStatus": status,
        "SmsSid": sid,
        "SmsStatus": status,
        "To": number,
    }


def recording_status_parameters(account_sid: str, call_sid: str, step: dict[str, str]) -> dict[str, str]:
    """What became of a <Record>: ``step`` are the parameters of its action (there is no caller's number in this)."""
    return {
        "AccountSid": account_sid,
        "CallSid": call_sid,
        "RecordingSid": step["RecordingSid"],
        "RecordingUrl": step["RecordingUrl"],
        "RecordingStatus": "completed",
        "RecordingDuration": step["RecordingDuration"],
        "RecordingChannels": "1",
        "RecordingSource": "RecordVerb",
    }


@dataclass
class Call:
    """One call. ``number`` is the fictional phone; ``url`` the document that it follows now.

    ``status_callback`` and ``first_url`` are set for calls that the service itself places.
    """

    sid: str
    account_sid: str
    number: str
    service_number: str
    direction: Literal["inbound", "outbound-api"]
    url: str
    method: str = "POST"
    status: str = "ringing"
    status_callback: str = ""
    answered_at_unix_seconds: float = 0.0
    sequence: itertools.count[int] = field(default_factory=itertools.count)

    def parameters(self, more: dict[str, str] | None = None) -> dict[str, str]:
        """The parameters of every request about this call, and ``more`` (``Digits`` and the like)."""
        outward = self.direction == "outbound-api"
        source, target = (self.service_number, self.number) if outward else (self.number, self.service_number)
        places = _places(source, target)
        called = {k.replace("From", "Caller").replace("To", "Called"): v for k, v in places.items()}
        return {
            "AccountSid": self.account_sid,
            "ApiVersion": API_VERSION,
            "CallSid": self.sid,
            "CallStatus": self.status,
            "Called": target,
            "Caller": source,
            "Direction": self.direction,
            "From": source,
            "To": target,
            **places,
            **called,
            **(more or {}),
        }

    def status_parameters(self) -> dict[str, str]:
        """The request to the status callback."""
        spoken_s = round(time.time() - self.answered_at_unix_seconds) if self.answered_at_unix_seconds else 0
        more = {
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(next(self.sequence)),
            "Timestamp": formatdate(),
        }
        if self.status == "completed":
            more |= {"CallDuration": str(spoken_s), "Duration": str(-(-spoken_s // 60))}
        return self.parameters(more)
