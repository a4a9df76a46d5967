from __future__ import annotations

from typing import Any

from flask import Flask

from bot.dialogue import marked
from tests.webhook.channels.test_sms import rows
from tests.webhook.conftest import BuildApp
from tests.webhook.doors import Telegram, service_of
from tests.webhook.fixed_dialogue import FixedDialogue
from tests.webhook.providers import TelegramServer
from webhook.channels.telegram import Connection


def sent(server: TelegramServer) -> list[str]:
    return [str(parameters["text"]) for parameters in server.accepted("sendMessage")]


def test_answered_by_a_new_message_with_buttons(app: Flask, telegram_server: TelegramServer) -> None:
    person = Telegram(app)
    assert person.message(text="sannu").status_code == 200
    assert person.press("/affirm").status_code == 200
    assert sent(telegram_server) == ["1 sannu", "2 /affirm"]
    call = telegram_server.accepted("sendMessage")[0]
    assert call["chat_id"] == person.chat
    assert [[button["callback_data"] for button in row] for row in call["reply_markup"]["inline_keyboard"]] == [
        [marked("/affirm", "echo")], [marked("/deny", "echo")]]  # fmt: skip
    telegram_server.wait_for(lambda: telegram_server.accepted("answerCallbackQuery"))


def test_a_button_is_a_payload_and_a_typed_slash_is_text(app: Flask, fixed: FixedDialogue) -> None:
    person = Telegram(app)
    person.press("/request_human")
    for typed in ("/request_human", "/erase_now{}", "/start", "/help@hankali_bot", "/START ref"):
        person.message(text=typed)
    assert [(i.text, i.payload) for i in fixed.seen] == [
        ("", "/request_human"), ("/request_human", ""), ("/erase_now{}", ""),
        ("", "/show_menu"), ("", "/show_menu"), ("", "/show_menu"),
    ]  # fmt: skip


UNREADABLE: list[tuple[dict[str, Any], str, str]] = [
    ({"voice": {"file_id": "x"}}, "voice", ""), ({"photo": [{"file_id": "x"}], "caption": "sannu"}, "photo", "sannu"),
    ({"sticker": {}}, "sticker", ""), ({"location": {"latitude": 1.0, "longitude": 2.0}}, "location", ""),
    ({"contact": {"phone_number": "+227"}}, "contact", "")]  # fmt: skip


def test_what_cannot_be_read_still_gets_an_answer(
    app: Flask, fixed: FixedDialogue, telegram_server: TelegramServer
) -> None:
    for number, (content, media, text) in enumerate(UNREADABLE):
        Telegram(app, 70_000_100 + number).message(**content)
        assert (fixed.seen[-1].media, fixed.seen[-1].text) == (media, text)
        assert len(sent(telegram_server)) == number + 1


def test_nobody_waits_for_these(app: Flask, telegram_server: TelegramServer) -> None:
    person = Telegram(app)
    message = person.envelope(text="x")
    group = {**message, "chat": {"id": -1, "type": "group", "title": "x"}}
    bot = {**message, "from": {"id": 2, "is_bot": True, "first_name": "b"}}
    joined = {name: value for name, value in message.items() if name != "text"} | {"new_chat_title": "x"}
    for update in (
        {"update_id": 1, "edited_message": message},
        {"update_id": 2, "message": group},
        {"update_id": 3, "channel_post": group},
        {"update_id": 4, "my_chat_member": {"chat": message["chat"], "from": person.person}},
        {"update_id": 5, "something_new": {"a": [1]}},
        {"update_id": 6, "message": bot},
        {"update_id": 7, "message": joined},
        {"update_id": 8, "callback_query": {"id": "q", "from": person.person, "data": "/affirm"}},
        {"update_id": 9, "message": None},
        {"update_id": "10", "message": message},
        {"message": message},
        [],
        "x",
        None,
        {"update_id": 11, "message": {**message, "chat": {"id": "1", "type": "private"}}},
    ):
        assert person.post(update).status_code == 200, update
    raw = app.test_client().post(
        "/telegram",
        data=b"\xff{not json",
        headers={"X-Telegram-Bot-Api-Secret-Token": service_of(app).settings.telegram_webhook_secret or ""},
    )
    assert raw.status_code == 200
    assert rows(app, "inbox") == 0
    assert sent(telegram_server) == []


def test_a_wrong_secret_leaves_nothing(app: Flask, fixed: FixedDialogue) -> None:
    update = {"update_id": 1, "message": Telegram(app).envelope(text="x")}
    assert Telegram(app).post(update, secret="wrong").status_code == 403
    assert Telegram(app).post(update, secret="é").status_code == 403
    assert app.test_client().post("/telegram", json=update).status_code == 403
    assert rows(app, "inbox") == 0
    assert not fixed.seen


def test_odd_texts_are_answered(app: Flask, telegram_server: TelegramServer) -> None:
    person = Telegram(app)
    for text in ("", "x" * 10_000, "\ud800 lone", "\x00"):
        assert person.message(text=text).status_code == 200
    assert len(sent(telegram_server)) == 4


def test_a_repeated_update_is_answered_once(app: Flask, telegram_server: TelegramServer) -> None:
    person = Telegram(app)
    for _ in range(3):
        person.message(update_id=99_001, text="x")
    assert sent(telegram_server) == ["1 x"]


def test_too_many_messages_are_told_so(build: BuildApp, telegram_server: TelegramServer) -> None:
    person = Telegram(build({"HANKALI_RATE_LIMIT": "1"}))
    for _ in range(3):
        person.message(text="x")
    person.message(text="SOS")
    assert sent(telegram_server) == ["1 x", "<slow_down> fr", "2 SOS"]


def test_leaving_deletes_what_was_shown(app: Flask, telegram_server: TelegramServer) -> None:
    person = Telegram(app)
    person.message(text="x")
    person.message(text="y")
    person.message(text="LEAVE")
    assert telegram_server.accepted("deleteMessages") == [{"chat_id": person.chat, "message_ids": [1, 2]}]
    assert sent(telegram_server)[-1] == "3 LEAVE"
    names = [call.name for call in telegram_server.calls if call.name != "answerCallbackQuery"]
    assert names[-2:] == ["deleteMessages", "sendMessage"]


def test_updates_are_asked_for_where_nobody_can_reach_us(
    build: BuildApp, environment: dict[str, str], telegram_server: TelegramServer
) -> None:
    del environment["HANKALI_PUBLIC_URL"]
    app = build({"TELEGRAM_BOT_TOKEN": "1:x"})
    service = service_of(app)
    assert service.telegram_calls is not None
    person = Telegram(app)
    telegram_server.updates = [
        {"update_id": 5, "message": person.envelope(text="a")},
        {"update_id": 6, "edited_message": person.envelope(text="a")},
        {"update_id": 7, "message": person.envelope(text="b")},
    ]
    connection = Connection(service.settings, service.telegram_calls, service.updates)
    connection.start()
    telegram_server.wait_for(lambda: len(sent(telegram_server)) == 2 and not telegram_server.updates)
    connection.close()
    connection.join()
    assert sent(telegram_server) == ["1 a", "2 b"]
    assert telegram_server.calls[0].name == "deleteWebhook"


def test_the_webhook_is_registered_where_we_have_an_address(build: BuildApp, telegram_server: TelegramServer) -> None:
    service = service_of(build({"TELEGRAM_BOT_TOKEN": "1:x"}))
    assert service.telegram_calls is not None
    connection = Connection(service.settings, service.telegram_calls, service.updates)
    connection.start()
    connection.join()
    [call] = telegram_server.accepted("setWebhook")
    assert call["url"] == "http://127.0.0.1:9/telegram"
    assert call["secret_token"] == service.settings.telegram_webhook_secret
