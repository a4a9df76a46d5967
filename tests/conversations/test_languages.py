"""A conversation has one language: that of its first clear words, of a choice, or of strong evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.memory.conversation import Conversation
from tests.conversations.conftest import Meet
from tests.conversations.people import DOORS, LANGUAGES, NOON
from tests.conversations.walking import send

SAID = yaml.safe_load((Path(__file__).parent / "languages.yml").read_text(encoding="utf-8"))
WRITTEN_DOORS = ("sms", "telegram")
FIRST = [(language, text, key) for language, texts in SAID["first"].items() for text, key in texts.items()]
NAMED = [(language, text) for language, texts in SAID["named"].items() for text in texts]


def language_of(person: Any) -> str:
    (found,) = {reply.language for reply in person.replies}
    return str(found)


@pytest.mark.parametrize("door", WRITTEN_DOORS)
@pytest.mark.parametrize(("language", "text", "key"), FIRST)
def test_the_first_message_is_answered_in_its_language_with_the_hint_once(
    meet: Meet, *, door: str, language: str, text: str, key: str
) -> None:
    person = meet(door).write(text)
    assert language_of(person) == language
    assert person.keys[0] == "language_hint"
    assert person.asked == key
    assert "language_hint" not in person.write(text).keys


@pytest.mark.parametrize("door", WRITTEN_DOORS)
@pytest.mark.parametrize("text", ["menu", "0", "1", "7", "🙂", "START"])
def test_who_has_said_nothing_yet_is_shown_the_languages(meet: Meet, door: str, text: str) -> None:
    person = meet(door).write(text)
    assert person.asked == "language_menu"
    for number, language in enumerate(LANGUAGES, 1):
        again = meet(door).write(text).press(number)
        assert language_of(again) == language
        assert again.asked == "main_menu"


@pytest.mark.parametrize("door", WRITTEN_DOORS)
def test_danger_comes_before_the_hint(meet: Meet, door: str) -> None:
    person = meet(door).write("au secours il va me tuer maintenant il a un couteau")
    assert person.keys == ["emergency_numbers" + ("_all" if door == "telegram" else ""), "help_safe_to_talk"]
    assert "language_hint" not in person.press(1).keys


@pytest.mark.parametrize("door", WRITTEN_DOORS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_one_short_word_never_switches(meet: Meet, door: str, language: str) -> None:
    meet(door, language).write(SAID["short"][language])


@pytest.mark.parametrize("door", WRITTEN_DOORS)
@pytest.mark.parametrize("spoken", LANGUAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_two_clear_messages_switch(meet: Meet, door: str, language: str, spoken: str) -> None:
    if spoken == language:
        return
    person = meet(door, language)
    person.language = ""
    for text in SAID["clear"][spoken]:
        person.write(text)
    assert language_of(person) == spoken


@pytest.mark.parametrize("door", WRITTEN_DOORS)
@pytest.mark.parametrize(("language", "text"), NAMED)
def test_a_language_asked_for_by_name(meet: Meet, door: str, language: str, text: str) -> None:
    for before in LANGUAGES:
        if before == language:
            continue
        person = meet(door, before)
        person.language = ""
        person.write(text)
        assert person.keys == ["language_set", "main_menu"], before
        assert language_of(person) == language


@pytest.mark.parametrize("door", DOORS)
def test_an_answer_is_said_again_in_the_new_language(meet: Meet, door: str) -> None:
    person = meet(door, "fr").press(3)
    assert person.asked == "ask_rights"
    person.press(0)
    person.language = ""
    person.press(4)
    assert person.asked == "ask_rights"
    assert language_of(person) == "en"


@pytest.mark.parametrize("door", DOORS)
def test_a_wrong_number_at_the_languages_asks_again(meet: Meet, door: str) -> None:
    person = meet(door, "fr").press(3, 0, 7)
    assert person.keys == ["choice_not_offered", "language_menu"]
    assert person.press(3).asked == "ask_rights"


@pytest.mark.parametrize("channel", DOORS)
def test_a_language_that_is_no_longer_there(dialogue: Any, channel: str) -> None:
    state = Conversation(language="xx", offered=["/erase_now"], said=[{"key": "gone", "values": {}, "choices": None}])
    for text in ("1", "9", "menu", ""):
        turn = send(dialogue, state.dump(NOON), channel, text)
        assert turn.replies[-1].key == "language_menu", text
    assert send(dialogue, turn.state, channel, "2").replies[-1].language == "dje"
