"""Alarm clocks of messages that have yet to leave: one thread for all of them, and a few that attempt.

The rows of the outbox are the truth: when each is due stands there, and a process that starts reads them. So no clock
has to be durable, and a thousand messages that wait for a provider are a thousand entries of a list.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from webhook.delivery import AT_ONCE, Delivery

AFTER_ACCIDENT_S = 30.0
ADOPTED_AFTER_S = 60.0
"""A row that is so long overdue has lost its process (another worker's rows are left to that)."""

log = logging.getLogger(__name__)


class Retries:
    """The clocks of one serving process. Thread-safe; make it after a fork."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._changed = threading.Condition()
        self._clocks: list[tuple[float, str]] = []
        self._known: set[str] = set()
        self._stopping = False
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="retries")
        self._thread = threading.Thread(target=self._run, name="retry-clock", daemon=True)
        self._thread.start()
        delivery.retry = self.start

    def start(self, outbox_id: str) -> None:
        """A row is to be attempted now; starting it twice changes nothing."""
        with self._changed:
            if outbox_id in self._known:
                return
            self._known.add(outbox_id)
        self._set(outbox_id, 0.0)

    def sweep(self, overdue_s: float | None = None) -> None:
        """Starts everything that is queued, or only what should have left so long ago and has no clock here."""
        for outbox_id in self._delivery.due(overdue_s):
            self.start(outbox_id)

    def waiting(self) -> int:
        """How many rows have a clock."""
        with self._changed:
            return len(self._known)

    def close(self) -> None:
        """Finishes the attempts under way; the rows wait for the next start."""
        self._delivery.retry = lambda outbox_id: None
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _set(self, outbox_id: str, wait_s: float) -> None:
        with self._changed:
            heapq.heappush(self._clocks, (time.monotonic() + wait_s, outbox_id))
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._stopping and (not self._clocks or self._clocks[0][0] > time.monotonic()):
                    self._changed.wait(self._clocks[0][0] - time.monotonic() if self._clocks else None)
                if self._stopping:
                    return
                _, outbox_id = heapq.heappop(self._clocks)
            self._pool.submit(self._attempt, outbox_id)

    def _attempt(self, outbox_id: str) -> None:
        try:
            wait_s = self._delivery.attempt(outbox_id)
        except Exception as error:
            log.error("an attempt failed: %s", type(error).__name__)
            wait_s = AFTER_ACCIDENT_S
        if wait_s is None:
            with self._changed:
                self._known.discard(outbox_id)
        else:
            self._set(outbox_id, wait_s)
