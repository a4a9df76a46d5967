"""Walks through everything that keys alone can reach from the main menu, breadth first."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from bot.effects import Turn
from bot.memory.conversation import Conversation
from bot.messages import Incoming
from tests.conversations.people import NOON

Place = tuple[str, tuple[str, ...]]
"""Where a conversation stands: what was asked last, and the payloads on offer."""
MAX_PLACES = 400


@dataclass
class Map:
    """``turns``: how each place is first met; ``keys``: the keys pressed to get there; ``ways``: place → places."""

    turns: dict[Place, Turn] = field(default_factory=dict)
    keys: dict[Place, str] = field(default_factory=dict)
    ways: dict[Place, set[Place]] = field(default_factory=dict)
    said: set[str] = field(default_factory=set)
    every_turn: list[tuple[str, Turn]] = field(default_factory=list)

    def keys_to(self, payload: str) -> str:
        """The keys from the main menu up to and with the choice of ``payload``."""
        found = [keys + str(place[1].index(payload) + 1) for place, keys in self.keys.items() if payload in place[1]]
        return min(found, key=len)

    def leading_to(self, target: Place) -> set[Place]:
        """Every place from which keys lead to ``target``."""
        found, waiting = {target}, deque([target])
        while waiting:
            here = waiting.popleft()
            for place, following in self.ways.items():
                if here in following and place not in found:
                    found.add(place)
                    waiting.append(place)
        return found


def send(dialogue: Any, state: dict[str, Any] | None, channel: str, text: str, **more: Any) -> Turn:
    turn: Turn = dialogue.answer(state, Incoming(channel, "walker", text, country="NE", **more), NOON)
    return turn


def place_of(turn: Turn) -> Place:
    assert turn.state is not None
    return turn.replies[-1].key, tuple(turn.state["offered"])


def at_menu(dialogue: Any, channel: str, language: str) -> Turn:
    return send(dialogue, Conversation(language=language, hinted=True).dump(NOON), channel, "menu")


@cache
def walk(dialogue: Any, channel: str, language: str) -> Map:
    """Everything behind the main menu. Where digits are data or nothing is on offer, 1 and 2 are pressed."""
    found = Map()
    first = at_menu(dialogue, channel, language)
    start = place_of(first)
    found.turns[start], found.keys[start] = first, ""
    waiting = deque([start])
    while waiting:
        place = waiting.popleft()
        turn = found.turns[place]
        found.said |= {reply.key for reply in turn.replies}
        found.ways[place] = set()
        if turn.ends_call and channel == "voice":
            found.ways[place].add(start)
            continue
        for number in range(1, max(2, len(place[1])) + 1):
            following = send(dialogue, turn.state, channel, str(number))
            found.every_turn.append((f"{found.keys[place]}{number}", following))
            if following.state is None:
                # Erased: whoever comes next begins anew.
                found.said |= {reply.key for reply in following.replies}
                found.ways[place].add(start)
                continue
            reached = place_of(following)
            found.ways[place].add(reached)
            if reached not in found.turns:
                assert len(found.turns) < MAX_PLACES
                found.turns[reached], found.keys[reached] = following, f"{found.keys[place]}{number}"
                waiting.append(reached)
    return found
