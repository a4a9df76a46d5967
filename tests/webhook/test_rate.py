"""The limit per sender: a flood costs little and never silences a call for help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.webhook.doors import Telegram, Twilio, messages
from tests.webhook.fixed_dialogue import FixedDialogue
from webhook.rate import NO_PERSON_WRITES


@pytest.fixture
def database_url(tmp_path: Any) -> str:
    """The gate is in memory."""
    return f"sqlite:///{tmp_path / 'hankali.sqlite'}"


def test_over_the_limit_only_help_passes_and_the_same_words_are_looked_at_once(
    build: Callable[..., Flask], fixed: FixedDialogue
) -> None:
    twilio = Twilio(build({"HANKALI_RATE_LIMIT": "1"}))
    answers = [messages(twilio.sms(text)) for text in ("x", "x", "y", "y", "danger", "x", "5", "SOS")]
    assert answers == [["1 x"], ["<slow_down> fr"], [], [], ["2 danger"], [], ["3 5"], ["4 SOS"]]
    assert fixed.looked_at == ["x", "y", "danger"]


def test_a_help_button_passes_up_to_what_a_person_can_press(build: Callable[..., Flask], fixed: FixedDialogue) -> None:
    person = Telegram(build({"HANKALI_RATE_LIMIT": "2"}))
    for _ in range(2 * NO_PERSON_WRITES + 5):
        person.press("/request_human")
    assert len(fixed.seen) == 2 * NO_PERSON_WRITES
    person.message(text="danger")
    assert fixed.seen[-1].text == "danger"


def test_what_cannot_be_judged_passes(build: Callable[..., Flask], fixed: FixedDialogue) -> None:
    twilio = Twilio(build({"HANKALI_RATE_LIMIT": "1"}))

    def fail(text: str) -> bool:
        raise RuntimeError

    fixed.asks_for_help = fail  # type: ignore[method-assign]
    assert [messages(twilio.sms("x")) for _ in range(2)] == [["1 x"], ["2 x"]]


DANGER = {
    "ha": "yana da wuka zai kashe mu ku taimake mu",
    "dje": "boro fo ga ba nga ma ay wi, a gonda zaama",
    "fr": "il a un couteau il va nous tuer venez vite",
    "en": "he has a knife he is going to kill us come quickly",
}


@pytest.mark.parametrize("language", DANGER)
def test_free_words_of_danger_and_every_answer_on_the_help_path(
    build: Callable[..., Flask], dialogue: Any, language: str
) -> None:
    twilio = Twilio(build({"HANKALI_RATE_LIMIT": "5"}, dialogue=dialogue))
    noise = [messages(twilio.sms(f"0{n} 12 34")) for n in range(10, 30)]
    assert noise[-1] == []
    assert messages(twilio.sms(DANGER[language]))
    # On the path: digits and free words are answers.
    assert messages(twilio.sms("1"))
    assert messages(twilio.sms("1"))
    assert messages(twilio.sms("Tahoua"))


def test_a_help_button_that_is_offered_passes(build: Callable[..., Flask], dialogue: Any) -> None:
    twilio = Twilio(build({"HANKALI_RATE_LIMIT": "3"}, dialogue=dialogue))
    answers = [messages(twilio.sms(text)) for text in ("bonjour", "menu", "menu", "menu", "2", "4", "2", "1")]
    assert [bool(answer) for answer in answers] == [True, True, True, True, False, True, True, True]


def test_the_end_of_a_long_text_is_read(build: Callable[..., Flask], dialogue: Any) -> None:
    twilio = Twilio(build({"HANKALI_RATE_LIMIT": "1"}, dialogue=dialogue))
    greetings = "bonjour merci " * 100
    assert [bool(messages(twilio.sms(text))) for text in ("bonjour", "menu", greetings)] == [True, True, False]
    assert messages(twilio.sms(greetings + DANGER["fr"]))
