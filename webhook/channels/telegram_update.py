"""A Bot API update, read without trust: whatever is missing or odd makes it one that nobody waits on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from webhook.channels.wording import clean

MEDIA = ("voice", "audio", "photo", "video", "video_note", "animation", "sticker", "document", "location", "venue",
         "contact", "poll", "dice", "story", "paid_media", "checklist", "game")  # fmt: skip
COMMANDS = {"/start": "/show_menu", "/help": "/show_menu", "/menu": "/show_menu"}
"""Commands that a Telegram client offers, and the payload that each stands for."""
MAX_PAYLOAD_BYTES = 64


@dataclass(frozen=True)
class Update:
    """What a person did in a private chat."""

    update_id: int
    chat_id: int
    text: str = ""
    payload: str = ""
    media: str = ""


def callback_query_id(update: Any) -> str:
    """Id of the button press to acknowledge, empty when the update is none."""
    query = _object(update, "callback_query")
    found = query.get("id")
    return found if isinstance(found, str) else ""


def read(update: Any) -> Update | None:
    """The update of a person who waits for an answer; None for groups, edits, channels, bots and unknown kinds."""
    update_id = update.get("update_id") if isinstance(update, dict) else None
    if not isinstance(update_id, int) or isinstance(update_id, bool):
        return None
    query = _object(update, "callback_query")
    if query:
        chat_id = _private_chat(_object(query, "message"))
        data = query.get("data")
        if chat_id is None or not isinstance(data, str):
            return None
        return Update(update_id, chat_id, payload=clean(data)[:MAX_PAYLOAD_BYTES])
    message = _object(update, "message")
    chat_id = _private_chat(message)
    if chat_id is None or _object(message, "from").get("is_bot") is True:
        return None
    text = message.get("text")
    if isinstance(text, str):
        command = text.strip().partition(" ")[0].partition("@")[0].lower()
        if command in COMMANDS:
            return Update(update_id, chat_id, payload=COMMANDS[command])
        return Update(update_id, chat_id, text=clean(text))
    caption = message.get("caption")
    media = next((name for name in MEDIA if name in message), "")
    if not media:
        return None
    # Words under a picture are words.
    return Update(update_id, chat_id, text=clean(caption) if isinstance(caption, str) else "", media=media)


def _object(parent: Any, name: str) -> dict[str, Any]:
    found = parent.get(name) if isinstance(parent, dict) else None
    return found if isinstance(found, dict) else {}


def _private_chat(message: dict[str, Any]) -> int | None:
    chat = _object(message, "chat")
    chat_id = chat.get("id")
    if chat.get("type") != "private" or not isinstance(chat_id, int) or isinstance(chat_id, bool):
        return None
    return chat_id
