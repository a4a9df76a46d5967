"""What is answered more than a quarter of an hour late may be read by somebody else."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from bot.effects import EraseData, StopMessages
from bot.memory.conversation import Conversation
from bot.messages import Incoming
from tests.conversations.people import LANGUAGES, NOON
from tests.conversations.test_always import WORDS

pytestmark = [
    pytest.mark.parametrize("language", LANGUAGES),
    pytest.mark.parametrize("door", ["sms", "telegram"]),
]


def late(dialogue: Any, door: str, language: str, text: str) -> Any:
    state = Conversation(language=language, hinted=True).dump(NOON)
    return dialogue.answer(state, Incoming(door, "c", text, country="NE", late=True), NOON)


def keys(turn: Any) -> list[str]:
    return list(dict.fromkeys(reply.key for reply in turn.replies))


def test_a_question_gets_the_plain_menu(dialogue: Any, door: str, language: str) -> None:
    for words in ("told", "question", "offer_relative"):
        turn = late(dialogue, door, language, WORDS[words][language])
        assert keys(turn) == ["resumed_menu"]
        after = dialogue.answer(turn.state, Incoming(door, "c", "9", country="NE"), NOON)
        assert keys(after) == ["resumed_menu"]
        assert not (turn.state["tracker"].get("slots") or {}).get("offer")


def test_danger_gets_the_numbers_and_nothing_else(dialogue: Any, door: str, language: str) -> None:
    turn = late(dialogue, door, language, WORDS["danger"][language])
    assert keys(turn) == ["emergency_numbers", "help_safe_to_talk"]
    for line in turn.replies[0].text.split("\n"):
        assert re.match(r"- \+227 \d+ ", line)
    on_time = dialogue.answer(turn.state, Incoming(door, "c", "1", country="NE"), NOON)
    assert keys(on_time)[-1] == "help_who"


def test_stop_and_erase_are_carried_out_without_saying_of_what(dialogue: Any, door: str, language: str) -> None:
    for word, effect in (("STOP", StopMessages), ("EFFACER", EraseData)):
        turn = late(dialogue, door, language, word)
        assert any(isinstance(e, effect) for e in turn.effects)
        (reply,) = turn.replies
        assert len(reply.text) < 20


def test_on_time_nothing_is_hidden(dialogue: Any, door: str, language: str) -> None:
    state = Conversation(language=language, hinted=True).dump(NOON)
    incoming = Incoming(door, "c", WORDS["question"][language], country="NE", late=True)
    assert keys(dialogue.answer(state, replace(incoming, late=False), NOON)) == ["ask_cost"]
