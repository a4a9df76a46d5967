"""The durable clock of a referral: a DBOS workflow whose only argument is the referral's opaque id."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from dbos import DBOS

from webhook.alarm import set_alarm
from webhook.referrals.escalation import PAUSE_AFTER_ACCIDENT_S, Escalation

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
