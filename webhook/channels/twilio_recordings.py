"""Recordings at the provider: fetched once, then deleted there (twilio.com/docs/voice/api/recording)."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

import requests

from webhook.delivery import NotSentError, Trouble
from webhook.settings import Settings

OFFICIAL = "https://api.twilio.com"
API_VERSION = "2010-04-01"
TIMEOUT_S = 10.0
WHOLE_TIMEOUT_S = 60.0
MAX_BYTES = 4 * 1024 * 1024
"""Two minutes of 16-bit sound at 8 kHz are 1.9 MB."""
PIECE_BYTES = 64 * 1024
RATE_WAIT_S = 5.0
TOO_MANY = 429
GONE = (404, 410)
NO_SUCH_LIST = (404, 405, 501)
_SID = re.compile(r"[A-Za-z0-9-]{8,64}")


def is_sid(text: str) -> bool:
    """Whether a text can be the provider's id of something (it becomes part of an address)."""
    return _SID.fullmatch(text) is not None


class TwilioRecordings:
    """The account's recordings. Addresses are made here, never taken from a request. Thread-safe."""

    def __init__(self, settings: Settings) -> None:
        # At DEBUG it writes addresses.
        logging.getLogger("urllib3").setLevel(logging.WARNING)
        base = (settings.twilio_api_base_url or OFFICIAL).rstrip("/")
        self._account = f"{base}/{API_VERSION}/Accounts/{settings.twilio_account_sid}"
        self._login = (settings.twilio_account_sid or "", settings.twilio_auth_token or "")

    def fetch(self, recording: str) -> bytes:
        """The sound (WAV), of at most MAX_BYTES. Raises NotSentError; REFUSED when there is none, or too much."""
        until = time.monotonic() + WHOLE_TIMEOUT_S
        sound = bytearray()
        try:
            with self._ask("GET", f"Recordings/{recording}.wav", stream=True) as response:
                _check(response)
                for piece in response.iter_content(PIECE_BYTES):
                    sound += piece
                    if len(sound) > MAX_BYTES:
                        raise NotSentError(Trouble.REFUSED, "too large")
                    if time.monotonic() > until:
                        raise NotSentError(Trouble.UNREACHABLE, "slow")
                expected = response.headers.get("Content-Length", "")
                encoded = "Content-Encoding" in response.headers
                if not sound or (expected.isdigit() and not encoded and len(sound) < int(expected)):
                    raise NotSentError(Trouble.UNREACHABLE, "truncated")
        except (requests.RequestException, OSError) as error:
            raise NotSentError(Trouble.UNREACHABLE, type(error).__name__) from None
        return bytes(sound)

    def delete(self, recording: str) -> None:
        """Deletes it there; one that is gone is no error. Raises NotSentError."""
        try:
            with self._ask("DELETE", f"Recordings/{recording}.json") as response:
                if response.status_code not in GONE:
                    _check(response)
        except (requests.RequestException, OSError) as error:
            raise NotSentError(Trouble.UNREACHABLE, type(error).__name__) from None

    def of_call(self, call: str) -> list[str]:
        """Ids of a call's recordings, the newest first. Raises NotSentError."""
        try:
            with self._ask("GET", f"Calls/{call}/Recordings.json") as response:
                if response.status_code in NO_SUCH_LIST:
                    return []
                _check(response)
                listed: Any = response.json()
                found = [str(entry["sid"]) for entry in listed["recordings"]]
        except (requests.RequestException, OSError, ValueError, KeyError, TypeError) as error:
            raise NotSentError(Trouble.UNREACHABLE, type(error).__name__) from None
        return [sid for sid in found if is_sid(sid)]

    def _ask(self, method: str, resource: str, stream: bool = False) -> requests.Response:
        return requests.request(
            method, f"{self._account}/{resource}", auth=self._login, timeout=TIMEOUT_S, stream=stream
        )


def _check(response: requests.Response) -> None:
    """Raises for every answer but a good one, with its status alone: an address or a body may say too much."""
    status = response.status_code
    if status == TOO_MANY:
        raise NotSentError(Trouble.RATE, str(status), RATE_WAIT_S)
    if status in GONE:
        raise NotSentError(Trouble.REFUSED, str(status))
    if not 200 <= status < 300:
        raise NotSentError(Trouble.UNREACHABLE, str(status))
