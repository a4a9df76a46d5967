"""The page with the three phones and what its buttons do."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from flask import Blueprint, Response, jsonify, render_template, request

from webhook.simulator.calls import Calls
from webhook.simulator.carrier import Answer, Carrier, listening_address
from webhook.simulator.guard import same_origin
from webhook.simulator.numbers import CHAT_IDS, COUNTRIES, FICTIONAL_PREFIX, check_chat, country_of
from webhook.simulator.refusal import RefusedError
from webhook.simulator.screens import Door, Screens
from webhook.simulator.settings import DEFAULT_SERVICE_NUMBER, TELEGRAM_API_PATH, TWILIO_API_PATH, SimulatorSettings
from webhook.simulator.telegram_updates import Updates
from webhook.simulator.twilio_api import RECORDING_SECONDS, recording_url, show_sms
from webhook.simulator.twilio_requests import Call, new_sid, recording_status_parameters, sms_parameters

MAX_SMS_CHARACTERS = 1600
"""Twilio delivers no longer SMS."""
MAX_TELEGRAM_CHARACTERS = 4096
MAX_SMS_REDIRECTS = 5
_KEYS = re.compile(r"[0-9*#]{0,100}")
_DIAL_STATUSES = {"completed", "busy", "no-answer", "failed", "canceled"}


@dataclass(frozen=True)
class Line:
    """Everything that a request of the page needs."""

    settings: SimulatorSettings
    screens: Screens
    calls: Calls
    carrier: Carrier
    updates: Updates

    @property
    def account_sid(self) -> str:
        return self.settings.twilio_account_sid or ""

    @property
    def sms_number(self) -> str:
        return self.settings.twilio_sms_from or DEFAULT_SERVICE_NUMBER

    @property
    def voice_number(self) -> str:
        return self.settings.twilio_voice_from or self.sms_number


def add_routes(blueprint: Blueprint, line: Line) -> None:
    """The page at ``/simulator`` and the JSON endpoints that its scripts call."""

    @blueprint.get("/simulator", strict_slashes=False)
    def page() -> str:
        public_url = line.settings.public_url.rstrip("/")
        setup = {
            "countries": [
                {"iso": c.iso, "code": c.calling_code, "digits": c.digits, "name": c.french} for c in COUNTRIES
            ],
            "prefix": FICTIONAL_PREFIX,
            "chats": [CHAT_IDS.start, CHAT_IDS.stop - 1],
            "publicUrl": public_url,
            "maxSmsCharacters": MAX_SMS_CHARACTERS,
            "maxTelegramCharacters": MAX_TELEGRAM_CHARACTERS,
        }
        return render_template(
            "simulator.html",
            setup=json.dumps(setup),
            countries=COUNTRIES,
            sms_number=line.sms_number,
            voice_number=line.voice_number,
            telegram_elsewhere=TELEGRAM_API_PATH not in (line.settings.telegram_api_base_url or ""),
            twilio_elsewhere=TWILIO_API_PATH not in (line.settings.twilio_api_base_url or ""),
        )

    @blueprint.get("/simulator/news")
    def news() -> Response:
        """What changed on the screens after ``after``, and who is being called."""
        same_origin(line.settings)
        after = request.args.get("after", 0, int)
        chat, sms, voice = (request.args.get(name, "") for name in ("telegram", "sms", "voice"))
        latest = line.screens.last_change
        shown: set[tuple[Door, str]] = {("telegram", chat), ("sms", sms)}
        return jsonify(
            latest=latest,
            telegram=[message.as_json() for message in line.screens.since("telegram", chat, after)],
            sms=[message.as_json() for message in line.screens.since("sms", sms, after)],
            elsewhere=[
                {"door": door, "address": address, **message.as_json()}
                for door, address, message in line.screens.elsewhere(shown, after)
            ],
            ringing=[{"call": call.sid, "from": call.service_number} for call in line.calls.ringing_for(voice)],
        )

    @blueprint.post("/simulator/telegram/text")
    def telegram_text() -> Response:
        same_origin(line.settings)
        chat, text = check_chat(_number("chat")), _words("text", MAX_TELEGRAM_CHARACTERS).strip()
        if not text:
            raise RefusedError(422, "Message vide.", "Empty message.")
        shown = line.screens.show("telegram", str(chat), "person", text)
        return _delivered(line.carrier.telegram(line.updates.text(chat, shown), _here()))

    @blueprint.post("/simulator/telegram/media")
    def telegram_media() -> Response:
        same_origin(line.settings)
        chat, kind = check_chat(_number("chat")), _words("kind", 20)
        if kind not in {"voice", "photo", "location"}:
            raise RefusedError(422, "Type inconnu.", "Unknown kind.")
        shown = line.screens.show("telegram", str(chat), "person", "", media=kind)
        return _delivered(line.carrier.telegram(line.updates.media(chat, shown, kind), _here()))

    @blueprint.post("/simulator/telegram/button")
    def telegram_button() -> Response:
        same_origin(line.settings)
        chat = check_chat(_number("chat"))
        shown = line.screens.find("telegram", str(chat), _number("message"))
        row, column = _number("row"), _number("column")
        if shown is None or not (0 <= row < len(shown.buttons) and 0 <= column < len(shown.buttons[row])):
            raise RefusedError(409, "Ce bouton n'existe plus.", "This button is gone.")
        data = shown.buttons[row][column].data
        update = line.updates.button(chat, line.settings.telegram_bot_token or "", shown, data)
        return _delivered(line.carrier.telegram(update, _here()))

    @blueprint.post("/simulator/sms/text")
    def sms_text() -> Response:
        same_origin(line.settings)
        number, text = _words("number", 20), _words("text", MAX_SMS_CHARACTERS)
        country_of(number)
        if not text.strip():
            raise RefusedError(422, "Message vide.", "Empty message.")
        sid = new_sid("SM")
        show_sms(line.screens, number, "person", text, sid=sid)
        parameters = sms_parameters(line.account_sid, number, line.sms_number, text, sid)
        answer = _follow_sms(line, line.carrier.webhook_url("/twilio/sms"), parameters)
        for words in _messages(answer):
            show_sms(line.screens, number, "service", words)
        return _delivered(answer)

    @blueprint.post("/simulator/voice/call")
    def voice_call() -> Response:
        same_origin(line.settings)
        number = _words("number", 20)
        country_of(number)
        url = line.carrier.webhook_url("/twilio/voice")
        call = Call(new_sid("CA"), line.account_sid, number, line.voice_number, "inbound", url)
        line.calls.add(call)
        answer = line.carrier.twilio(url, call.parameters(), _here())
        call.status, call.answered_at_unix_seconds = "in-progress", time.time()
        return _document(call, answer)

    @blueprint.post("/simulator/voice/answer")
    def voice_answer() -> Response:
        """Somebody picks up a call that the service has placed."""
        same_origin(line.settings)
        call = _call(line.calls)
        call.status, call.answered_at_unix_seconds = "in-progress", time.time()
        return _document(call, line.carrier.twilio(call.url, call.parameters(), _here(), call.method))

    @blueprint.post("/simulator/voice/step")
    def voice_step() -> Response:
        """The page followed a document to a verb that asks for the next one."""
        same_origin(line.settings)
        call = _call(line.calls)
        call.url = line.carrier.webhook_url(_words("action", 2000), call.url)
        method = "GET" if _words("method", 4).upper() == "GET" else "POST"
        step = _step_parameters(line)
        recording = step.get("RecordingSid", "")
        if recording:
            line.calls.record(recording, call.sid)
        answer = line.carrier.twilio(call.url, call.parameters(step), _here(), method)
        callback = _words("recorded", 2000)
        if recording and callback:
            parameters = recording_status_parameters(line.account_sid, call.sid, step)
            line.carrier.twilio(line.carrier.webhook_url(callback, call.url), parameters, _here())
        return _document(call, answer)

    @blueprint.post("/simulator/voice/end")
    def voice_end() -> Response:
        """The call is over, whoever ended it."""
        same_origin(line.settings)
        call = line.calls.remove(_call(line.calls).sid)
        if call is None:
            return jsonify(status=0)
        call.status = "completed" if call.answered_at_unix_seconds else "no-answer"
        target = "/twilio/voice/status" if call.direction == "inbound" else call.status_callback
        if not target:
            return jsonify(status=0)
        answer = line.carrier.twilio(line.carrier.webhook_url(target), call.status_parameters(), _here())
        return jsonify(status=answer.status)


def _follow_sms(line: Line, url: str, parameters: dict[str, str]) -> Answer:
    """The answer of the SMS webhook, after its <Redirect>s."""
    answer = line.carrier.twilio(url, parameters, _here())
    for _ in range(MAX_SMS_REDIRECTS):
        redirect = next((verb for verb in _verbs(answer) if verb.tag == "Redirect"), None)
        if redirect is None:
            break
        url = line.carrier.webhook_url((redirect.text or "").strip(), url)
        answer = line.carrier.twilio(url, parameters, _here(), redirect.get("method", "POST").upper())
    return answer


def _verbs(answer: Answer) -> Iterable[ElementTree.Element]:
    if not answer.ok or not answer.body.strip():
        return []
    try:
        return list(ElementTree.fromstring(answer.body.encode()))  # noqa: S314 - our own service wrote it
    except ElementTree.ParseError:
        return []


def _messages(answer: Answer) -> list[str]:
    texts = []
    for verb in _verbs(answer):
        if verb.tag == "Message":
            body = verb.find("Body")
            text = (verb.text if body is None else body.text) or ""
            if text.strip():
                texts.append(text.strip())
    return texts


def _step_parameters(line: Line) -> dict[str, str]:
    kind = _words("kind", 20)
    if kind == "redirect":
        return {}
    if kind == "digits":
        return {"Digits": _keys(), "msg": "Gather End"}
    if kind == "recording":
        sid = new_sid("RE")
        return {
            "RecordingUrl": recording_url(line.settings.public_url, line.account_sid, sid),
            "RecordingSid": sid,
            "RecordingDuration": str(max(1, min(_number("seconds"), 3600)))
            if _has("seconds")
            else str(RECORDING_SECONDS),
            "Digits": "hangup" if _words("digits", 10) == "hangup" else _keys(),
        }
    if kind == "dial":
        status = _words("status", 20)
        if status not in _DIAL_STATUSES:
            raise RefusedError(422, "État d'appel inconnu.", "Unknown call status.")
        answered = {"DialCallSid": new_sid("CA"), "DialCallDuration": "5"} if status == "completed" else {}
        return {"DialCallStatus": status, **answered}
    raise RefusedError(422, "Étape inconnue.", "Unknown step.")


def _delivered(answer: Answer) -> Response:
    return jsonify(status=answer.status, problem=_problem(answer))


def _document(call: Call, answer: Answer) -> Response:
    return jsonify(
        call=call.sid,
        url=call.url,
        status=answer.status,
        twiml=answer.body if answer.ok else "",
        problem=_problem(answer),
    )


def _problem(answer: Answer) -> str:
    """What a provider's error log would say; empty when all is well."""
    if answer.ok:
        return ""
    if answer.status:
        return f"11200 HTTP {answer.status}"
    return "11205 HTTP timeout" if answer.body == "timeout" else "11205 HTTP connection failure"


def _call(calls: Calls) -> Call:
    call = calls.find(_words("call", 40))
    if call is None:
        raise RefusedError(410, "L'appel est terminé.", "The call has ended.")
    return call


def _here() -> str:
    return listening_address(request.environ)


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}


def _has(name: str) -> bool:
    return name in _body()


def _words(name: str, most_characters: int) -> str:
    raw = _body().get(name, "")
    if not isinstance(raw, str):
        raise RefusedError(422, f"Champ non valable : {name}.", f"Invalid field: {name}.")
    # A lone surrogate is legal in JSON and in no other encoding.
    text = raw.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if len(text) > most_characters:
        raise RefusedError(422, "Texte trop long.", "Text too long.")
    return text


def _number(name: str) -> int:
    raw = _body().get(name)
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise RefusedError(422, f"Champ non valable : {name}.", f"Invalid field: {name}.")
    return raw


def _keys() -> str:
    keys = _words("digits", 100)
    if not _KEYS.fullmatch(keys):
        raise RefusedError(422, "Touches non valables.", "Invalid keys.")
    return keys
