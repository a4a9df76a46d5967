"""The calls in progress on the fictional phones, in memory only."""

from __future__ import annotations

import threading
from collections import OrderedDict

from webhook.simulator.twilio_requests import Call

MAX_CALLS = 200


class Calls:
    """Calls by their CallSid; thread-safe, the oldest goes first when there are too many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: OrderedDict[str, Call] = OrderedDict()

    def add(self, call: Call) -> None:
        """A call that has just begun to ring."""
        with self._lock:
            self._calls[call.sid] = call
            while len(self._calls) > MAX_CALLS:
                self._calls.popitem(last=False)

    def find(self, sid: str) -> Call | None:
        """The call, or None when it has ended or is unknown."""
        with self._lock:
            return self._calls.get(sid)

    def remove(self, sid: str) -> Call | None:
        """Takes an ended call out."""
        with self._lock:
            return self._calls.pop(sid, None)

    def ringing_for(self, number: str) -> list[Call]:
        """Calls that the service has placed to ``number`` and that nobody has answered."""
        with self._lock:
            return [
                call
                for call in self._calls.values()
                if call.number == number and call.direction == "outbound-api" and call.status == "ringing"
            ]
