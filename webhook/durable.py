"""Clocks that survive a restart: DBOS in this process.

Rows are the truth, a workflow is an alarm clock. DBOS is launched only in the serving worker, after the fork, and under
an executor name that nobody else holds (webhook.presence).
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from dbos import DBOS
from dbos._serialization import DBOSPortableJSON

from webhook.alarm import register_alarms
from webhook.settings import Settings

APPLICATION_VERSION = "hankali-1"
"""Fixed: by default it is a hash of the code, and a changed one leaves waiting workflows pending for good."""
THREADS = 8
"""For DBOS's own reading and writing. By default it takes one for each referral that is due at the same moment."""
FINISHED_KEPT = timedelta(days=1)
PURGED_AT_ONCE = 500


class Durable:
    """DBOS, from launch to end."""

    def __init__(self, settings: Settings, executor: str) -> None:
        DBOS(
            config={
                "name": "hankali",
                "system_database_url": settings.durable_url,
                "application_version": APPLICATION_VERSION,
                "executor_id": executor,
                "serializer": DBOSPortableJSON,
                "log_level": "ERROR",
                "enable_otlp": False,
                "max_executor_threads": THREADS,
            }
        )
        DBOS.launch()
        register_alarms()

    def purge(self) -> None:
        """Forgets finished workflows."""
        before = (datetime.now(UTC) - FINISHED_KEPT).isoformat()
        while finished := DBOS.list_workflows(
            completed_before=before, load_input=False, load_output=False, limit=PURGED_AT_ONCE
        ):
            DBOS.delete_workflows([workflow.workflow_id for workflow in finished], delete_children=True)

    def close(self) -> None:
        """Stops; waiting workflows go on at the next start."""
        # It would write a trace for every workflow that waits, and record it as failed; see webhook.alarm.
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        DBOS.destroy()
