"""The telephone door: keypad menus in TwiML, one POST per step.

Only verbs that both Twilio and Somleng run: Say, Play, Gather (dtmf), Record, Redirect, Dial (Number), Hangup. The step
number in every address makes a repeated request recognisable although the same key at the same menu can be meant twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from flask import Blueprint, Request, Response, request

from bot.effects import Connect, TakeMessage, Turn
from bot.messages import Incoming, Reply
from webhook.channels.telephone import country, hidden
from webhook.channels.twilio_door import TwilioGuard, asked_path, twiml
from webhook.channels.twilio_recordings import is_sid
from webhook.channels.wording import clean, xml
from webhook.inbox import Arrival, Inbox
from webhook.outbox import Outbound
from webhook.security import Vault, normal_sender
from webhook.settings import Settings

KEY_TIMEOUT_S = 7
RING_S = 25
"""How long a contact's telephone rings before the next way."""
RECORD_MAX_S = 120
RECORD_SILENCE_S = 6
"""So much silence ends a message (the key # too)."""
TALKED = frozenset(("completed", "answered"))
"""``DialCallStatus`` of a call that was answered (twilio.com/docs/voice/twiml/dial)."""
MAX_UNANSWERED = 4
"""Prompts in a row without a key; then a polite end (CONTRACT.md)."""
MAX_STEPS = 400
"""Longer than any call of an hour; a loop between two machines ends here."""
HEAD = '<?xml version="1.0" encoding="UTF-8"?><Response>'
HANG_UP = f"{HEAD}<Hangup/></Response>"
OPEN_NUMBERS = frozenset(("help_code_word", "help_ask_code", "help_code_wrong", "ack_help", "ack_pin"))
"""Prompts that ask for a number of several digits; ``#`` or a pause ends it."""
KEYS = frozenset("0123456789*#")


class VoiceDoor:
    """Answers in the response only: a caller who is gone is not called back, nobody agreed to that."""

    answers: Literal["inline"] = "inline"

    def __init__(self, say: Mapping[str, str]) -> None:
        self._say = say

    def inline(self, turn: Turn, arrival: Arrival) -> str:
        """Prompts inside one Gather, so that a key is heard from the first word on."""
        facts = arrival.facts
        base, step, silent = str(facts["base"]), int(facts["step"]), int(facts["silent"])
        prompts = "".join(self._prompt(reply, base) for reply in turn.replies)
        if turn.ends_call or silent >= MAX_UNANSWERED or step >= MAX_STEPS:
            return f"{HEAD}{prompts}<Hangup/></Response>"
        keys = (
            'finishOnKey="#"'
            if turn.replies and turn.replies[-1].key in OPEN_NUMBERS
            else 'numDigits="1" finishOnKey=""'
        )
        following = f"{base}/twilio/voice/step/{step + 1}"
        if isinstance(turn.line, Connect):
            return f"{HEAD}{prompts}{_dial(turn.line, following)}</Response>"
        if isinstance(turn.line, TakeMessage):
            return f"{HEAD}{prompts}{_record(turn.line, base, following, silent)}</Response>"
        return (
            f'{HEAD}<Gather input="dtmf" {keys} timeout="{KEY_TIMEOUT_S}" method="POST"'
            f' action="{xml(following)}">{prompts}</Gather>'
            f'<Redirect method="POST">{xml(following)}?silent={silent + 1}</Redirect></Response>'
        )

    def outbound(self, turn: Turn, arrival: Arrival) -> Sequence[Outbound]:
        """Nothing."""
        return ()

    def _prompt(self, reply: Reply, base: str) -> str:
        if reply.audio:
            path = reply.audio if reply.audio.startswith("/") else f"/audio/{reply.audio}"
            return f"<Play>{xml(base + path)}</Play>"
        voice = self._say.get(reply.spoken)
        # A language without a voice must never be read out by another language's.
        return f'<Say language="{xml(voice)}">{xml(reply.text)}</Say>' if voice and reply.text else ""


def _dial(line: Connect, following: str) -> str:
    """Neither sees the other's number: the one called sees the service's."""
    return (
        f'<Dial callerId="{xml(line.caller)}" timeout="{RING_S}" method="POST" action="{xml(following)}">'
        f"<Number>{xml(line.number)}</Number></Dial>"
    )


def _record(line: TakeMessage, base: str, following: str, silent: int) -> str:
    """Its end is reported twice: as the next step of the call, and as a status, whichever of them arrives."""
    named = f"?message={line.message}"
    return (
        f'<Record maxLength="{RECORD_MAX_S}" timeout="{RECORD_SILENCE_S}" finishOnKey="#" playBeep="true" method="POST"'
        f' action="{xml(following + named)}" recordingStatusCallbackMethod="POST"'
        f' recordingStatusCallback="{xml(f"{base}/twilio/voice/recording{named}")}"/>'
        f'<Redirect method="POST">{xml(following)}?silent={silent + 1}</Redirect>'
    )


Arrived = Callable[[str, str], bool]
"""Takes note that the provider has a message: its id (ours) and the recording's (the provider's)."""


def create_blueprint(settings: Settings, vault: Vault, inbox: Inbox, arrived: Arrived | None = None) -> Blueprint:
    """``POST /twilio/voice``, its steps, ``POST /twilio/voice/status`` and ``POST /twilio/voice/recording``."""
    blueprint = Blueprint("voice", __name__)
    guard = TwilioGuard(settings)

    def answer(step: int) -> Response:
        guard.parameters(request)
        arrival = parse(request, vault, guard.base(request), step, recorded=_recorded(request, arrived))
        if arrival is None:
            return twiml(HANG_UP)
        received = inbox.receive(arrival).answer
        if received is None:
            # Still being made: the provider asks again and, as a repeat, waits for it.
            again = guard.base(request) + asked_path(request)
            return twiml(f'{HEAD}<Redirect method="POST">{xml(again)}</Redirect></Response>')
        return twiml(received or HANG_UP)

    @blueprint.post("/twilio/voice")
    def begin() -> Response:
        return answer(0)

    @blueprint.post("/twilio/voice/step/<int:step>")
    def go_on(step: int) -> Response:
        return answer(min(step, MAX_STEPS))

    @blueprint.post("/twilio/voice/status")
    def status() -> Response:
        guard.parameters(request)
        return Response(status=204)

    @blueprint.post("/twilio/voice/recording")
    def recording() -> Response:
        guard.parameters(request)
        if request.form.get("RecordingStatus", "completed") == "completed":
            _recorded(request, arrived)
        return Response(status=204)

    return blueprint


def _recorded(asked: Request, arrived: Arrived | None) -> bool:
    """Whether a verified request says that one of our messages was spoken; takes note of it then."""
    message, recording = asked.args.get("message", ""), asked.form.get("RecordingSid", "")
    return bool(arrived and is_sid(message) and is_sid(recording) and arrived(message, recording))


def parse(asked: Request, vault: Vault, base: str, step: int, recorded: bool = False) -> Arrival | None:
    """What was keyed (or not), or how a step of the call ended, in a verified request; None without a call id.

    A caller who hides the number is known for this call only, so that no two of them share a conversation.
    """
    form = asked.form
    call = clean(form.get("CallSid", ""))
    if not call:
        return None
    ours_to_them = form.get("Direction", "").startswith("outbound")
    number = normal_sender("voice", clean(form.get("To" if ours_to_them else "From", "")))
    sender = f"call:{call}" if hidden(number) else number
    ended = "recording" if recorded else _dialled(form.get("DialCallStatus", ""))
    keys = "" if ended else "".join(c for c in form.get("Digits", "") if c in KEYS)[:32]
    if "message" in asked.args:
        # The key that ends a message chooses nothing.
        keys = ""
    silent = asked.args.get("silent", "0")
    incoming = Incoming(
        "voice",
        vault.conversation_id("voice", sender),
        keys,
        media=ended or ("" if keys else "call" if step == 0 else "silence"),
        country=country(number),
        call=call,
    )
    unanswered = int(silent[:3]) if silent.isascii() and silent.isdigit() and not keys else 0
    return Arrival(sender, f"{call}:{step}", incoming, {"base": base, "step": step, "silent": unanswered})


def _dialled(status: str) -> str:
    """What being put through came to."""
    return ("talked" if status in TALKED else "nobody") if status else ""
