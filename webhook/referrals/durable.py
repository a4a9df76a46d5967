"""The durable clock of a referral: a DBOS workflow whose only argument is the referral's opaque id."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from dbos import DBOS

from webhook.alarm import set_alarm
from webhook.referrals.escalation import PAUSE_AFTER_ACCIDENT_S, Escalation
from webhook.referrals.voice_messages import VoiceMessages

log = logging.getLogger(__name__)
_serving: dict[str, Escalation] = {}
_threads: dict[str, ThreadPoolExecutor] = {}
AT_ONCE = 8
"""Referrals that are looked at at the same time. DBOS's own threads would be as many as there are referrals."""


@DBOS.step(name="advance")
async def advance(referral: str) -> float | None:
    """What is due; the seconds until the next look, or None. Never raises: an exception would be stored."""
    try:
        advance_now = _serving["escalation"].advance
        return await asyncio.get_running_loop().run_in_executor(_threads["advance"], advance_now, referral)
    except Exception as error:
        log.error("escalation failed: %s", type(error).__name__)
        return PAUSE_AFTER_ACCIDENT_S


@DBOS.workflow(name="escalate", max_recovery_attempts=None)
async def escalate(referral: str) -> None:
    """Looks at one referral until nothing is left to do, however often the service is restarted meanwhile (DBOS gives
    up after a hundred times unless told otherwise)."""
    while True:
        wait_s = await advance(referral)
        if wait_s is None:
            return
        await DBOS.sleep_async(wait_s)


def attach(escalation: Escalation) -> None:
    """Before ``DBOS.launch()``: recovered workflows need it at once."""
    _serving["escalation"] = escalation
    _threads["advance"] = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="clock")
    escalation.alarm = start


def start(referral: str, workflow: str) -> None:
    """Starts a clock; starting it twice changes nothing. An orderly shutdown may have ended it as failed."""
    set_alarm(escalate, workflow, referral)


# ---- messages that callers leave: the same, with the message's opaque id

_messages: dict[str, VoiceMessages] = {}


@DBOS.step(name="advance_message")
async def advance_message(message: str) -> float | None:
    """As :func:`advance`."""
    try:
        advance_now = _messages["serving"].advance
        return await asyncio.get_running_loop().run_in_executor(_threads["messages"], advance_now, message)
    except Exception as error:
        log.error("a message could not be fetched: %s", type(error).__name__)
        return PAUSE_AFTER_ACCIDENT_S


@DBOS.workflow(name="fetch_message")
async def fetch_message(message: str) -> None:
    """Looks at one message until it is here and gone at the provider."""
    while True:
        wait_s = await advance_message(message)
        if wait_s is None:
            return
        await DBOS.sleep_async(wait_s)


def attach_messages(messages: VoiceMessages) -> None:
    """As :func:`attach`."""
    _messages["serving"] = messages
    _threads["messages"] = ThreadPoolExecutor(AT_ONCE // 2, thread_name_prefix="fetch")
    messages.alarm = start_message


def start_message(message: str, workflow: str) -> None:
    """As :func:`start`."""
    set_alarm(fetch_message, workflow, message)
