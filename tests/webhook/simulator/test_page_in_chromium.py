"""The page as a person uses it, in a real browser."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Response
from twilio.rest import Client

from webhook.simulator import TWILIO_API_PATH
from webhook.simulator.segments import encoding_and_parts
from webhook.simulator.twilio_api import _silence

from .service import ACCOUNT_SID, AUTH_TOKEN, Service, start
from .webdriver import Browser

ENTER = "\ue007"
SHOTS = Path(os.environ.get("HANKALI_TEST_SCREENSHOTS", "/tmp/shots"))


@pytest.fixture
def service() -> Iterator[Service]:
    running, service = start()

    @running.app.get("/audio/<path:name>")
    def audio(name: str) -> Response:
        return Response(_silence(), mimetype="audio/wav")

    with running:
        yield service


@pytest.fixture
def page(browser: Browser, service: Service) -> Iterator[Browser]:
    browser.open(f"{service.url}/simulator")
    browser.wait("return document.getElementById('telegram-number').value")
    browser.log()
    yield browser
    complaints = [line for line in browser.log() if "500 (INTERNAL" not in line]
    assert complaints == []


def test_telegram_start_text_button_and_media(page: Browser, service: Service) -> None:
    page.screenshot(SHOTS / "empty.png")
    page.click("#telegram-start button")
    page.wait_for_text("#telegram-screen", "echo: /start")
    page.type("#telegram-text", "Ina kwana?" + ENTER)
    page.wait_for_text("#telegram-screen", "echo: Ina kwana?")
    page.click("#telegram-screen .message:last-of-type .buttons button:nth-child(2)")
    page.wait_for_text("#telegram-screen", "pressed /deny")
    page.click("#telegram .attach summary")
    page.click("#telegram [data-kind=voice]")
    page.wait_for_text("#telegram-screen", "echo: media")
    assert "voice" in service.last("/telegram")["message"]
    page.screenshot(SHOTS / "telegram.png")


def test_the_conversation_survives_a_reload_and_not_a_new_phone(page: Browser, service: Service) -> None:
    page.type("#telegram-text", "one" + ENTER)
    page.wait_for_text("#telegram-screen", "echo: one")
    chat = page.run("return document.getElementById('telegram-number').value")
    page.run("location.reload()")
    page.wait_for_text("#telegram-screen", "echo: one")
    assert page.run("return document.getElementById('telegram-number').value") == chat
    page.click("#telegram-new")
    page.wait("return !document.getElementById('telegram-screen').textContent.includes('echo')")
    assert page.run("return document.getElementById('telegram-number').value") != chat


def test_sms_with_counter_and_parts(page: Browser, service: Service) -> None:
    page.type("#sms-text", "Barka da zuwa")
    page.wait_for_text("#sms-count", "GSM-7 · 13/160 · 1 SMS")
    page.type("#sms-text", " ƙ")
    page.wait_for_text("#sms-count", "UCS-2 · 15/70 · 1 SMS")
    page.type("#sms-text", ENTER)
    page.wait_for_text("#sms-screen", "echo: Barka da zuwa ƙ")
    page.wait_for_text("#sms-screen .message.person .meta", "UCS-2 · 1 SMS")
    page.type("#sms-text", "a" * 161 + ENTER)
    page.wait_for_text("#sms-screen .message.person:nth-of-type(n+4) .meta", "GSM-7 · 2 SMS")
    page.screenshot(SHOTS / "sms.png")


def test_a_message_sent_later_arrives(page: Browser, service: Service) -> None:
    page.type("#sms-text", "later" + ENTER)
    page.wait_for_text("#sms-screen", "later it is")
    page.wait_for_text("#sms-screen", "✓✓")


def test_country_and_number_are_chosen_among_fictional_ones(page: Browser, service: Service) -> None:
    page.run("const s = document.getElementById('sms-country'); s.value = 'LY'; s.dispatchEvent(new Event('change'))")
    page.type("#sms-text", "x" + ENTER)
    page.wait_for_text("#sms-screen", "echo: x")
    assert service.last("/twilio/sms")["From"].startswith("+21810")
    page.clear("#sms-number")
    page.type("#sms-number", "91 234 5678\t")
    page.wait_for_text("#sms-refusal", "Fictional numbers only: 9 digits, the first 10.")
    page.clear("#sms-number")
    page.type("#sms-number", "+234 10 1234 5678\t")
    page.wait("return document.getElementById('sms-country').value === 'NG'")
    page.type("#sms-text", "y" + ENTER)
    page.wait_for_text("#sms-screen", "echo: y")
    assert service.last("/twilio/sms")["From"] == "+2341012345678"


def call(page: Browser) -> None:
    page.click("#voice-call")
    page.wait_for_text("#voice-subtitles", "Bienvenue. Tapez 1, 2, 3 ou 4.")


def ended(page: Browser) -> None:
    page.wait_for_text("#voice-state", "Appel terminé")
    page.wait("return !document.getElementById('voice-call').disabled")


def test_keys_interrupt_the_prompt_and_reach_the_action(page: Browser, service: Service) -> None:
    call(page)
    page.click("#voice-keys [data-key='*']")
    page.wait_for_text("#voice-subtitles", "Vous avez tapé *.")
    page.screenshot(SHOTS / "voice.png")
    ended(page)
    assert service.last("/twilio/voice/step/1")["Digits"] == "*"
    assert service.last("/twilio/voice/status")["CallStatus"] == "completed"


def test_the_keyboard_works_on_the_keypad_phone(page: Browser, service: Service) -> None:
    call(page)
    page.type("#voice-subtitles", "3")  # redirects to the beginning
    page.wait("return document.querySelectorAll('#voice-subtitles p:not(.keyed)').length === 2")
    page.type("#voice-subtitles", "8")
    page.wait_for_text("#voice-subtitles", "Vous avez tapé 8.")
    ended(page)


def test_record(page: Browser, service: Service) -> None:
    call(page)
    page.click("#voice-keys [data-key='1']")
    page.wait_for_text("#voice-state", "Enregistrement")
    page.screenshot(SHOTS / "record.png")
    page.click("#voice-asks button")
    page.wait_for_text("#voice-subtitles", "Merci.")
    ended(page)
    recorded = service.last("/twilio/voice/recorded")
    assert recorded["RecordingUrl"].startswith(f"{service.url}{TWILIO_API_PATH}/2010-04-01/Accounts/{ACCOUNT_SID}/")
    assert service.last("/twilio/voice/recording")["RecordingSid"] == recorded["RecordingSid"]


def test_a_recording_that_a_hang_up_ends_is_delivered(page: Browser, service: Service) -> None:
    call(page)
    page.click("#voice-keys [data-key='1']")
    page.wait_for_text("#voice-state", "Enregistrement")
    page.click("#voice-end")
    ended(page)
    assert service.last("/twilio/voice/recorded")["Digits"] == "hangup"


@pytest.mark.parametrize(("button", "status"), [(1, "completed"), (2, "no-answer")])
def test_dial(page: Browser, service: Service, button: int, status: str) -> None:
    call(page)
    page.click("#voice-keys [data-key='2']")
    page.wait_for_text("#voice-subtitles", "Connecting to +22710999999")
    page.screenshot(SHOTS / "dial.png")
    page.click(f"#voice-asks button:nth-child({button})")
    page.wait_for_text("#voice-subtitles", status)
    ended(page)


def test_play(page: Browser, service: Service) -> None:
    call(page)
    page.click("#voice-keys [data-key='4']")
    page.wait_for_text("#voice-subtitles", "ha/silence.wav")
    ended(page)
    assert "introuvable" not in page.text("#voice-subtitles")


def test_silence_falls_through_to_the_next_verb(page: Browser, service: Service) -> None:
    call(page)
    page.click("#voice-keys [data-key='5']")
    page.wait_for_text("#voice-subtitles", "Trop tard.")
    ended(page)


def test_an_unknown_verb_ends_the_call(page: Browser, service: Service) -> None:
    call(page)
    page.click("#voice-keys [data-key='9']")
    page.wait_for_text("#voice-subtitles", "12200 <Enqueue>")
    ended(page)


def test_hanging_up_and_calling_again(page: Browser, service: Service) -> None:
    call(page)
    page.click("#voice-end")
    ended(page)
    call(page)
    page.click("#voice-end")
    ended(page)
    assert len({p["CallSid"] for path, p in service.received if path == "/twilio/voice"}) == 2


def test_the_service_calls_back(page: Browser, service: Service) -> None:
    number = "+227" + page.run("return document.getElementById('voice-number').value.replaceAll(' ', '')")
    client = Client(ACCOUNT_SID, AUTH_TOKEN)
    client.api.base_url = service.url + TWILIO_API_PATH
    client.calls.create(to=number, from_="+22710000001", url=f"{service.url}/twilio/voice")
    page.wait_for_text("#voice-state", "Call from +22710000001")
    page.screenshot(SHOTS / "ringing.png")
    call(page)
    page.click("#voice-end")
    ended(page)


def test_a_failing_service_is_told_on_each_phone(page: Browser, service: Service) -> None:
    service.fail = {"/telegram", "/twilio/sms", "/twilio/voice"}
    page.type("#telegram-text", "x" + ENTER)
    page.wait_for_text("#telegram-screen", "11200 HTTP 500")
    page.type("#sms-text", "x" + ENTER)
    page.wait_for_text("#sms-screen", "11200 HTTP 500")
    page.click("#voice-call")
    page.wait_for_text("#voice-subtitles", "11200 HTTP 500")
    ended(page)
    page.screenshot(SHOTS / "failing.png")


def test_messages_to_other_phones_are_shown_and_can_be_taken(page: Browser, service: Service) -> None:
    client = Client(ACCOUNT_SID, AUTH_TOKEN)
    client.api.base_url = service.url + TWILIO_API_PATH
    client.messages.create(to="+22710777777", from_="HANKALI", body="Ref 123 456")
    page.wait_for_text("#elsewhere-list", "Ref 123 456")
    page.screenshot(SHOTS / "elsewhere.png")
    page.click("#elsewhere-list button")
    page.wait_for_text("#sms-screen", "Ref 123 456")


def test_words_of_the_person_are_never_markup(page: Browser, service: Service) -> None:
    nasty = "<img src=x onerror=alert(1)> & <b>"
    page.type("#telegram-text", nasty + ENTER)
    page.wait_for_text("#telegram-screen", f"echo: {nasty}")
    assert page.run("return document.querySelectorAll('.bubble *').length") == 0


def test_right_to_left_text_keeps_its_direction(page: Browser, service: Service) -> None:
    page.type("#telegram-text", "مرحبا، كيف الحال؟" + ENTER)
    page.wait_for_text("#telegram-screen", "مرحبا، كيف الحال؟")
    bubble = "document.querySelector('#telegram-screen .person .bubble')"
    assert page.run(f"return getComputedStyle({bubble}).direction") == "rtl"


def test_the_page_counts_parts_as_the_server_does(page: Browser, service: Service) -> None:
    letters = "aé€ƙ^😀\n"
    texts = [
        letter * count
        for letter in letters
        for count in (1, 33, 34, 35, 66, 67, 68, 70, 71, 76, 77, 80, 81, 134, 135, 153, 154, 160, 161, 306, 307)
    ]
    texts += ["a" * 152 + "€" * count + "a" * more for count in (1, 2) for more in (0, 5, 6, 7, 150)]
    counted = page.run(
        """const box = document.getElementById('sms-text');
        return arguments[0].map((text) => {
            box.value = text;
            box.dispatchEvent(new Event('input'));
            const [encoding, , parts] = document.getElementById('sms-count').textContent.split(' · ');
            return [encoding, Number.parseInt(parts, 10)];
        })""",
        texts,
    )
    expected = [list(encoding_and_parts(text)) for text in texts]
    assert counted == expected, [json.dumps(t) for t, c, e in zip(texts, counted, expected, strict=True) if c != e]


def test_labels_and_focus(page: Browser) -> None:
    unnamed = page.run(
        """return [...document.querySelectorAll('button, input, select, textarea, summary')].filter((field) => {
            const words = field.getAttribute('aria-label') || field.textContent.trim() || field.labels?.length;
            return !words;
        }).map((field) => field.outerHTML)"""
    )
    assert unnamed == []
    assert page.run("return document.querySelectorAll('h1').length") == 1


@pytest.mark.parametrize(("width", "height", "columns"), [(1360, 960, 3), (1100, 800, 3), (700, 900, 1), (500, 800, 1)])
def test_phones_stand_side_by_side_or_stack(
    browser: Browser, service: Service, width: int, height: int, columns: int
) -> None:
    browser.open(f"{service.url}/simulator", width, height)
    browser.wait("return document.getElementById('telegram-number').value")
    lefts = browser.run("return [...document.querySelectorAll('.phone')].map((p) => p.getBoundingClientRect().left)")
    assert len(set(lefts)) == columns
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    browser.screenshot(SHOTS / f"width-{width}.png")
