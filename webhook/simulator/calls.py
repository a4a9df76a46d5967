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
        self._recordings: OrderedDict[str, str] = OrderedDict()
        self._deleted: OrderedDict[str, str] = OrderedDict()

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

    def record(self, recording: str, call: str) -> None:
        """A message was spoken in a call."""
        with self._lock:
            _keep(self._recordings, recording, call)

    def recordings_of(self, call: str) -> list[str]:
        """Ids of a call's recordings, the newest first; also when the call has ended."""
        with self._lock:
            return [recording for recording, of in reversed(self._recordings.items()) if of == call]

    def delete_recording(self, recording: str) -> bool:
        """False when it was deleted before."""
        with self._lock:
            if recording in self._deleted:
                return False
            self._recordings.pop(recording, None)
            _keep(self._deleted, recording, "")
            return True

    def is_deleted(self, recording: str) -> bool:
        """Whether it can no longer be heard."""
        with self._lock:
            return recording in self._deleted


def _keep(table: OrderedDict[str, str], name: str, value: str) -> None:
    table[name] = value
    while len(table) > MAX_CALLS:
        table.popitem(last=False)
