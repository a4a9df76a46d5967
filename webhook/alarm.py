"""Starting a durable workflow so that it runs, whatever became of the one before under the same id."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from dbos import DBOS, SetWorkflowID

RUNNING = frozenset(("PENDING", "ENQUEUED", "DELAYED"))

log = logging.getLogger(__name__)


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
            DBOS.start_workflow(workflow, argument)
    except Exception as error:
        log.error("a workflow could not be started: %s", type(error).__name__)
