"""The Bot API through python-telegram-bot, on an event loop of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError, TimedOut
from telegram.request import HTTPXRequest

from webhook.delivery import NotSentError, Trouble
from webhook.outbox import Outbound
from webhook.settings import Settings

TIMEOUT_S = 10.0
POLL_S = 25
MAX_CALLBACK_BYTES = 64
UPDATES = ("message", "callback_query")
"""The kinds of update that we ask for; others are harmless all the same."""


class TelegramApi:
    """Calls of one bot. Thread-safe; owns the thread of its event loop."""

    def __init__(self, settings: Settings) -> None:
        assert settings.telegram_bot_token
        # At INFO httpx writes every address, the token in it; at DEBUG the others write chats and words.
        for library in ("httpx", "httpcore", "telegram"):
            logging.getLogger(library).setLevel(logging.WARNING)
        request = HTTPXRequest(
            connection_pool_size=16,
            read_timeout=TIMEOUT_S,
            write_timeout=TIMEOUT_S,
            connect_timeout=TIMEOUT_S / 2,
            pool_timeout=TIMEOUT_S,
        )
        base = {"base_url": settings.telegram_api_base_url} if settings.telegram_api_base_url else {}
        polling = HTTPXRequest(connection_pool_size=1, read_timeout=POLL_S + TIMEOUT_S)
        self._bot = Bot(settings.telegram_bot_token, request=request, get_updates_request=polling, **base)  # type: ignore[arg-type]
        self._requests = (request, polling)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="telegram", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Closes connections and the loop."""
        for request in self._requests:
            asyncio.run_coroutine_threadsafe(request.shutdown(), self._loop).result(TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(TIMEOUT_S)
        self._loop.close()

    # ---- delivery.Sender

    def send(self, outbox_id: str, message: Outbound) -> str:
        """Sends a new message (or deletes shown ones); returns the message id."""
        if message.kind == "delete":
            self._delete(message)
            return ""
        keyboard = [
            [InlineKeyboardButton(title, callback_data=payload)]
            for title, payload in message.buttons
            if len(payload.encode()) <= MAX_CALLBACK_BYTES
        ]
        sent = self._call(
            self._bot.send_message(
                chat_id=int(message.to),
                text=message.text,
                reply_markup=InlineKeyboardMarkup(keyboard) if keyboard else None,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        )
        return str(sent.message_id)

    def find(self, message: Outbound, since_ms: int, known: Callable[[str], bool]) -> str | None:
        """The Bot API keeps no list of what was sent."""
        return None

    def _delete(self, message: Outbound) -> None:
        try:
            self._call(self._bot.delete_messages(chat_id=int(message.to), message_ids=message.message_ids))
        except NotSentError as failure:
            # Too old, or deleted by the person: nothing is left to do.
            if failure.trouble is not Trouble.REFUSED:
                raise

    # ---- what the door needs

    def answer_callback(self, callback_query_id: str) -> None:
        """Stops the button's spinner; nobody waits for it, and a failure costs only the spinner."""
        future = asyncio.run_coroutine_threadsafe(self._bot.answer_callback_query(callback_query_id), self._loop)
        future.add_done_callback(lambda done: done.cancelled() or done.exception())

    def set_webhook(self, url: str, secret: str) -> None:
        """Asks Telegram to push updates to ``url``."""
        self._call(self._bot.set_webhook(url, secret_token=secret, allowed_updates=UPDATES))

    def updates(self, offset: int) -> list[dict[str, Any]]:
        """Waits for updates from ``offset`` on, as the API's own JSON objects."""
        call = self._bot.get_updates(offset=offset, timeout=POLL_S, allowed_updates=UPDATES)
        return [update.to_dict() for update in self._call(call, POLL_S + 2 * TIMEOUT_S)]

    def delete_webhook(self) -> None:
        """Polling and a webhook exclude each other."""
        self._call(self._bot.delete_webhook())

    def _call(self, call: Coroutine[Any, Any, Any], timeout_s: float = 2 * TIMEOUT_S) -> Any:
        future = asyncio.run_coroutine_threadsafe(call, self._loop)
        try:
            return future.result(timeout_s)
        except RetryAfter as error:
            wait = error.retry_after
            seconds = wait if isinstance(wait, int | float) else wait.total_seconds()
            raise NotSentError(Trouble.RATE, "429", float(seconds)) from None
        except Forbidden:
            raise NotSentError(Trouble.STOPPED, "403") from None
        except InvalidToken:
            raise NotSentError(Trouble.UNREACHABLE, "token") from None
        except BadRequest:
            raise NotSentError(Trouble.REFUSED, "400") from None
        except (TimedOut, FutureTimeout):
            future.cancel()
            raise NotSentError(Trouble.UNCERTAIN, "timeout") from None
        except TelegramError as error:
            raise NotSentError(Trouble.UNREACHABLE, type(error).__name__) from None
        except Exception as error:
            raise NotSentError(Trouble.UNCERTAIN, type(error).__name__) from None
