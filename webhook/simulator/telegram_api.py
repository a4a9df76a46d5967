"""Telegram's stand-in: the part of the Bot API that the service uses, as strict as the real one where it matters.

Messages appear on the fictional phones of the page instead of on real ones. Descriptions of errors are Telegram's.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, request

from webhook.simulator.screens import Button, Message, Screens
from webhook.simulator.settings import TELEGRAM_API_PATH, SimulatorSettings
from webhook.simulator.telegram_updates import Updates, bot_message, bot_user

MAX_TEXT_UTF16_UNITS = 4096
MAX_CALLBACK_DATA_BYTES = 64
MAX_ANSWER_TEXT_CHARACTERS = 200
MAX_BUTTONS = 100
MAX_DELETED_AT_ONCE = 100


class BotApiError(Exception):
    """An answer with ``ok: false``."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description


@dataclass(frozen=True)
class _Webhook:
    url: str = ""


class TelegramApi:
    """The methods, by their Bot API names in lower case. One instance per application."""

    def __init__(self, settings: SimulatorSettings, screens: Screens, updates: Updates) -> None:
        self._token = settings.telegram_bot_token or ""
        self._screens = screens
        self._updates = updates
        self._webhook = _Webhook()
        self._methods: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "getme": self._get_me,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": self._get_webhook_info,
            "getupdates": self._get_updates,
            "setmycommands": self._accept,
            "deletemycommands": self._accept,
            "setmydescription": self._accept,
            "setmyshortdescription": self._accept,
            "sendchataction": self._send_chat_action,
            "sendmessage": self._send_message,
            "editmessagetext": self._edit_message_text,
            "editmessagereplymarkup": self._edit_message_reply_markup,
            "deletemessage": self._delete_message,
            "deletemessages": self._delete_messages,
            "answercallbackquery": self._answer_callback_query,
        }

    def call(self, token: str, method: str, parameters: Mapping[str, Any]) -> Any:
        """The ``result`` of a method call; raises :class:`BotApiError`."""
        if not self._token or not hmac.compare_digest(token.encode(), self._token.encode()):
            raise BotApiError(401, "Unauthorized")
        perform = self._methods.get(method.lower())
        if perform is None:
            raise BotApiError(404, "Not Found: method not found")
        return perform(parameters)

    def _get_me(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **bot_user(self._token),
            "can_join_groups": False,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }

    def _set_webhook(self, parameters: Mapping[str, Any]) -> bool:
        url = str(parameters.get("url", ""))
        if url and urlsplit(url).scheme not in {"http", "https"}:
            raise BotApiError(400, "Bad Request: bad webhook: invalid webhook URL specified")
        self._webhook = _Webhook(url)
        return True

    def _delete_webhook(self, _: Mapping[str, Any]) -> bool:
        self._webhook = _Webhook()
        return True

    def _get_webhook_info(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"url": self._webhook.url, "has_custom_certificate": False, "pending_update_count": 0}

    def _get_updates(self, _: Mapping[str, Any]) -> list[Any]:
        if self._webhook.url:
            raise BotApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the "
                "webhook first",
            )
        return []

    def _accept(self, _: Mapping[str, Any]) -> bool:
        return True

    def _send_chat_action(self, parameters: Mapping[str, Any]) -> bool:
        _chat(parameters)
        if not parameters.get("action"):
            raise BotApiError(400, "Bad Request: wrong parameter action in request")
        return True

    def _send_message(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        chat, text, buttons = _chat(parameters), _text(parameters), _buttons(parameters)
        shown = self._screens.show("telegram", str(chat), "service", text, buttons=buttons)
        return bot_message(chat, self._token, shown)

    def _edit_message_text(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return self._edit(parameters, text=_text(parameters), buttons=_buttons(parameters))

    def _edit_message_reply_markup(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return self._edit(parameters, buttons=_buttons(parameters))

    def _edit(self, parameters: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
        chat = _chat(parameters)
        shown = self._own_message(chat, parameters, "edit")
        if all(getattr(shown, name) == value for name, value in changes.items()):
            raise BotApiError(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the "
                "same as a current content and reply markup of the message",
            )
        altered = self._screens.alter("telegram", str(chat), shown.id, **changes) or shown
        return bot_message(chat, self._token, altered)

    def _own_message(self, chat: int, parameters: Mapping[str, Any], verb: str) -> Message:
        message_id = _integer(parameters.get("message_id"))
        shown = self._screens.find("telegram", str(chat), message_id) if message_id else None
        if shown is None:
            raise BotApiError(400, f"Bad Request: message to {verb} not found")
        if verb == "edit" and shown.by != "service":
            raise BotApiError(400, "Bad Request: message can't be edited")
        return shown

    def _delete_message(self, parameters: Mapping[str, Any]) -> bool:
        chat = _chat(parameters)
        shown = self._own_message(chat, parameters, "delete")
        return self._screens.delete("telegram", str(chat), shown.id)

    def _delete_messages(self, parameters: Mapping[str, Any]) -> bool:
        chat, ids = _chat(parameters), _decoded(parameters.get("message_ids"))
        if not isinstance(ids, list) or not 1 <= len(ids) <= MAX_DELETED_AT_ONCE or not all(map(_integer, ids)):
            raise BotApiError(400, "Bad Request: message identifiers are not specified")
        for message_id in ids:
            self._screens.delete("telegram", str(chat), _integer(message_id))
        return True

    def _answer_callback_query(self, parameters: Mapping[str, Any]) -> bool:
        query = str(parameters.get("callback_query_id", ""))
        text = str(parameters.get("text", ""))
        if len(text) > MAX_ANSWER_TEXT_CHARACTERS:
            raise BotApiError(400, "Bad Request: MESSAGE_TOO_LONG")
        chat = self._updates.answered(query)
        if chat is None:
            raise BotApiError(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        if text:
            self._screens.show("telegram", str(chat), "network", text)
        return True


def _chat(parameters: Mapping[str, Any]) -> int:
    raw = parameters.get("chat_id")
    if raw is None or raw == "":
        raise BotApiError(400, "Bad Request: chat_id is empty")
    chat = _integer(raw)
    if chat <= 0:  # private chats have positive ids; groups and channels do not exist here
        raise BotApiError(400, "Bad Request: chat not found")
    return chat


def _integer(raw: Any) -> int:
    """A number given as JSON or as form text; 0 for anything else (no id is 0)."""
    if isinstance(raw, bool):
        return 0
    try:
        return int(raw)
    except (TypeError, ValueError):
        return 0


def _text(parameters: Mapping[str, Any]) -> str:
    raw = parameters.get("text")
    text = raw.strip() if isinstance(raw, str) else ""
    if not text:
        raise BotApiError(400, "Bad Request: message text is empty")
    if len(text.encode("utf-16-le", "surrogatepass")) // 2 > MAX_TEXT_UTF16_UNITS:
        raise BotApiError(400, "Bad Request: message is too long")
    return text


def _decoded(raw: Any) -> Any:
    """Objects arrive as JSON text in a form and as themselves in a JSON body."""
    if not isinstance(raw, str):
        return raw
    try:
        return json.loads(raw)
    except ValueError:
        raise BotApiError(400, "Bad Request: can't parse JSON object") from None


def _buttons(parameters: Mapping[str, Any]) -> tuple[tuple[Button, ...], ...]:
    raw = parameters.get("reply_markup")
    if raw is None or raw == "":
        return ()
    markup = _decoded(raw)
    if not isinstance(markup, dict):
        raise BotApiError(400, "Bad Request: object expected as reply markup")
    rows = markup.get("inline_keyboard")
    if rows is None:
        return ()
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise BotApiError(400, 'Bad Request: field "inline_keyboard" must be of type Array')
    if sum(len(row) for row in rows) > MAX_BUTTONS:
        raise BotApiError(400, "Bad Request: reply markup is too long")
    return tuple(tuple(_button(button) for button in row) for row in rows if row)


def _button(raw: Any) -> Button:
    text = raw.get("text") if isinstance(raw, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise BotApiError(400, 'Bad Request: can\'t parse inline keyboard button: Field "text" must be non-empty')
    data, url = raw.get("callback_data"), raw.get("url")
    if (data is None) == (url is None):
        raise BotApiError(
            400, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    if url is not None:
        if not isinstance(url, str) or urlsplit(url).scheme not in {"http", "https", "tg"}:
            raise BotApiError(400, "Bad Request: BUTTON_URL_INVALID")
        return Button(text, url=url)
    if not isinstance(data, str) or not 1 <= len(data.encode()) <= MAX_CALLBACK_DATA_BYTES:
        raise BotApiError(400, "Bad Request: BUTTON_DATA_INVALID")
    return Button(text, data=data)


def add_routes(blueprint: Blueprint, api: TelegramApi) -> None:
    """``<TELEGRAM_API_PATH><token>/<method>``, by GET or POST, with parameters in query, form or JSON body."""

    @blueprint.route(f"{TELEGRAM_API_PATH}<token>/<method>", methods=["GET", "POST"])
    def telegram_api(token: str, method: str) -> tuple[Response, int]:
        body = request.get_json(silent=True)
        parameters = {**request.args, **request.form, **(body if isinstance(body, dict) else {})}
        try:
            return jsonify(ok=True, result=api.call(token, method, parameters)), 200
        except BotApiError as error:
            return jsonify(ok=False, error_code=error.code, description=error.description), error.code
