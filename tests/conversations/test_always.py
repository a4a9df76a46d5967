"""Words that always work, payloads that are not words, and being misunderstood."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.effects import Count, DeleteSent, EraseData
from bot.memory.conversation import Conversation
from bot.messages import Incoming
from tests.conversations.conftest import Meet
from tests.conversations.people import DOORS, LANGUAGES, NOON, Chatter, Listener

WORDS = yaml.safe_load((Path(__file__).parent / "words.yml").read_text(encoding="utf-8"))
WRITTEN = [(door, language) for door in ("sms", "telegram") for language in LANGUAGES]


@pytest.mark.parametrize(("door", "language"), WRITTEN)
class TestWritten:
    @pytest.mark.usefixtures("nothing_is_understood")
    def test_not_understood_thrice_is_two_tries_and_a_person(self, meet: Meet, door: str, language: str) -> None:
        person = meet(door, language)
        tries = [person.write(WORDS["nonsense"][language]).keys for _ in range(3)]
        assert tries == [["not_understood_1"], ["not_understood_2"], ["not_understood_person"]]
        missed = [effect for effect in person.turn.effects if isinstance(effect, Count) and effect.what != "intent"]
        assert [effect.what for effect in missed] == ["not_understood"]
        assert re.fullmatch(r"[a-z_]+", missed[0].detail), "the likeliest intent, never a text"
        assert person.press(1).asked == "help_in_danger"

    @pytest.mark.usefixtures("nothing_is_understood")
    def test_a_long_story_that_is_not_understood(self, meet: Meet, door: str, language: str) -> None:
        person = meet(door, language)
        story = " ".join([WORDS["thanks"][language]] * 60)
        assert person.write(story).keys == ["too_long"]
        assert person.write(story).keys == ["not_understood_2"]
        assert person.write(story).keys == ["not_understood_person"]

    @pytest.mark.usefixtures("nothing_is_understood")
    def test_being_understood_in_between_begins_the_count_anew(self, meet: Meet, door: str, language: str) -> None:
        person = meet(door, language)
        person.write(WORDS["nonsense"][language])
        person.press(3)
        assert person.write(WORDS["nonsense"][language]).keys == ["not_understood_1"]

    def test_yes_or_no_in_words_to_a_person(
        self, meet: Meet, monkeypatch: pytest.MonkeyPatch, door: str, language: str
    ) -> None:
        for word, key in (("yes", "help_in_danger"), ("no", "main_menu")):
            person = meet(door, language)
            with monkeypatch.context() as unsure:
                unsure.setattr("bot.dialogue.UNDERSTOOD_ABOVE", 2.0)
                for _ in range(3):
                    person.write(WORDS["nonsense"][language])
            assert person.asked == "not_understood_person"
            assert person.write(WORDS[word][language]).asked == key

    def test_no_to_another_question_does_not_call_a_person(self, meet: Meet, door: str, language: str) -> None:
        person = meet(door, language).write(WORDS["thanks"][language])
        assert person.keys == ["thank"]
        assert person.write(WORDS["no"][language]).keys[0] == "deny_alone"

    def test_yes_and_no_in_words_answer_whether_somebody_is_in_danger(
        self, meet: Meet, dialogue: Any, door: str, language: str
    ) -> None:
        for word, key in (("yes", "help_safe_to_talk"), ("no", "ask_work_risks")):
            state = Conversation(
                language=language, hinted=True, offered=["/affirm", "/deny"], offered_by="urgent_question",
                said=[{"key": "urgent_question", "values": {}, "choices": None}],
                pending={"intent": "ask_work_risks", "signs": []},
            ).dump(NOON)  # fmt: skip
            turn = dialogue.answer(state, Incoming(door, "c", WORDS[word][language], country="NE"), NOON)
            assert turn.replies[-1].key == key, word

    @pytest.mark.parametrize("payload", ["/erase_now", "/stop_now", '/set_language{"language":"en"}', "/request_human"])
    def test_a_payload_that_is_typed_is_text(self, meet: Meet, door: str, language: str, payload: str) -> None:
        person = meet(door, language)
        person.language = ""
        person.write(payload)
        assert not set(person.keys) & {"erased", "stopped", "language_set"}
        assert not any(isinstance(effect, EraseData) for effect in person.turn.effects)

    def test_a_sentence_about_stopping_is_asked_about(self, meet: Meet, door: str, language: str) -> None:
        person = meet(door, language).write(WORDS["stop_sentence"][language])
        assert person.keys == ["stop_question"]
        assert person.write(WORDS["no"][language]).asked == "main_menu"
        person.write(WORDS["stop_sentence"][language])
        assert person.write(WORDS["yes"][language]).keys == ["stopped"]
        assert person.write("SOS").asked == "help_in_danger"

    def test_what_was_erased_is_gone(self, meet: Meet, door: str, language: str) -> None:
        person = meet(door, language).press(1, 1, 1)
        assert person.write("EFFACER").keys == ["erased"]
        person.language = ""
        assert person.write("menu").asked == "language_menu"


@pytest.mark.parametrize("language", LANGUAGES)
class TestOldButtons:
    def test_of_a_question_answered_long_ago_ask_again(self, meet: Meet, language: str) -> None:
        person = meet("telegram", language).press(1)
        assert isinstance(person, Chatter)
        yes = person.buttons[0]
        person.press(2, 2)
        assert person.tap(yes).keys == ["offer_q_documents_taken"]

    def test_of_a_consent_are_no_other_consent(self, meet: Meet, language: str) -> None:
        person = meet("telegram", language).press(4)
        yes = person.buttons[0]
        person.press(2, 1, 1, 2, 1, 1)
        person.write("mangue")
        assert person.asked == "help_consent_self"
        assert person.tap(yes).asked == "help_consent_self"
        assert person.press(1).asked == "help_reference"

    def test_of_a_menu_still_work(self, meet: Meet, language: str) -> None:
        person = meet("telegram", language)
        rights = person.buttons[2]
        assert person.press(1).tap(rights).keys == ["ask_rights", "offer_q_free_travel"]

    @pytest.mark.parametrize(
        "data", ["", "/", "nonsense", "/no_such_intent", '/inform{"answer":', "/affirm#", "#", "x" * 64]
    )
    def test_that_nobody_made_are_harmless(self, meet: Meet, language: str, data: str) -> None:
        assert meet("telegram", language).tap(data).asked == "main_menu"


@pytest.mark.parametrize("language", LANGUAGES)
class TestOnTheTelephone:
    def test_four_silences_end_politely(self, meet: Meet, language: str) -> None:
        caller = meet("voice", language).press(1)
        assert isinstance(caller, Listener)
        for _ in range(3):
            assert caller.say_nothing().keys == ["voice_no_input", "offer_q_free_travel"]
        assert caller.say_nothing().keys == ["voice_callback_hint", "voice_goodbye"]
        assert caller.call is not None
        assert caller.call.over

    def test_a_key_begins_the_count_anew(self, meet: Meet, language: str) -> None:
        caller = meet("voice", language)
        assert isinstance(caller, Listener)
        for _ in range(3):
            caller.say_nothing()
        caller.press(1).say_nothing()
        assert caller.call is not None
        assert not caller.call.over

    def test_star_hangs_up(self, meet: Meet, language: str) -> None:
        caller = meet("voice", language).press(1, "*")
        assert caller.call.over
        assert any(isinstance(effect, DeleteSent) for effect in caller.turn.effects)

    def test_numbers_are_heard_again_with_nine(self, meet: Meet, language: str) -> None:
        caller = meet("voice", language).press(5, 1)
        assert caller.keys[0] == "emergency_numbers"
        assert caller.press(9).keys[0] == "emergency_numbers"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("door", DOORS)
def test_after_help_leaving_says_that_the_messages_can_be_deleted(meet: Meet, door: str, language: str) -> None:
    assert meet(door, language).press(4, 2, "*").keys == ["left", "leave_delete_hint"]
    assert meet(door, language).press(1, 2, "*").keys == ["left"]


@pytest.mark.parametrize("door", DOORS)
def test_help_after_stop(meet: Meet, door: str) -> None:
    person = meet(door, "ha")
    if isinstance(person, Listener):
        return
    assert person.write("DAINA").keys == ["stopped"]
    assert person.press(5).asked == "help_in_danger"
