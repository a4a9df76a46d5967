"""Rasa's message processor without the work that changes nothing.

Left out: copies for debug logs that nobody reads, a copy of the whole tracker before every action, actions built anew
for every prediction, and the search for slots to fill in a domain whose slots are filled by actions.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from rasa.core.actions.action import ACTION_VALIDATE_SLOT_MAPPINGS, ActionBotResponse, ActionListen, RemoteAction
from rasa.core.processor import ActionLimitReached, MessageProcessor
from rasa.shared.core.constants import DEFAULT_SLOT_NAMES
from rasa.shared.core.slots import Slot

STATELESS_ACTIONS = (ActionListen, ActionBotResponse, RemoteAction)
NO_COPIES = SimpleNamespace(deepcopy=lambda value: value)
"""Stands for ``copy`` in modules that copy only what they log at debug level."""


def copy_slot(slot: Slot) -> Slot:
    """What ``copy.copy`` gives, without its detour through pickling; every new tracker copies every slot."""
    new = object.__new__(type(slot))
    new.__dict__.update(slot.__dict__)
    return new


class TurnProcessor(MessageProcessor):
    """Takes MessageProcessor's place: the same events in the same order."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._known_actions: dict[str, Any] = {}
        mappings = [m for slot in self.domain.slots if slot.name not in DEFAULT_SLOT_NAMES for m in slot.mappings]
        self._fills_slots = ACTION_VALIDATE_SLOT_MAPPINGS in self.domain.user_actions or any(
            mapping.get("type") != "custom" or mapping.get("action") for mapping in mappings
        )

    async def run_action_extract_slots(self, output_channel: Any, tracker: Any) -> Any:
        """Does nothing when no slot of the domain is filled that way."""
        if self._fills_slots:
            tracker = await super().run_action_extract_slots(output_channel, tracker)
        return tracker

    def predict_next_with_tracker_if_should(self, tracker: Any) -> tuple[Any, Any]:
        """The next action and its prediction; raises ActionLimitReached as the original does."""
        if self.is_action_limit_reached(tracker, self.should_predict_another_action(tracker.latest_action_name)):
            raise ActionLimitReached("The limit of actions to predict has been reached.")
        prediction = self._predict_next_with_tracker(tracker)
        return self._get_action(self.domain.action_names_or_texts[prediction.max_confidence_index]), prediction

    def _get_action(self, action_name: str) -> Any:
        action = self._known_actions.get(action_name)
        if action is None:
            action = super()._get_action(action_name)
            if isinstance(action, STATELESS_ACTIONS):
                self._known_actions[action_name] = action
        return action

    async def _run_action(self, action: Any, tracker: Any, output_channel: Any, nlg: Any, prediction: Any) -> bool:
        # The original gives the action a copy to try the prediction's events on; without any there is nothing to try.
        if prediction.events or not isinstance(action, STATELESS_ACTIONS):
            return bool(await super()._run_action(action, tracker, output_channel, nlg, prediction))
        tracker.copy = lambda: tracker
        try:
            return bool(await super()._run_action(action, tracker, output_channel, nlg, prediction))
        finally:
            del tracker.copy
