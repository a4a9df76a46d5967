"""The offer check through the real doors: each language, each door, each grade, and everything that gets in its way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.offer import QUESTIONS
from tests.conversations.conftest import Meet
from tests.conversations.people import DOORS, LANGUAGES, Chatter, Listener, Texter
from tests.conversations.walking import walk

HERE = Path(__file__).parent
COURSES = yaml.safe_load((HERE / "offer_check.yml").read_text(encoding="utf-8"))
WORDS = yaml.safe_load((HERE / "words.yml").read_text(encoding="utf-8"))
FIRST, SECOND, THIRD = (question.key for question in QUESTIONS[:3])
TOLD = {"told": {"free_travel"}, "told_relative": {"free_travel", "child_travels"}}
"""What the free texts of words.yml say at least; Zarma says the age of a relative."""
THROUGH_THE_DOORS = ("two of the gravest", "one of the gravest", "a child", "nothing known", "nothing found")
"""One course of each grade; the others speak with the dialogue itself."""
WRITTEN = [(door, language) for door in ("sms", "telegram") for language in LANGUAGES]


def begun(meet: Meet, door: str, language: str) -> Any:
    """Somebody at the first question."""
    person = meet(door, language).press(1)
    assert person.asked == FIRST
    return person


def result_of(person: Any) -> str:
    return next(key for key in person.keys if key.startswith("offer_result_"))


def said_with(person: Any, name: str) -> list[str]:
    """The keys in a list of the result."""
    said = next(s for s in person.turn.state["said"] if s["key"].startswith("offer_result_"))
    return list(said["values"][name])


def signs_told(person: Any) -> set[str]:
    """Signs that the result names, whatever the words."""
    return {key.partition(":")[0].removeprefix("sign_") for key in said_with(person, "signs")}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("relative", [False, True], ids=["self", "relative"])
@pytest.mark.parametrize("name", COURSES)
def test_straight_through(
    meet: Meet, inside: Meet, dialogue: Any, *, name: str, door: str, language: str, relative: bool
) -> None:
    course = COURSES[name]
    person = (meet if name in THROUGH_THE_DOORS else inside)(door, language)
    person.press(*(walk(dialogue, door, language).keys_to("/check_offer_for_relative") if relative else "1"))
    assert person.asked == FIRST + ("_relative" if relative else "")
    for number, key in enumerate(course["keys"]):
        assert person.asked.endswith("_relative") == (relative and "_which_" not in person.asked), number
        person.press(key)
    assert result_of(person) == f"offer_result_{course['grade']}"
    assert (person.asked == "offer_child_help") == bool(course.get("child"))
    if course["grade"] == "unknown":
        assert said_with(person, "asks"), "what to ask is the point of it"
    if door == "voice":
        # That points are unknown is what the result itself says.
        named = set(course["signs"]) - ({"unverified"} if course["grade"] == "unknown" else set())
        assert signs_told(person) <= named
        assert len(signs_told(person)) == min(len(named), 3 if course.get("child") else 6)
        assert ("child_travels" in signs_told(person)) == bool(course.get("child"))
    else:
        assert signs_told(person) == set(course["signs"])
    if course.get("child"):
        assert person.press(1).asked == "help_in_danger"
        return
    asks = person.payloads.index("/offer_asks") + 1
    points = person.press(asks).keys
    while person.asked == "offer_why":
        points += person.press(1).keys
    assert person.asked == "offer_asks"
    if door != "voice":
        explained = set(course["signs"]) - {"unverified"}
        assert ("offer_why" in points) == (door == "sms" and bool(explained))
    assert person.press(len(person.payloads)).asked == "main_menu"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("door", DOORS)
class TestKeysInTheMiddle:
    def test_a_wrong_number_asks_again(self, meet: Meet, door: str, language: str) -> None:
        person = begun(meet, door, language)
        for digit in "678":
            person.press(digit)
            assert person.keys == ["choice_not_offered", FIRST], digit
        assert person.press(2).asked == SECOND

    def test_key_four_makes_it_about_a_relative(self, meet: Meet, door: str, language: str) -> None:
        assert begun(meet, door, language).press(4).keys == [FIRST + "_relative"]

    def test_repeat_says_it_again(self, meet: Meet, door: str, language: str) -> None:
        person = begun(meet, door, language)
        assert person.press(2, 9).keys == [SECOND]
        assert person.press(9).keys == [SECOND]

    def test_another_language_goes_on_with_the_same_question(self, meet: Meet, door: str, language: str) -> None:
        person = begun(meet, door, language).press(2)
        other = LANGUAGES[LANGUAGES.index(language) - 1]
        assert person.press(0).asked == "language_menu"
        person.language = ""
        person.press(LANGUAGES.index(other) + 1)
        person.language = other
        assert person.asked == SECOND
        assert {reply.language for reply in person.replies} == {other}
        assert person.press(2).asked == THIRD

    def test_a_person_is_one_key_away(self, meet: Meet, door: str, language: str) -> None:
        assert begun(meet, door, language).press(5).asked == "help_in_danger"

    def test_left_and_resumed_within_a_quarter_of_an_hour(self, meet: Meet, door: str, language: str) -> None:
        person = begun(meet, door, language).press(2, 1)
        assert "left" in person.press("*").keys
        person.wait(minutes=10)
        if isinstance(person, Listener):
            person.ring()
        else:
            person.write("menu")
        assert person.asked == "main_menu"
        assert person.press(1).keys == ["offer_resume"]
        assert person.press(1).asked == THIRD
        person.press(2, 2, 2, 2, 2)
        assert signs_told(person) == {"travel_debt"}

    def test_left_and_begun_anew(self, meet: Meet, door: str, language: str) -> None:
        person = begun(meet, door, language).press(2, 1).press("*")
        if isinstance(person, Listener):
            person.ring()
        else:
            person.write("menu")
        assert person.press(1, 2).asked == "main_menu"
        assert person.press(1).keys == ["offer_start", FIRST]

    def test_not_resumed_after_a_quarter_of_an_hour(self, meet: Meet, door: str, language: str) -> None:
        person = begun(meet, door, language).press(2, 1).wait(minutes=16)
        if isinstance(person, Listener):
            person.ring()
        else:
            person.press(9)
        assert person.asked == "main_menu"
        assert person.press(1).keys == ["offer_start", FIRST]


def test_a_call_that_broke_off_can_be_taken_up(meet: Meet) -> None:
    caller = begun(meet, "voice", "ha").press(1)
    assert caller.ring().asked == "main_menu"
    assert caller.press(1).keys == ["offer_resume"]
    assert caller.press(1).asked == SECOND


@pytest.mark.parametrize(("door", "language"), WRITTEN)
class TestWordsInTheMiddle:
    @pytest.mark.parametrize("whose", ["told", "told_relative"])
    def test_what_was_told_is_not_asked(self, meet: Meet, door: str, language: str, whose: str) -> None:
        person = meet(door, language).write(WORDS[whose][language])
        ending = "_relative" if whose == "told_relative" else ""
        assert person.keys[0] == "offer_heard"
        heard = {key.removeprefix("sign_") for key in person.turn.state["said"][0]["values"]["signs"]}
        asked = []
        while not person.asked.startswith(("offer_result_", "offer_child_help")):
            assert person.asked.endswith(ending)
            asked.append(person.asked.removesuffix(ending))
            person.press(2)
        assert heard & TOLD[whose]
        assert asked == [question.key for question in QUESTIONS if not heard & set(question.signs)]
        assert signs_told(person) == heard

    def test_yes_no_and_unknown_in_words(self, meet: Meet, door: str, language: str) -> None:
        person = begun(meet, door, language)
        assert person.write(WORDS["yes"][language]).asked == SECOND
        assert person.write(WORDS["no"][language]).asked == THIRD
        assert person.write(WORDS["unknown"][language]).asked == "offer_q_no_contract"
        person.press(2, 2, 2, 2)
        assert signs_told(person) == {"free_travel"}

    def test_a_sign_told_as_an_answer_is_heard(self, meet: Meet, door: str, language: str) -> None:
        person = begun(meet, door, language).write(WORDS["told_later"][language])
        assert person.keys == ["offer_heard", FIRST]
        person.press(2, 2, 2, 2)
        assert person.asked == "offer_q_pay_or_promise"

    def test_back_corrects(self, meet: Meet, door: str, language: str) -> None:
        person = begun(meet, door, language).press(1)
        assert person.write(WORDS["back"][language]).keys == ["offer_corrected", FIRST]
        person.press(2, 2, 2, 2, 2, 2, 2)
        assert result_of(person) == "offer_result_none"

    def test_menu_in_the_middle_says_that_it_can_go_on(self, meet: Meet, door: str, language: str) -> None:
        person = begun(meet, door, language).press(2)
        assert person.write("menu").keys == ["offer_stopped", "main_menu"]
        assert person.press(1).keys == ["offer_resume"]
        assert person.press(1).asked == SECOND

    def test_back_from_which(self, meet: Meet, door: str, language: str) -> None:
        person = begun(meet, door, language).press(2, 2, 2, 2, 1)
        assert person.asked == "offer_which_rushed_or_secret"
        assert person.write(WORDS["back"][language]).asked == "offer_q_rushed_or_secret"

    def test_back_before_the_first_question(self, meet: Meet, door: str, language: str) -> None:
        assert begun(meet, door, language).write(WORDS["back"][language]).keys == ["back_nothing", FIRST]

    def test_a_question_is_answered_and_the_check_goes_on(self, meet: Meet, door: str, language: str) -> None:
        person = begun(meet, door, language).press(2)
        assert person.write(WORDS["question"][language]).keys == ["ask_cost", SECOND]
        assert person.write(WORDS["thanks"][language]).keys == ["thank", SECOND]
        assert person.press(2).asked == THIRD

    def test_it_is_for_a_relative(self, meet: Meet, door: str, language: str) -> None:
        person = begun(meet, door, language).write(WORDS["for_relative"][language])
        assert person.asked == FIRST + "_relative"

    def test_danger_goes_straight_to_the_help_path(self, meet: Meet, door: str, language: str) -> None:
        person = begun(meet, door, language).press(1).write(WORDS["danger"][language])
        assert person.keys[0].startswith("emergency_numbers")
        assert person.asked == "help_safe_to_talk"

    def test_repeat_in_words(self, meet: Meet, door: str, language: str) -> None:
        assert begun(meet, door, language).press(2).write(WORDS["repeat"][language]).keys == [SECOND]

    def test_an_empty_message_an_emoji_and_a_voice_note(self, meet: Meet, door: str, language: str) -> None:
        person = begun(meet, door, language)
        assert person.write("  ").keys == ["empty_message", FIRST]
        assert person.write("🤷🏾").keys == ["empty_message", FIRST]
        assert person.send_voice_note().keys == ["media_received", FIRST]
        assert person.press(2).asked == SECOND

    @pytest.mark.usefixtures("nothing_is_understood")
    def test_not_understood_three_times(self, meet: Meet, door: str, language: str) -> None:
        person = begun(meet, door, language)
        assert person.write(WORDS["nonsense"][language]).keys == ["offer_answer_again", FIRST]
        assert person.write(WORDS["nonsense"][language]).keys == ["offer_answer_words", FIRST]
        assert person.write(WORDS["nonsense"][language]).keys == ["not_understood_person"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_button_pressed_twice_is_one_answer(meet: Meet, language: str) -> None:
    person = begun(meet, "telegram", language)
    assert isinstance(person, Chatter)
    yes = person.buttons[0]
    assert person.tap(yes).asked == SECOND
    assert person.tap(yes).keys == [SECOND]
    assert person.press(2).asked == THIRD
    assert person.tap(yes).keys == [THIRD]


def test_an_answer_with_a_full_stop_or_a_keypad_emoji(meet: Meet) -> None:
    texter = begun(meet, "sms", "fr")
    assert isinstance(texter, Texter)
    assert texter.write("2.").asked == SECOND
    assert texter.write("2️⃣").asked == THIRD
    assert texter.write(" ٢ ").asked == "offer_q_no_contract"
