"""Updates as the Bot API sends them (core.telegram.org/bots/api#update), from people who do not exist."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections import OrderedDict
from typing import Any

from webhook.simulator.screens import Button, Message

MAX_QUERIES = 500
_COMMAND = re.compile(r"/[A-Za-z0-9_]{1,32}")
PERSON = {"first_name": "Awa", "language_code": "fr"}
BOT_NAME = "Hankali"
BOT_USERNAME = "hankali_simulator_bot"


def bot_user(token: str) -> dict[str, Any]:
    """The bot as a User; its id is what stands before the colon of its token."""
    head = token.split(":", 1)[0]
    return {
        "id": int(head) if head.isdigit() else 1,
        "is_bot": True,
        "first_name": BOT_NAME,
        "username": BOT_USERNAME,
    }


def person_user(chat: int) -> dict[str, Any]:
    """Whoever holds the fictional phone, as a User."""
    return {"id": chat, "is_bot": False, **PERSON}


def private_chat(chat: int) -> dict[str, Any]:
    """The private chat with that person, as a Chat."""
    return {"id": chat, "type": "private", "first_name": PERSON["first_name"]}


def keyboard(buttons: tuple[tuple[Button, ...], ...]) -> dict[str, Any]:
    """InlineKeyboardMarkup."""
    return {
        "inline_keyboard": [
            [
                {"text": button.text, **({"url": button.url} if button.url else {"callback_data": button.data})}
                for button in row
            ]
            for row in buttons
        ]
    }


def bot_message(chat: int, token: str, shown: Message) -> dict[str, Any]:
    """A message that the bot sent, as a Message."""
    message: dict[str, Any] = {
        "message_id": shown.id,
        "from": bot_user(token),
        "chat": private_chat(chat),
        "date": int(shown.at_unix_seconds),
        "text": shown.text,
    }
    if shown.buttons:
        message["reply_markup"] = keyboard(shown.buttons)
    return message


class Updates:
    """Builds updates with rising ids and remembers the button presses that still wait for their answer."""

    def __init__(self) -> None:
        # From the clock: the service stores update ids, and a restarted simulator must not repeat them.
        self._ids = itertools.count(int(time.time()))
        self._query_ids = itertools.count(time.time_ns())
        self._queries: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def text(self, chat: int, shown: Message) -> dict[str, Any]:
        """The person wrote ``shown``."""
        message = self._from_person(chat, shown)
        message["text"] = shown.text
        command = _COMMAND.match(shown.text)
        if command:
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": command.end()}]
        return self._update("message", message)

    def media(self, chat: int, shown: Message, kind: str) -> dict[str, Any]:
        """The person sent a ``voice`` note, a ``photo`` or a ``location``."""
        file = {"file_id": f"simulated-{shown.id}", "file_unique_id": f"s{shown.id}", "file_size": 5432}
        contents: dict[str, Any] = {
            "voice": {**file, "duration": 3, "mime_type": "audio/ogg"},
            "photo": [{**file, "width": 320, "height": 240}],
            "location": {"latitude": 13.51, "longitude": 2.11},
        }
        return self._update("message", {**self._from_person(chat, shown), kind: contents[kind]})

    def button(self, chat: int, token: str, shown: Message, data: str) -> dict[str, Any]:
        """The person pressed a button under ``shown``."""
        query = str(next(self._query_ids))
        with self._lock:
            self._queries[query] = chat
            while len(self._queries) > MAX_QUERIES:
                self._queries.popitem(last=False)
        return self._update(
            "callback_query",
            {
                "id": query,
                "from": person_user(chat),
                "message": bot_message(chat, token, shown),
                "chat_instance": str(chat),
                "data": data,
            },
        )

    def answered(self, query: str) -> int | None:
        """Marks a button press as answered; its chat, or None when it is unknown or was answered before."""
        with self._lock:
            return self._queries.pop(query, None)

    def _from_person(self, chat: int, shown: Message) -> dict[str, Any]:
        return {
            "message_id": shown.id,
            "from": person_user(chat),
            "chat": private_chat(chat),
            "date": int(shown.at_unix_seconds),
        }

    def _update(self, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        return {"update_id": next(self._ids), kind: content}
