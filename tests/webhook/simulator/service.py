"""A small service to call: real webhooks with real signature checks, answers that can be foretold."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from flask import Flask, Response, abort, request
from twilio.request_validator import RequestValidator
from werkzeug.serving import make_server

from webhook.simulator import TELEGRAM_API_PATH, TWILIO_API_PATH, create_blueprint

SECRET = "telegram-secret"
BOT_TOKEN = "123456789:AAtest-token_of-the-bot"
ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "a" * 32

MENU = """<Response><Gather input="dtmf" numDigits="1" timeout="20" finishOnKey="" action="/twilio/voice/step/1">
<Say language="fr-FR">Bienvenue. Tapez 1, 2, 3 ou 4.</Say></Gather>
<Say language="fr-FR">Rien entendu.</Say></Response>"""
STEPS = {
    "1": '<Say language="en-GB">Speak now.</Say><Record action="/twilio/voice/recorded"'
    ' maxLength="20" recordingStatusCallback="/twilio/voice/recording"/>',
    "2": '<Dial action="/twilio/voice/dialled" timeout="20"><Number>+22710999999</Number></Dial>',
    "3": "<Redirect>/twilio/voice</Redirect>",
    "4": "<Play>/audio/ha/silence.wav</Play><Hangup/>",
    "5": '<Gather numDigits="1" timeout="1"><Say language="fr-FR">Vite.</Say></Gather><Say>Trop tard.</Say>',
    "9": "<Enqueue>queue</Enqueue>",
}


@dataclass
class Settings:
    """What ``webhook.settings.Settings`` offers to the simulator."""

    public_url: str
    mode: str = "demo"
    telegram_bot_token: str | None = BOT_TOKEN
    telegram_webhook_secret: str | None = SECRET
    telegram_api_base_url: str | None = None
    twilio_account_sid: str | None = ACCOUNT_SID
    twilio_auth_token: str | None = AUTH_TOKEN
    twilio_api_base_url: str | None = None
    twilio_sms_from: str | None = "+22710000000"
    twilio_voice_from: str | None = "+22710000001"


@dataclass
class Service:
    """The service and what reached it. ``url`` is where it listens and also its public address."""

    url: str
    settings: Settings
    received: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    fail: set[str] = field(default_factory=set)
    hold: threading.Event = field(default_factory=threading.Event)
    """While cleared, no Twilio webhook answers."""

    def __post_init__(self) -> None:
        self.hold.set()

    def last(self, path: str) -> dict[str, Any]:
        """The parameters of the latest request to ``path``."""
        return next(parameters for p, parameters in reversed(self.received) if p == path)


def _webhooks(app: Flask, service: Service) -> None:
    def twilio() -> dict[str, str]:
        url = service.settings.public_url + request.full_path.rstrip("?")
        signature = request.headers.get("X-Twilio-Signature", "")
        if not RequestValidator(AUTH_TOKEN).validate(url, request.form.to_dict(), signature):
            abort(403)
        parameters = {**request.args.to_dict(), **request.form.to_dict()}
        service.received.append((request.path, parameters))
        service.hold.wait(20)
        if request.path in service.fail:
            abort(500)
        return parameters

    def twiml(body: str) -> Response:
        return Response(f'<?xml version="1.0" encoding="UTF-8"?><Response>{body}</Response>', mimetype="text/xml")

    @app.post("/telegram")
    def telegram() -> tuple[str, int]:
        if request.headers.get("X-Telegram-Bot-Api-Secret-Token") != SECRET:
            abort(403)
        update = request.get_json()
        service.received.append(("/telegram", update))
        if "/telegram" in service.fail:
            abort(500)
        query = update.get("callback_query")
        message = query["message"] if query else update["message"]
        api = f"{service.url}{TELEGRAM_API_PATH}{BOT_TOKEN}"
        if query:
            answer = {"callback_query_id": query["id"]}
            requests.post(f"{api}/answerCallbackQuery", json=answer, timeout=5).raise_for_status()
        text = f"pressed {query['data']}" if query else f"echo: {message.get('text', 'media')}"
        keyboard = [[{"text": "Oui ✓", "callback_data": "/affirm"}, {"text": "Non", "callback_data": "/deny"}]]
        reply = {"chat_id": message["chat"]["id"], "text": text, "reply_markup": {"inline_keyboard": keyboard}}
        requests.post(f"{api}/sendMessage", json=reply, timeout=5).raise_for_status()
        return "", 200

    @app.post("/twilio/sms")
    def sms() -> Response:
        body = twilio()["Body"].replace("&", "&amp;").replace("<", "&lt;")
        if body == "later":
            requests.post(
                f"{service.url}{TWILIO_API_PATH}/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json",
                data={
                    "To": request.form["From"],
                    "From": request.form["To"],
                    "Body": "later it is",
                    "StatusCallback": f"{service.url}/twilio/sms/status",
                },
                auth=(ACCOUNT_SID, AUTH_TOKEN),
                timeout=5,
            ).raise_for_status()
            return twiml("")
        return twiml(f"<Message>echo: {body}</Message><Message><Body>ƙarshe ☎</Body></Message>")

    @app.post("/twilio/sms/status")
    @app.post("/twilio/voice/status")
    @app.post("/twilio/voice/recording")
    def status() -> tuple[str, int]:
        twilio()
        return "", 204

    @app.post("/twilio/voice")
    def voice() -> Response:
        twilio()
        return Response(MENU, mimetype="text/xml")

    @app.post("/twilio/voice/step/1")
    def step() -> Response:
        digits = twilio()["Digits"]
        return twiml(STEPS.get(digits, f'<Say language="fr-FR">Vous avez tapé {digits}.</Say><Hangup/>'))

    @app.post("/twilio/voice/recorded")
    def recorded() -> Response:
        twilio()
        return twiml('<Say language="fr-FR">Merci.</Say><Hangup/>')

    @app.post("/twilio/voice/dialled")
    def dialled() -> Response:
        return twiml(f'<Say language="fr-FR">{twilio()["DialCallStatus"]}</Say><Hangup/>')


class Running:
    """A threaded HTTP server on a free port of the loopback, for the length of a ``with``.

    ``make`` builds the app when the address is known.
    """

    def __init__(self, make: Callable[[str], Flask]) -> None:
        self._server = make_server("127.0.0.1", 0, Flask("not-yet"), threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.app = self._server.app = make(self.url)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Running:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def start(mode: str = "demo") -> tuple[Running, Service]:
    """The running service with the simulator in it (not yet entered)."""
    made: list[Service] = []

    def make(url: str) -> Flask:
        app = Flask("service")
        settings = Settings(url, mode)
        settings.telegram_api_base_url = url + TELEGRAM_API_PATH
        settings.twilio_api_base_url = url + TWILIO_API_PATH
        made.append(Service(url, settings))
        _webhooks(app, made[0])
        app.register_blueprint(create_blueprint(settings))
        return app

    return Running(make), made[0]
