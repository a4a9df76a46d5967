"""Rasa's tracker store over one small snapshot per conversation.

A snapshot holds the slots and the active loop *as they were at the window's first event*, plus the last few turns.
Storing the current ones would misroute a fallback, because UserUtteranceReverted replays the events. Loading and
saving touch memory only: the web thread puts a snapshot in before the turn and takes the new one out after it.
"""

from __future__ import annotations

from typing import Any

import rasa.shared.core.events as ev
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.trackers import DialogueStateTracker

from bot.rasa_seams.actions import EVENTS_BY_NAME, to_event

KEPT_TURNS = 2
"""User turns kept besides the one that comes. Rules look one user turn back; the second is for reverts."""

Snapshot = dict[str, Any]


class SnapshotTrackerStore(TrackerStore):
    """Keeps the trackers of the turns in progress; :meth:`put` before a turn, :meth:`take` after it."""

    def __init__(self, domain: Any = None, event_broker: Any = None, **kwargs: Any) -> None:
        super().__init__(domain, event_broker)
        self._snapshots: dict[str, Snapshot] = {}

    @property
    def domain(self) -> Any:
        """The domain of the loaded model (the agent sets it)."""
        return self._domain

    @domain.setter
    def domain(self, domain: Any) -> None:
        self._domain = domain

    def put(self, sender_id: str, snapshot: Snapshot | None) -> None:
        """Makes ``snapshot`` (None: a new conversation) what the next turn starts from."""
        self._snapshots[sender_id] = snapshot or {}

    def take(self, sender_id: str) -> Snapshot:
        """Returns the snapshot after the turn and forgets it here."""
        return self._snapshots.pop(sender_id, {})

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Rebuilds the tracker of a conversation; a new one listens from the start, without a session event."""
        snapshot = self._snapshots.get(sender_id)
        if snapshot is None:
            return None
        tracker = DialogueStateTracker(sender_id, self._domain.slots)
        for name, value in (snapshot.get("slots") or {}).items():
            if name in tracker.slots:
                tracker.update(ev.SlotSet(name, value), self._domain)
        tracker.update(ev.ActionExecuted(ACTION_LISTEN_NAME), self._domain)
        if snapshot.get("loop"):
            tracker.update(ev.ActiveLoop(snapshot["loop"]), self._domain)
            tracker.update(ev.ActionExecuted(snapshot["loop"]), self._domain)
            tracker.update(ev.ActionExecuted(ACTION_LISTEN_NAME), self._domain)
        for data in snapshot.get("events") or ():
            tracker.update(_load_event(data), self._domain)
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Replaces the conversation's snapshot. No message text goes in."""
        self._snapshots[tracker.sender_id] = snapshot_of(tracker, self._domain)


def snapshot_of(tracker: DialogueStateTracker, domain: Any, kept_turns: int = KEPT_TURNS) -> Snapshot:
    """What must be kept of ``tracker`` so that the next turn goes as if everything had been."""
    events = list(tracker.events)
    user_turns = [index for index, event in enumerate(events) if isinstance(event, ev.UserUttered)]
    first = user_turns[-kept_turns] if len(user_turns) >= kept_turns else (user_turns[0] if user_turns else len(events))
    before = DialogueStateTracker(tracker.sender_id, domain.slots)
    for event in events[:first]:
        before.update(event, domain)
    initial = {slot.name: slot.initial_value for slot in domain.slots}
    return {
        "slots": {k: v for k, v in before.current_slot_values().items() if v != initial.get(k)},
        "loop": before.active_loop.name if before.active_loop else None,
        "events": [_dump_event(event) for event in events[first:] if not isinstance(event, ev.BotUttered)],
    }


def _dump_event(event: ev.Event) -> dict[str, Any]:
    if isinstance(event, ev.UserUttered):
        intent = event.intent or {}
        return {
            "event": "user",
            "intent": intent.get("name"),
            "entities": [{"entity": e["entity"], "value": e["value"]} for e in event.entities or ()],
        }
    if isinstance(event, ev.SlotSet):
        return {"event": "slot", "name": event.key, "value": event.value}
    if isinstance(event, ev.ActionExecuted):
        return {"event": "action", "name": event.action_name}
    data: dict[str, Any] = event.as_dict()
    data.pop("metadata", None)
    data.pop("timestamp", None)
    return data


def _load_event(data: dict[str, Any]) -> ev.Event:
    kind = data["event"]
    if kind == "user":
        intent = {"name": data.get("intent"), "confidence": 1.0}
        entities = data.get("entities") or []
        return ev.UserUttered("", intent, entities, {"text": "", "intent": intent, "entities": entities})
    if kind in EVENTS_BY_NAME:
        return to_event(data)
    raise ValueError(f"unknown event '{kind}' in a stored conversation")
