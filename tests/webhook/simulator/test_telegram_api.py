"""Telegram's stand-in, driven by python-telegram-bot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import requests
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, InvalidToken, TelegramError

from webhook.simulator import TELEGRAM_API_PATH

from .service import BOT_TOKEN, Service
from .test_carrier import CHAT, news, post


def talk(service: Service, conversation: Callable[[Bot], Awaitable[Any]], token: str = BOT_TOKEN) -> Any:
    async def run() -> Any:
        async with Bot(token, base_url=service.url + TELEGRAM_API_PATH) as bot:
            return await conversation(bot)

    return asyncio.run(run())


def keyboard(data: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("Oui", callback_data=data)]])


def test_send_edit_and_delete(service: Service) -> None:
    async def conversation(bot: Bot) -> None:
        assert bot.id == 123456789
        sent = await bot.send_message(CHAT, "Sannu ☀", reply_markup=keyboard("/affirm"))
        assert (sent.text, sent.chat.id, sent.from_user and sent.from_user.is_bot) == ("Sannu ☀", CHAT, True)
        assert news(service, telegram=CHAT)["telegram"][0]["buttons"][0][0]["data"] == "/affirm"
        await bot.edit_message_text("Sai anjima", CHAT, sent.message_id)
        shown = news(service, telegram=CHAT)["telegram"][0]
        assert (shown["text"], shown["buttons"]) == ("Sai anjima", [])
        with pytest.raises(BadRequest, match="not modified"):
            await bot.edit_message_text("Sai anjima", CHAT, sent.message_id)
        assert await bot.delete_message(CHAT, sent.message_id)
        gone = news(service, telegram=CHAT)["telegram"][0]
        assert (gone["text"], gone["deleted"]) == ("", True)
        with pytest.raises(BadRequest, match="Message to delete not found"):
            await bot.delete_message(CHAT, sent.message_id)
        ids = [(await bot.send_message(CHAT, text)).message_id for text in "abc"]
        assert await bot.delete_messages(CHAT, ids[:2])
        assert [m["text"] for m in news(service, telegram=CHAT)["telegram"] if not m["deleted"]] == ["c"]

    talk(service, conversation)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "empty"), (" \n", "empty"), ("x" * 4097, "too long"), ("😀" * 2049, "too long")],
)
def test_text_limits_are_in_utf_16_units(service: Service, text: str, problem: str) -> None:
    with pytest.raises(BadRequest, match=problem):
        talk(service, lambda bot: bot.send_message(CHAT, text))
    assert talk(service, lambda bot: bot.send_message(CHAT, "😀" * 2048))


@pytest.mark.parametrize("data", ["x" * 65, "ƙ" * 33])
def test_callback_data_over_64_bytes_is_refused(service: Service, data: str) -> None:
    with pytest.raises(BadRequest, match="Button_data_invalid"):
        talk(service, lambda bot: bot.send_message(CHAT, "x", reply_markup=keyboard(data)))
    assert talk(service, lambda bot: bot.send_message(CHAT, "x", reply_markup=keyboard("x" * 64)))


def test_a_button_press_is_answered_once(service: Service) -> None:
    post(service, "telegram/text", chat=CHAT, text="hi")
    message = news(service, telegram=CHAT)["telegram"][-1]["id"]
    post(service, "telegram/button", chat=CHAT, message=message, row=0, column=0)  # the service answers it
    query = service.last("/telegram")["callback_query"]["id"]
    with pytest.raises(BadRequest, match="Query is too old"):
        talk(service, lambda bot: bot.answer_callback_query(query))


def test_webhook_and_polling_exclude_each_other(service: Service) -> None:
    async def conversation(bot: Bot) -> None:
        assert await bot.set_webhook("https://hankali.example.org/telegram", secret_token="s")
        assert (await bot.get_webhook_info()).url == "https://hankali.example.org/telegram"
        with pytest.raises(TelegramError, match="webhook is active"):
            await bot.get_updates()
        assert await bot.delete_webhook()
        assert await bot.get_updates() == ()

    talk(service, conversation)


def test_wrong_token_method_and_parameters(service: Service) -> None:
    with pytest.raises(InvalidToken):
        talk(service, lambda bot: bot.get_me(), token="123456789:wrong")
    with pytest.raises(BadRequest, match="Chat not found"):
        talk(service, lambda bot: bot.send_message("@nobody", "x"))
    api = f"{service.url}{TELEGRAM_API_PATH}{BOT_TOKEN}"

    def call(method: str, **body: Any) -> tuple[int, str]:
        response = requests.post(f"{api}/{method}", json=body, timeout=5)
        assert response.json()["ok"] is False
        return response.status_code, response.json()["description"]

    assert call("sendHankali") == (404, "Not Found: method not found")
    assert call("sendMessage", text="x") == (400, "Bad Request: chat_id is empty")
    assert call("sendMessage", chat_id=CHAT) == (400, "Bad Request: message text is empty")
    assert call("sendMessage", chat_id=CHAT, text="x", reply_markup="{")[0] == 400
    for button in ({"text": "a"}, {"callback_data": "a"}, {"text": "", "callback_data": "a"}, "a"):
        markup = {"inline_keyboard": [[button]]}
        assert call("sendMessage", chat_id=CHAT, text="x", reply_markup=markup)[0] == 400
