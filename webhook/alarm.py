"""Starting a durable workflow so that it runs, whatever became of the one before under the same id."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from dbos import DBOS, SetWorkflowID

RUNNING = frozenset(("PENDING", "ENQUEUED", "DELAYED"))
QUEUE = "alarms"
"""What DBOS takes from a queue waits on its event loop; what it starts directly keeps a thread while it waits."""

log = logging.getLogger(__name__)


def register_alarms() -> None:
    """After ``DBOS.launch()``."""
    DBOS.register_queue(QUEUE)


def set_alarm(workflow: Callable[[str], Coroutine[Any, Any, None]], workflow_id: str, argument: str) -> None:
    """Starts ``workflow(argument)`` under ``workflow_id`` unless it waits already.

    Ask only while there is something to do. An orderly shutdown (``DBOS.destroy``) records waiting asynchronous
    workflows as failed, and starting a finished id again does nothing: the finished one is deleted first. Never
    raises: the row that is due stays, and the next sweep asks again.
    """
    try:
        known = DBOS.get_workflow_status(workflow_id)
        if known is not None:
            if known.status in RUNNING:
                return
            DBOS.delete_workflow(workflow_id)
        with SetWorkflowID(workflow_id):
            DBOS.enqueue_workflow(QUEUE, workflow, argument)
    except Exception as error:
        log.error("a workflow could not be started: %s", type(error).__name__)
