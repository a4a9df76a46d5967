"""The SMS door: one webhook, answered with TwiML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from flask import Blueprint, Request, Response, request

from bot.effects import Turn
from bot.messages import Incoming
from webhook.channels.telephone import country
from webhook.channels.twilio_door import TwilioGuard, twiml
from webhook.channels.wording import clean, xml
from webhook.delivery import Delivery
from webhook.inbox import Arrival
from webhook.outbox import Outbound
from webhook.rate import Gate
from webhook.security import Vault, normal_sender
from webhook.settings import Settings

EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
PERSON_STOPPED = "21610"
STATUS = {"sent": "sent", "delivered": "delivered", "undelivered": "failed", "failed": "failed", "canceled": "failed"}
"""Twilio's MessageStatus values that change a row, and what they make of it."""
MEDIA = {"audio": "voice", "image": "photo", "video": "video"}


class SmsDoor:
    """Answers in the response; through the API when that was missed."""

    answers: Literal["inline_or_api"] = "inline_or_api"

    def inline(self, turn: Turn, arrival: Arrival) -> str:
        """One <Message> per reply."""
        return messages(reply.text for reply in turn.replies if reply.text)

    def outbound(self, turn: Turn, arrival: Arrival) -> Sequence[Outbound]:
        """One message per reply."""
        return [Outbound(arrival.sender, reply.text) for reply in turn.replies if reply.text]


def messages(texts: object) -> str:
    """A messaging TwiML document."""
    body = "".join(f"<Message>{xml(text)}</Message>" for text in texts)  # type: ignore[attr-defined]
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{body}</Response>' if body else EMPTY


def create_blueprint(settings: Settings, vault: Vault, gate: Gate, delivery: Delivery) -> Blueprint:
    """``POST /twilio/sms`` and ``POST /twilio/sms/status``."""
    blueprint = Blueprint("sms", __name__)
    guard = TwilioGuard(settings)

    @blueprint.post("/twilio/sms")
    def receive() -> Response:
        guard.parameters(request)
        arrival = parse(request, vault)
        if arrival is None:
            return twiml(EMPTY)
        passed = gate.pass_on(arrival)
        if passed.slow_down is not None:
            return twiml(messages([passed.slow_down.text]))
        return twiml(passed.answer or EMPTY)

    @blueprint.post("/twilio/sms/status")
    def status() -> Response:
        form = guard.parameters(request)
        outbox_id = request.args.get("id", "")
        change = STATUS.get(form.get("MessageStatus", ""))
        if outbox_id and change:
            code = clean(form.get("ErrorCode", ""))[:8]
            delivery.reported(outbox_id, "stopped" if code == PERSON_STOPPED else change, code)
        return Response(status=204)

    return blueprint


def parse(asked: Request, vault: Vault) -> Arrival | None:
    """The message in a verified request; None when nobody could be answered."""
    form = asked.form
    key = clean(form.get("MessageSid") or form.get("SmsSid") or "")
    sender = normal_sender("sms", clean(form.get("From", "")))
    if not key or not sender:
        return None
    text = clean(form.get("Body", ""))
    media = ""
    if not text.strip() and form.get("NumMedia", "0") not in ("", "0"):
        media = MEDIA.get(form.get("MediaContentType0", "").partition("/")[0], "file")
    incoming = Incoming("sms", vault.conversation_id("sms", sender), text, media=media, country=country(sender))
    return Arrival(sender, key, incoming)
