"""rasa_sdk actions run in process: the HTTP action server costs 24 ms a call, this costs a function call."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable
from typing import Any

import rasa.shared.core.events as rasa_events
from rasa.core.actions.action import ActionExecutionRejection as RasaRejection
from rasa.core.actions.action import RemoteAction
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk import Action
from rasa_sdk import Tracker as SdkTracker
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import ActionExecutionRejection as SdkRejection

EVENTS_BY_NAME: dict[str, type[rasa_events.Event]] = {
    str(cls.type_name): cls  # type: ignore[attr-defined]
    for cls in vars(rasa_events).values()
    if isinstance(cls, type) and issubclass(cls, rasa_events.Event) and getattr(cls, "type_name", None)
}

DEFAULT_ACTIONS: dict[str, Action] = {}
"""Used where Rasa's own commands build an agent without our endpoint (``hankali rasa …``)."""


class InProcessEndpoint(EndpointConfig):
    """The action endpoint of one agent: its actions by name, where Rasa expects an address."""

    def __init__(self, actions: Iterable[Action]) -> None:
        super().__init__("in-process")
        self.actions = {action.name(): action for action in actions}


def to_event(data: dict[str, Any]) -> rasa_events.Event:
    """Builds the Rasa event that an SDK event dictionary names, without walking every subclass."""
    if data.get("event") == "slot":
        return rasa_events.SlotSet(data["name"], data.get("value"), data.get("timestamp"))
    return EVENTS_BY_NAME[data["event"]]._from_parameters(data)


class LazyEvents(list):
    """The tracker's events as dictionaries, built only when an action looks at them."""

    def __init__(self, tracker: Any) -> None:
        super().__init__()
        self._tracker: Any = tracker

    def _fill(self) -> None:
        if self._tracker is not None:
            tracker, self._tracker = self._tracker, None
            self.extend(event.as_dict() for event in tracker.events)

    def __iter__(self) -> Any:
        self._fill()
        return super().__iter__()

    def __reversed__(self) -> Any:
        self._fill()
        return super().__reversed__()

    def __len__(self) -> int:
        self._fill()
        return super().__len__()

    def __getitem__(self, index: Any) -> Any:
        self._fill()
        return super().__getitem__(index)


def sdk_tracker(tracker: Any) -> SdkTracker:
    """The SDK's view of a Rasa tracker: what the HTTP payload would have held."""
    loop = tracker.active_loop
    return SdkTracker(
        tracker.sender_id,
        tracker.current_slot_values(),
        tracker._latest_message_data(),
        LazyEvents(tracker),
        tracker.is_paused(),
        tracker.followup_action,
        dataclasses.asdict(loop) if loop else {},
        tracker.latest_action_name,
    )


class InProcessAction(RemoteAction):
    """Takes RemoteAction's place: same inputs, same events out, no HTTP and no JSON schema check."""

    async def run(self, output_channel: Any, nlg: Any, tracker: Any, domain: Any) -> list[rasa_events.Event]:
        """Runs the registered action; raises Rasa's ActionExecutionRejection when the action rejects."""
        action = getattr(self.action_endpoint, "actions", DEFAULT_ACTIONS).get(self.name())
        if action is None:
            raise RasaException(f"No action named '{self.name()}' is registered")
        dispatcher = CollectingDispatcher()
        try:
            result = action.run(dispatcher, sdk_tracker(tracker), {})
            if inspect.isawaitable(result):
                result = await result
        except SdkRejection as error:
            raise RasaRejection(self.name(), str(error)) from error
        bot_messages = await self._utter_responses(dispatcher.messages, output_channel, nlg, tracker)
        return [*bot_messages, *(to_event(event) for event in result or [])]
