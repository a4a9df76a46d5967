"""The doors with the real engine behind them."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.webhook.channels.test_telegram import sent
from tests.webhook.conftest import BuildApp
from tests.webhook.doors import Caller, Telegram, Twilio, messages
from tests.webhook.providers import TelegramServer

LANGUAGES = {"1": "ha", "2": "dje", "3": "fr", "4": "en"}


@pytest.fixture
def real(build: BuildApp, dialogue: object) -> Flask:
    return build(dialogue=dialogue)


def test_a_menu_by_keys_in_every_language(real: Flask) -> None:
    for key in LANGUAGES:
        caller = Caller(Twilio(real), number=f"+2279000000{key}").call().press(key).press("1").press("1").press("9")
        assert not caller.over
        assert caller.heard
        assert {element.attrib["language"] for element in caller.document.iter("Say")} <= {"fr-FR", "en-GB"}
        assert caller.press("*").over


def test_a_caller_who_says_nothing_is_let_go_politely(real: Flask) -> None:
    caller = Caller(Twilio(real)).call().wait().wait().wait()
    assert not caller.over
    assert caller.wait().over
    assert caller.heard


def test_numbered_answers_by_sms_and_buttons_on_telegram(real: Flask, telegram_server: TelegramServer) -> None:
    twilio = Twilio(real)
    twilio.sms("0")
    assert any("1 " in text for text in messages(twilio.sms("3")))
    assert messages(twilio.sms("1"))
    person = Telegram(real)
    person.message(text="/start")
    keyboard = telegram_server.accepted("sendMessage")[-1]["reply_markup"]["inline_keyboard"]
    person.press(keyboard[0][0]["callback_data"])
    before = len(sent(telegram_server))
    assert before >= 2
    person.message(photo=[{"file_id": "x"}])
    assert len(sent(telegram_server)) > before


ODD = {
    "empty": "",
    "space": " ",
    "long": "x" * 10_000,
    "emoji": "🙂🙂",
    "payload": "/erase_now",
    "control": "\u202e\u0000",
    "digits": "1" * 400,
    "braces": "{}[]%s",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_whatever_is_written_somebody_answers(real: Flask, text: str) -> None:
    assert messages(Twilio(real).sms(text))
