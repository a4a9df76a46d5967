"""Rasa's RulePolicy with its rules indexed: the original parses the JSON key of every rule for every prediction, and
works out the states of the whole conversation where rules look at the last few."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from rasa.core.policies.rule_policy import RULES, RULES_FOR_LOOP_UNHAPPY_PATH, RulePolicy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.core.constants import PREVIOUS_ACTION
from rasa.shared.core.events import ActionExecuted

LastState = tuple[str | None, str | None]
ParsedRule = tuple[str, list[dict[str, Any]]]


def _intent_and_action(state: dict[str, Any]) -> LastState:
    return (state.get("user") or {}).get("intent"), (state.get(PREVIOUS_ACTION) or {}).get("action_name")


class RuleIndex:
    """A rule lookup (JSON of states → action) parsed once and grouped by what each rule's last state names."""

    def __init__(self, lookup: dict[str, str]) -> None:
        self._groups: dict[LastState, list[ParsedRule]] = defaultdict(list)
        for key in lookup:
            states = json.loads(key)
            self._groups[_intent_and_action(states[-1])].append((key, list(reversed(states))))

    def candidates(self, state: dict[str, Any]) -> list[ParsedRule]:
        """Rules (key, states from last to first) that can match a conversation whose last state is ``state``."""
        intent, action = _intent_and_action(state)
        found: list[ParsedRule] = []
        for group in {(intent, action), (None, action), (intent, None), (None, None)}:
            found.extend(self._groups.get(group, ()))
        return found


class RecentTurns:
    """A tracker as the featurizer sees it, that gives its last states only."""

    def __init__(self, tracker: Any, most_states: int) -> None:
        self._tracker = tracker
        self._most_states = most_states

    def past_states(self, domain: Any, *_: Any, **__: Any) -> list[dict[str, Any]]:
        """The last states (dictionaries) of those that the original gives for the whole conversation, oldest first."""
        events = self._tracker.applied_events()
        actions = [number for number, event in enumerate(events) if isinstance(event, ActionExecuted)]
        wanted = set(actions[len(actions) + 1 - self._most_states :] if len(actions) >= self._most_states else actions)
        past = self._tracker.init_copy()
        states = []
        for number, event in enumerate(events):
            if number in wanted:
                states.append(domain.get_active_state(past))
            event.apply_to(past)
        return [*states, domain.get_active_state(past)]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class IndexedRulePolicy(RulePolicy):
    """Predicts exactly what RulePolicy predicts. While training (the lookup still changes) it *is* the original."""

    _indexes: dict[int, tuple[int, RuleIndex]] | None = None

    @classmethod
    def load(cls, *args: Any, **kwargs: Any) -> IndexedRulePolicy:
        """Loads a trained policy (see parent class) and switches the index on."""
        policy: IndexedRulePolicy = super().load(*args, **kwargs)
        policy._indexes = {}
        policy._longest_rule = max(  # type: ignore[attr-defined]
            (
                len(json.loads(key))
                for name in (RULES, RULES_FOR_LOOP_UNHAPPY_PATH)
                for key in policy.lookup.get(name, ())
            ),
            default=1,
        )
        policy._has_text_rules = any(  # type: ignore[attr-defined]
            '"text"' in key for lookup in policy.lookup.values() if isinstance(lookup, dict) for key in lookup
        )
        return policy

    def _find_action_from_rules(
        self, tracker: Any, domain: Any, use_text_for_last_user_input: bool
    ) -> tuple[str | None, str | None, bool]:
        # Without end-to-end rules the text can match none; the original builds all states to find that out.
        if use_text_for_last_user_input and self._indexes is not None and not self._has_text_rules:  # type: ignore[attr-defined]
            return None, None, False
        found: tuple[str | None, str | None, bool]
        found = super()._find_action_from_rules(tracker, domain, use_text_for_last_user_input)
        return found

    def _prediction_states(
        self, tracker: Any, domain: Any, use_text_for_last_user_input: bool = False, rule_only_data: Any = None
    ) -> list[dict[str, Any]]:
        seen = tracker if self._indexes is None else RecentTurns(tracker, self._longest_rule)
        states: list[dict[str, Any]]
        states = super()._prediction_states(seen, domain, use_text_for_last_user_input, rule_only_data)
        return states

    def _get_possible_keys(self, lookup: dict[str, str], states: list[dict[str, Any]]) -> set[str]:
        if self._indexes is None:
            keys: set[str] = super()._get_possible_keys(lookup, states)
            return keys
        size, index = self._indexes.get(id(lookup), (-1, None))
        if index is None or size != len(lookup):
            index = RuleIndex(lookup)
            self._indexes[id(lookup)] = (len(lookup), index)
        return {key for key, rule in index.candidates(states[-1]) if self._matches(rule, states)}

    def _matches(self, reversed_rule: list[dict[str, Any]], states: list[dict[str, Any]]) -> bool:
        for turn, state in enumerate(reversed(states)):
            if turn >= len(reversed_rule):
                return True
            rule_state = reversed_rule[turn]
            rule_previous = rule_state.get(PREVIOUS_ACTION)
            current_previous = state.get(PREVIOUS_ACTION)
            if not rule_previous and not current_previous:
                continue
            if not rule_previous or not current_previous:
                return False
            if not self._does_rule_match_state(rule_state, state):
                return False
        return True
