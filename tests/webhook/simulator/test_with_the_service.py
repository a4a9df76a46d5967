"""The three phones on the real service: a conversation in each of the four languages, seen in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from flask import Flask

from tests.webhook.searching import found

from .service import Running
from .test_page_in_chromium import ENTER, SHOTS
from .webdriver import Browser

if TYPE_CHECKING:
    from bot.dialogue import Dialogue

LANGUAGES = ("ha", "dje", "fr", "en")
"""In the order of the language menu."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that this module's service writes."""
    return tmp_path_factory.mktemp("simulator")


@pytest.fixture(scope="module")
def address(dialogue: Dialogue, folder: Path) -> Iterator[str]:
    from webhook.app import create_app
    from webhook.settings import Settings

    def make(url: str) -> Flask:
        environ = {"HANKALI_VAR": str(folder), "HANKALI_RATE_LIMIT": "0"}
        settings = Settings.load(environ, dotenv=folder / "no.env", listen=urlsplit(url).netloc)
        return create_app(settings, dialogue)

    running = Running(make)
    with running:
        yield running.url
    running.app.extensions["hankali"].close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Browser]:
    browser.open(f"{address}/simulator")
    browser.wait("return document.getElementById('telegram-number').value")
    browser.log()
    yield browser
    assert browser.log() == []


def opening(dialogue: Dialogue, language: str, channel: str) -> str:
    """The first words of the main menu; for a recording its name."""
    reply = dialogue.say("main_menu", language, channel)
    return reply.audio or reply.text.splitlines()[0].split(". ")[0]


def answers(page: Browser, phone: str, count: int) -> None:
    page.wait(
        "return document.querySelectorAll(`#${arguments[0]}-screen .message.service`).length >= arguments[1]",
        phone,
        count,
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_four_languages_on_three_phones(page: Browser, dialogue: Dialogue, language: str) -> None:
    number = LANGUAGES.index(language) + 1

    page.type("#telegram-text", "0" + ENTER)
    answers(page, "telegram", 1)
    page.click(f"#telegram-screen .message.service .buttons > div:nth-child({number}) button")
    page.wait_for_text("#telegram-screen", opening(dialogue, language, "telegram"))
    page.wait("return document.querySelectorAll('#telegram-screen .buttons').length === 2")

    page.type("#sms-text", "0" + ENTER)
    answers(page, "sms", 1)
    page.type("#sms-text", str(number) + ENTER)
    page.wait_for_text("#sms-screen", opening(dialogue, language, "sms"))
    parts = page.run(
        """return [...document.querySelectorAll('#sms-screen .service .meta')].map(
            (meta) => Number(/(\\d+) SMS/.exec(meta.textContent)[1]))"""
    )
    assert max(parts) <= 2, parts

    page.click("#voice-call")
    page.wait("return document.querySelector('#voice-wait:not([hidden]), #voice-subtitles .tag')")
    for key in ("0", str(number)):
        keyed = page.run("return document.querySelectorAll('#voice-subtitles .keyed').length")
        page.click(f"#voice-keys [data-key='{key}']")
        page.wait("return document.querySelectorAll('#voice-subtitles .keyed').length > arguments[0]", keyed)
        page.wait("return document.querySelector('#voice-subtitles .keyed:last-child') === null")
    page.wait_for_text("#voice-subtitles", opening(dialogue, language, "voice"), seconds=40)
    page.screenshot(SHOTS / f"service-{language}.png")
    page.click("#voice-end")
    page.wait_for_text("#voice-state", "Appel terminé")


def test_hausa_and_zarma_are_never_spoken_by_another_language_s_voice(page: Browser) -> None:
    page.click("#voice-call")
    page.wait("return document.querySelector('#voice-subtitles .tag')")
    spoken = "return [...document.querySelectorAll('#voice-subtitles [lang][dir]')].map((words) => words.lang)"
    assert set(page.run(spoken)) <= {"fr-FR", "en-GB"}
    page.click("#voice-end")
    page.wait_for_text("#voice-state", "Appel terminé")


def test_erasing_and_starting_again(page: Browser) -> None:
    page.type("#sms-text", "EFFACER" + ENTER)
    answers(page, "sms", 1)
    before = page.run("return document.querySelectorAll('#sms-screen .service').length")
    page.type("#sms-text", "Bonjour" + ENTER)
    answers(page, "sms", before + 1)


def test_a_voice_note_is_not_met_with_silence(page: Browser) -> None:
    page.click("#telegram .attach summary")
    page.click("#telegram [data-kind=voice]")
    answers(page, "telegram", 1)


def test_nothing_of_the_conversation_is_in_the_clear_on_disk(page: Browser, folder: Path) -> None:
    page.type("#sms-text", "Zurmukuku tambaya" + ENTER)
    answers(page, "sms", 1)
    number = page.run("return document.getElementById('sms-number').value.replaceAll(' ', '')")
    assert list(folder.rglob("*.sqlite*")) != []
    assert found(folder, ["Zurmukuku", number]) == {}
