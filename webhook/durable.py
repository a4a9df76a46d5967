"""Retries that survive a restart: DBOS workflows whose only argument is the id of an outbox row.

The rows are the truth, a workflow is an alarm clock. DBOS is launched only in the serving worker, after the fork, and
under an executor name that nobody else holds (webhook.presence).
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from dbos import DBOS
from dbos._serialization import DBOSPortableJSON

from webhook.alarm import set_alarm
from webhook.delivery import Delivery
from webhook.settings import Settings

APPLICATION_VERSION = "hankali-1"
"""Fixed: by default it is a hash of the code, and a changed one leaves waiting workflows pending for good."""
AFTER_ACCIDENT_S = 30.0
FINISHED_KEPT = timedelta(days=1)
PURGED_AT_ONCE = 500

log = logging.getLogger(__name__)
_serving: dict[str, Delivery] = {}
"""The delivery of this process; workflows are plain functions that DBOS finds by name."""


@DBOS.step(name="attempt")
async def attempt(outbox_id: str) -> float | None:
    """One attempt; the seconds until the next one, or None. Never raises: an exception would be stored."""
    try:
        return await asyncio.to_thread(_serving["delivery"].attempt, outbox_id)
    except Exception as error:
        log.error("an attempt failed: %s", type(error).__name__)
        return AFTER_ACCIDENT_S


@DBOS.workflow(name="deliver")
async def deliver(outbox_id: str) -> None:
    """Attempts one row until its fate is known (webhook.delivery bounds that)."""
    while True:
        wait_s = await attempt(outbox_id)
        if wait_s is None:
            return
        await DBOS.sleep_async(wait_s)


class Durable:
    """DBOS in this process."""

    def __init__(self, settings: Settings, executor: str, delivery: Delivery) -> None:
        _serving["delivery"] = delivery
        DBOS(
            config={
                "name": "hankali",
                "system_database_url": settings.durable_url,
                "application_version": APPLICATION_VERSION,
                "executor_id": executor,
                "serializer": DBOSPortableJSON,
                "log_level": "ERROR",
                "enable_otlp": False,
            }
        )
        DBOS.launch()
        self._delivery = delivery
        delivery.retry = self.start

    def start(self, outbox_id: str) -> None:
        """Starts the retry of a row; starting it twice changes nothing."""
        set_alarm(deliver, f"deliver:{outbox_id}", outbox_id)

    def sweep(self) -> None:
        """Starts what is queued and has no retry yet (a process died between its commit and its first attempt)."""
        for outbox_id in self._delivery.due():
            self.start(outbox_id)

    def purge(self) -> None:
        """Forgets finished workflows."""
        before = (datetime.now(UTC) - FINISHED_KEPT).isoformat()
        while finished := DBOS.list_workflows(
            completed_before=before, load_input=False, load_output=False, limit=PURGED_AT_ONCE
        ):
            DBOS.delete_workflows([workflow.workflow_id for workflow in finished], delete_children=True)

    def close(self) -> None:
        """Stops; waiting workflows go on at the next start."""
        self._delivery.retry = lambda outbox_id: None
        # It would write a trace for every workflow that waits, and record it as failed; see webhook.alarm.
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        DBOS.destroy()
        _serving.clear()
