"""One telephone, two people: after a quarter of an hour the second meets the plain menu, whatever they press."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conversations.conftest import Meet
from tests.conversations.people import DOORS, LANGUAGES, Insider
from tests.conversations.walking import walk

WORDS = yaml.safe_load((Path(__file__).parent / "words.yml").read_text(encoding="utf-8"))
PLAIN = {"main_menu", "welcome", "nothing_to_repeat", "back_nothing", "affirm_alone", "deny_alone", "empty_message",
         "media_received", "left", "language_menu", "help_in_danger", "voice_no_input"}  # fmt: skip
FIRST_PRESSED = ("1", "2", "3", "4", "6", "7", "8", "9", "*", "0", "5")
FIRST_SAID = ("yes", "no", "unknown", "back", "repeat")
A_WAS_AT = {
    "the offer check": "11",
    "which": "1222213",
    "an offer's result": "12212222",
    "the help path": "4212",
    "an answer": "3",
    "a topic": "213",
    "the languages": "0",
    "stopping": "",
}


def a_was_here(inside: Meet, door: str, language: str, keys: str) -> Any:
    person = inside(door, language).press(*keys)
    return person.wait(minutes=16)


def met(person: Any) -> set[str]:
    return set(person.keys)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("where", A_WAS_AT)
class TestTheSecondPerson:
    def test_meets_only_the_plain_menu_by_key(self, inside: Meet, door: str, language: str, where: str) -> None:
        for pressed in FIRST_PRESSED:
            person = a_was_here(inside, door, language, A_WAS_AT[where])
            person.write(pressed)
            assert met(person) <= PLAIN, pressed
            if pressed in "12346789":
                assert person.asked == "main_menu", pressed

    def test_meets_only_the_plain_menu_by_word(self, inside: Meet, door: str, language: str, where: str) -> None:
        if door == "voice":
            person = a_was_here(inside, door, language, A_WAS_AT[where])
            assert met(person.ring()) == {"welcome", "main_menu"}
            return
        for word in FIRST_SAID:
            person = a_was_here(inside, door, language, A_WAS_AT[where])
            assert met(person.write(WORDS[word][language])) <= PLAIN | {"not_understood_1"}, word
        for word in ("PLUS", "KARI", "MORE", "MENU", "👍", ""):
            person = a_was_here(inside, door, language, A_WAS_AT[where])
            assert met(person.write(word)) <= PLAIN, word

    def test_meets_only_the_plain_menu_by_an_old_button(
        self, inside: Meet, door: str, language: str, where: str
    ) -> None:
        if door != "telegram":
            return
        person = inside(door, language).press(*A_WAS_AT[where])
        assert isinstance(person, Insider)
        for button in person.buttons:
            if button.startswith(("/affirm", "/deny", "/inform", "/tell_more", "/offer_asks")):
                again = inside(door, language).press(*A_WAS_AT[where]).wait(minutes=16)
                assert met(again.tap(button)) == {"main_menu"}, button


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("door", DOORS)
def test_a_second_call_hears_nothing_of_the_first(inside: Meet, door: str, language: str) -> None:
    person = inside(door, language).press(*"1122")
    if door == "voice":
        assert met(person.ring()) == {"welcome", "main_menu"}
        assert met(person.press(9)) == {"welcome", "main_menu"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("where", A_WAS_AT)
def test_after_leaving_only_a_neutral_question_is_left(
    inside: Meet, dialogue: Any, *, door: str, language: str, where: str
) -> None:
    for pressed in ("1", "2", "3", "9", "8"):
        person = inside(door, language).press(*A_WAS_AT[where]).press("*")
        if door == "voice":
            person.ring()
        assert met(person.write(pressed)) <= PLAIN | {
            "offer_resume", "offer_start", "offer_q_free_travel", "ask_warning_signs", "ask_rights",
            "choice_not_offered",
        }, pressed  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("keys", "again"), [("112*", "1"), ("112M", "1"), ("421*", "4"), ("421M", "4")])
def test_small_talk_in_between_does_not_keep_it_alive(
    inside: Meet, *, door: str, language: str, keys: str, again: str
) -> None:
    person = inside(door, language)
    for key in keys:
        person.write("menu" if key == "M" else key)
    person.wait(minutes=14)
    person.ring() if door == "voice" else person.write("menu")
    person.wait(minutes=14)
    person.write("menu").press(again)
    assert met(person) <= {"offer_start", "offer_q_free_travel", "help_in_danger", "help_interrupted"}
    if again == "1" or "M" in keys:
        assert person.asked in ("offer_q_free_travel", "help_in_danger")


def test_what_was_left_says_nothing_by_itself(dialogue: Any) -> None:
    """Every place that keys reach, left with *: nothing that was said or offered is kept."""
    for turn in walk(dialogue, "sms", "fr").turns.values():
        if turn.state:
            from tests.conversations.walking import send

            left = send(dialogue, turn.state, "sms", "*").state
            assert left is not None
            assert set(left["tracker"].get("slots") or {}) <= {"offer"}
