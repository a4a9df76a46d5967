"""Twilio's stand-in: Messages, Calls and Recordings of its REST API, for a demo without an account.

A recording is two seconds of silence; it can be fetched, listed by its call, and deleted.

Checks and error codes are Twilio's (twilio.com/docs/api/errors). An SMS appears on the fictional phone of the page and
its status callback comes back signed; a call makes that phone ring.
"""

from __future__ import annotations

import hmac
import io
import re
import threading
import wave
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from typing import Any

from flask import Blueprint, Response, jsonify, request

from webhook.simulator.calls import Calls
from webhook.simulator.carrier import Carrier, listening_address
from webhook.simulator.refusal import RefusedError
from webhook.simulator.screens import Message, Screens
from webhook.simulator.segments import encoding_and_parts
from webhook.simulator.settings import TWILIO_API_PATH, SimulatorSettings
from webhook.simulator.twilio_requests import API_VERSION, Call, new_sid, sms_status_parameters

MAX_BODY_CHARACTERS = 1600
RECORDING_SECONDS = 2
RECORDING_RATE_HZ = 8000
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SENDER = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,6}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
_STATUSES = ("sent", "delivered")


class TwilioError(Exception):
    """An error answer: HTTP ``status`` and Twilio's ``code``."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def as_json(self) -> dict[str, Any]:
        """The body of the error answer."""
        more = f"https://www.twilio.com/docs/errors/{self.code}"
        return {"code": self.code, "message": self.message, "more_info": more, "status": self.status}


class TwilioApi:
    """The account of the configured SID. One instance per application."""

    def __init__(self, settings: SimulatorSettings, screens: Screens, calls: Calls, carrier: Carrier) -> None:
        self._sid = settings.twilio_account_sid or ""
        self._token = settings.twilio_auth_token or ""
        self._screens = screens
        self._calls = calls
        self._carrier = carrier
        self._callbacks: ThreadPoolExecutor | None = None
        self._callbacks_lock = threading.Lock()

    def check_account(self, account_sid: str, username: str | None, password: str | None) -> None:
        """Raises :class:`TwilioError` unless the credentials are those of the account asked for."""
        known = bool(self._sid and self._token) and hmac.compare_digest((username or "").encode(), self._sid.encode())
        if not known or not hmac.compare_digest((password or "").encode(), self._token.encode()):
            raise TwilioError(401, 20003, "Authenticate")
        if account_sid != self._sid:
            raise TwilioError(404, 20404, f"The requested resource /{API_VERSION}/Accounts/{account_sid} was not found")

    def create_message(self, form: Mapping[str, str], listening: str) -> dict[str, Any]:
        """Sends an SMS: shows it on the fictional phone and reports its status to ``StatusCallback``."""
        number, sender, body = form.get("To", ""), form.get("From", ""), form.get("Body", "")
        if not number:
            raise TwilioError(400, 21604, "A 'To' phone number is required.")
        if not _E164.fullmatch(number):
            raise TwilioError(400, 21211, f"Invalid 'To' Phone Number: {number}")
        if not sender and not form.get("MessagingServiceSid"):
            raise TwilioError(400, 21603, "A 'From' phone number is required.")
        if sender and not _SENDER.fullmatch(sender):
            raise TwilioError(400, 21212, f"Invalid From Number (caller ID): {sender}")
        if sender == number:
            raise TwilioError(400, 21266, "'To' and 'From' number cannot be the same")
        if not body.strip():
            raise TwilioError(400, 21602, "Message body is required.")
        if len(body) > MAX_BODY_CHARACTERS:
            raise TwilioError(400, 21617, "The concatenated message body exceeds the 1600 character limit")
        sid = new_sid("SM")
        shown = show_sms(self._screens, number, "service", body, sid=sid, status="queued")
        self._report(form.get("StatusCallback", ""), number, sender, shown, listening)
        return self._message(number, sender, shown)

    def fetch_message(self, sid: str) -> dict[str, Any]:
        """The SMS as it stands now."""
        found = self._screens.find_sid(sid)
        if found is None or found[1].deleted:
            raise TwilioError(404, 20404, f"The requested resource Messages/{sid} was not found")
        return self._message(found[0], "", found[1])

    def create_call(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Makes the fictional phone ring; whoever picks up follows the TwiML of ``Url``."""
        number, sender, url = form.get("To", ""), form.get("From", ""), form.get("Url", "")
        if not number:
            raise TwilioError(400, 21201, "No 'To' number is specified")
        if not _E164.fullmatch(number):
            raise TwilioError(400, 21211, f"Invalid 'To' Phone Number: {number}")
        if not sender:
            raise TwilioError(400, 21213, "'From' number is required")
        if not _E164.fullmatch(sender):
            raise TwilioError(400, 21212, f"Invalid From Number (caller ID): {sender}")
        try:
            url = self._carrier.webhook_url(url)
        except RefusedError:
            raise TwilioError(400, 21205, f"Url is not a valid URL: {url}") from None
        call = Call(
            sid=new_sid("CA"),
            account_sid=self._sid,
            number=number,
            service_number=sender,
            direction="outbound-api",
            url=url,
            method="GET" if form.get("Method", "POST").upper() == "GET" else "POST",
            status_callback=form.get("StatusCallback", ""),
        )
        self._calls.add(call)
        return {
            "sid": call.sid,
            "account_sid": self._sid,
            "api_version": API_VERSION,
            "date_created": formatdate(),
            "date_updated": formatdate(),
            "direction": "outbound-api",
            "duration": None,
            "from": sender,
            "status": "queued",
            "to": number,
            "uri": f"/{API_VERSION}/Accounts/{self._sid}/Calls/{call.sid}.json",
            "subresource_uris": {},
        }

    def check_recording(self, sid: str) -> None:
        """Raises :class:`TwilioError` when it was deleted."""
        if self._calls.is_deleted(sid):
            raise TwilioError(404, 20404, f"The requested resource Recordings/{sid} was not found")

    def delete_recording(self, sid: str) -> None:
        """Deletes it; raises :class:`TwilioError` the second time."""
        if not self._calls.delete_recording(sid):
            raise TwilioError(404, 20404, f"The requested resource Recordings/{sid} was not found")

    def recordings_of(self, call: str) -> dict[str, Any]:
        """The page of a call's recordings."""
        found = [{"sid": sid, "call_sid": call, "status": "completed"} for sid in self._calls.recordings_of(call)]
        return {"recordings": found, "page": 0, "page_size": 50, "next_page_uri": None}

    def _message(self, number: str, sender: str, shown: Message) -> dict[str, Any]:
        made = formatdate(shown.at_unix_seconds)
        return {
            "sid": shown.sid,
            "account_sid": self._sid,
            "api_version": API_VERSION,
            "body": shown.text,
            "date_created": made,
            "date_sent": None if shown.status == "queued" else made,
            "date_updated": made,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": sender or None,
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": str(shown.parts),
            "price": None,
            "price_unit": "USD",
            "status": shown.status,
            "subresource_uris": {},
            "to": number,
            "uri": f"/{API_VERSION}/Accounts/{self._sid}/Messages/{shown.sid}.json",
        }

    def _report(self, callback: str, number: str, sender: str, shown: Message, listening: str) -> None:
        with self._callbacks_lock:
            if self._callbacks is None:  # not before: threads made before a worker forks do not exist in it
                self._callbacks = ThreadPoolExecutor(1, "simulator-status")
            self._callbacks.submit(self._walk_statuses, callback, number, sender, shown, listening)

    def _walk_statuses(self, callback: str, number: str, sender: str, shown: Message, listening: str) -> None:
        for status in _STATUSES:
            self._screens.alter("sms", number, shown.id, status=status)
            if not callback:
                continue
            try:
                url = self._carrier.webhook_url(callback)
                self._carrier.twilio(
                    url, sms_status_parameters(self._sid, shown.sid, number, sender, status), listening
                )
            except RefusedError:
                return  # a callback elsewhere is not called from a demo


def show_sms(screens: Screens, number: str, by: Any, text: str, **more: Any) -> Message:
    """Puts an SMS on a phone's screen, with its encoding and parts."""
    encoding, parts = encoding_and_parts(text)
    return screens.show("sms", number, by, text, encoding=encoding, parts=parts, **more)


def recording_url(public_url: str, account_sid: str, sid: str) -> str:
    """Where the stand-in serves a recording (add ``.wav``)."""
    return f"{public_url.rstrip('/')}{TWILIO_API_PATH}/{API_VERSION}/Accounts/{account_sid}/Recordings/{sid}"


def _silence() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RECORDING_RATE_HZ)
        sound.writeframes(bytes(2 * RECORDING_RATE_HZ * RECORDING_SECONDS))
    return buffer.getvalue()


def add_routes(blueprint: Blueprint, api: TwilioApi) -> None:
    """The REST resources below ``TWILIO_API_PATH``, with Basic authentication."""
    account = f"{TWILIO_API_PATH}/{API_VERSION}/Accounts/<account_sid>"

    def authenticate(account_sid: str) -> None:
        credentials = request.authorization
        given = credentials is not None and credentials.type == "basic"
        api.check_account(
            account_sid,
            credentials.username if credentials and given else None,
            credentials.password if credentials and given else None,
        )

    @blueprint.errorhandler(TwilioError)
    def twilio_error(error: TwilioError) -> tuple[Response, int]:
        return jsonify(error.as_json()), error.status

    @blueprint.post(f"{account}/Messages.json")
    def twilio_messages(account_sid: str) -> tuple[Response, int]:
        authenticate(account_sid)
        return jsonify(api.create_message(request.form, listening_address(request.environ))), 201

    @blueprint.get(f"{account}/Messages/<sid>.json")
    def twilio_message(account_sid: str, sid: str) -> tuple[Response, int]:
        authenticate(account_sid)
        return jsonify(api.fetch_message(sid)), 200

    @blueprint.post(f"{account}/Calls.json")
    def twilio_calls(account_sid: str) -> tuple[Response, int]:
        authenticate(account_sid)
        return jsonify(api.create_call(request.form)), 201

    @blueprint.get(f"{account}/Recordings/<sid>.wav")
    def twilio_recording(account_sid: str, sid: str) -> Response:
        authenticate(account_sid)
        api.check_recording(sid)
        return Response(_silence(), mimetype="audio/wav")

    @blueprint.delete(f"{account}/Recordings/<sid>.json")
    def twilio_delete_recording(account_sid: str, sid: str) -> tuple[str, int]:
        authenticate(account_sid)
        api.delete_recording(sid)
        return "", 204

    @blueprint.get(f"{account}/Calls/<call_sid>/Recordings.json")
    def twilio_recordings(account_sid: str, call_sid: str) -> Response:
        authenticate(account_sid)
        return jsonify(api.recordings_of(call_sid))
