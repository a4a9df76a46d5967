"""The durable clock of a caller's message: a DBOS workflow whose only argument is the message's opaque id."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from dbos import DBOS

from webhook.alarm import set_alarm
from webhook.referrals.escalation import PAUSE_AFTER_ACCIDENT_S
from webhook.referrals.voice_messages import VoiceMessages

log = logging.getLogger(__name__)
_serving: dict[str, VoiceMessages] = {}
_threads: dict[str, ThreadPoolExecutor] = {}
AT_ONCE = 4
"""Messages that are fetched at the same time."""


@DBOS.step(name="advance_message")
async def advance_message(message: str) -> float | None:
    """What is due; the seconds until the next look, or None. Never raises: an exception would be stored."""
    try:
        advance_now = _serving["messages"].advance
        return await asyncio.get_running_loop().run_in_executor(_threads["advance"], advance_now, message)
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


def attach(messages: VoiceMessages) -> None:
    """Before ``DBOS.launch()``: recovered workflows need it at once."""
    _serving["messages"] = messages
    _threads["advance"] = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fetch")
    messages.alarm = start


def start(message: str, workflow: str) -> None:
    """Starts a clock; starting it twice changes nothing."""
    set_alarm(fetch_message, workflow, message)
