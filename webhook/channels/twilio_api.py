"""Twilio's REST API, or that of a compatible server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from urllib3.exceptions import NewConnectionError

from webhook.delivery import NotSentError, Trouble
from webhook.outbox import Outbound
from webhook.settings import Settings

TIMEOUT_S = 10.0
CLOCK_DIFFERENCE = timedelta(minutes=2)
"""How far the provider's clock may be from ours."""
LISTED = 50
PERSON_STOPPED = 21610
TOO_MANY = 429
UNAUTHORISED = (401, 403)
NO_SUCH_LIST = (404, 405, 501)
RATE_WAIT_S = 5.0


class TwilioSms:
    """Sends SMS. Thread-safe: a client per thread."""

    def __init__(self, settings: Settings) -> None:
        # At DEBUG these write numbers and words.
        for library in ("twilio.http_client", "urllib3"):
            logging.getLogger(library).setLevel(logging.WARNING)
        self._settings = settings
        self._local = threading.local()
        self._status_url = f"{settings.public_url}/twilio/sms/status"

    def send(self, outbox_id: str, message: Outbound) -> str:
        """Creates the message; its status callback names our row, so that it may come before the answer."""
        if not self._settings.twilio_sms_from:
            raise NotSentError(Trouble.REFUSED, "TWILIO_SMS_FROM")
        try:
            created = self._client().messages.create(
                to=message.to,
                from_=self._settings.twilio_sms_from,
                body=message.text,
                status_callback=f"{self._status_url}?id={outbox_id}",
            )
        except Exception as error:
            raise _not_sent(error) from None
        if not created.sid:
            raise NotSentError(Trouble.UNCERTAIN, "no sid")
        return str(created.sid)

    def find(self, message: Outbound, since_ms: int, known: Callable[[str], bool]) -> str | None:
        """Looks for the same words to the same number since then, not recorded by us."""
        since = datetime.fromtimestamp(since_ms / 1000, UTC) - CLOCK_DIFFERENCE
        try:
            listed = self._client().messages.list(to=message.to, limit=LISTED)
            found = (str(entry.sid) for entry in listed if _is(entry, message, since))
            return next((sid for sid in found if not known(sid)), None)
        except Exception as error:
            if _status_of_page(error) in NO_SUCH_LIST:
                return None
            failure = _not_sent(error)
            # Nothing was sent by looking; what is uncertain is still the attempt before.
            raise NotSentError(Trouble.UNCERTAIN, f"list {failure.detail}", failure.retry_after_s) from None

    def _client(self) -> Client:
        client: Client | None = getattr(self._local, "client", None)
        if client is None:
            http = TwilioHttpClient(timeout=TIMEOUT_S, max_retries=0)
            client = Client(self._settings.twilio_account_sid, self._settings.twilio_auth_token, http_client=http)
            if self._settings.twilio_api_base_url:
                client.api.base_url = self._settings.twilio_api_base_url
            self._local.client = client
        return client


def _is(found: Any, message: Outbound, since: datetime) -> bool:
    created = found.date_created or found.date_sent
    outbound = str(found.direction or "outbound").startswith("outbound")
    return bool(
        outbound
        and found.body == message.text
        and found.status not in ("failed", "undelivered", "canceled")
        and (created is None or created >= since)
    )


def _status_of_page(error: Exception) -> int:
    """HTTP status of a page that could not be read (the client raises its plainest exception then), or 0."""
    response = error.args[1] if isinstance(error, TwilioException) and len(error.args) > 1 else None
    return int(getattr(response, "status_code", 0))


def _not_sent(error: Exception) -> NotSentError:
    """What an exception of the client means. Its message is dropped: it may name the person's number."""
    if isinstance(error, TwilioRestException):
        code = str(error.code or error.status)
        if error.code == PERSON_STOPPED:
            return NotSentError(Trouble.STOPPED, code)
        if error.status == TOO_MANY:
            return NotSentError(Trouble.RATE, code, RATE_WAIT_S)
        if error.status in UNAUTHORISED:
            return NotSentError(Trouble.UNREACHABLE, code)
        if 400 <= error.status < 500:
            return NotSentError(Trouble.REFUSED, code)
        return NotSentError(Trouble.UNCERTAIN, code)
    if isinstance(error, requests.ConnectTimeout) or _never_connected(error):
        return NotSentError(Trouble.UNREACHABLE, "connect")
    if isinstance(error, TwilioException | requests.RequestException | ValueError | KeyError | TypeError):
        # The client leaks requests' and JSON's own errors; a truncated answer is one of them.
        return NotSentError(Trouble.UNCERTAIN, type(error).__name__)
    return NotSentError(Trouble.UNCERTAIN, type(error).__name__)


def _never_connected(error: Exception) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.ConnectionError) and isinstance(reason, NewConnectionError)
