"""The Telegram door: a webhook, or polling where nobody can reach us; every answer is a new message."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from flask import Blueprint, Response, abort, request

from bot.dialogue import marked
from bot.effects import Turn
from bot.messages import Incoming
from webhook.channels.telegram_update import callback_query_id, read
from webhook.delivery import Delivery, NotSentError
from webhook.inbox import Arrival
from webhook.outbox import Outbound
from webhook.rate import Gate
from webhook.security import Vault, same_secret
from webhook.settings import Settings

RETRY_S = 5.0
MAX_RETRY_S = 60.0

log = logging.getLogger(__name__)


class TelegramCalls(Protocol):
    """What the door needs of :class:`webhook.channels.telegram_api.TelegramApi`."""

    def answer_callback(self, callback_query_id: str) -> None: ...
    def set_webhook(self, url: str, secret: str) -> None: ...
    def updates(self, offset: int) -> list[dict[str, Any]]: ...
    def delete_webhook(self) -> None: ...


class TelegramDoor:
    """Answers through the Bot API only."""

    answers: Literal["api"] = "api"

    def inline(self, turn: Turn, arrival: Arrival) -> str:
        """Nothing travels in the response."""
        return ""

    def outbound(self, turn: Turn, arrival: Arrival) -> Sequence[Outbound]:
        """One message per reply, its choices as buttons."""
        return [
            Outbound(arrival.sender, reply.text, tuple((c.title, marked(c.payload, reply.key)) for c in reply.choices))
            for reply in turn.replies
            if reply.text.strip()
        ]


class Updates:
    """Takes updates, however they come. ``api`` None: no bot is configured, nothing is acknowledged to anybody."""

    def __init__(self, vault: Vault, gate: Gate, delivery: Delivery, api: TelegramCalls | None) -> None:
        self._vault = vault
        self._delivery = delivery
        self._gate = gate
        self._api = api

    def take(self, update: Any) -> None:
        """Answers the person who waits, if any. Raises only when the message could not be stored."""
        query = callback_query_id(update)
        if query and self._api is not None:
            self._api.answer_callback(query)
        found = read(update)
        if found is None:
            return
        sender = str(found.chat_id)
        incoming = Incoming(
            "telegram",
            self._vault.conversation_id("telegram", sender),
            found.text,
            found.payload,
            found.media,
        )
        passed = self._gate.pass_on(Arrival(sender, str(found.update_id), incoming))
        if passed.slow_down is not None:
            self._delivery.send("telegram", incoming.conversation, [Outbound(sender, passed.slow_down.text)])


def create_blueprint(settings: Settings, updates: Updates) -> Blueprint:
    """``POST /telegram``."""
    blueprint = Blueprint("telegram", __name__)

    @blueprint.post("/telegram")
    def receive() -> Response:
        given = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        if not same_secret(settings.telegram_webhook_secret, given):
            abort(403)
        try:
            update = json.loads(request.get_data())
        except (ValueError, RecursionError):
            # Anything but 200 makes Telegram send it again and again.
            return Response(status=200)
        updates.take(update)
        return Response(status=200)

    return blueprint


class Connection:
    """Keeps updates coming: registers the webhook, or asks for updates where there is no public address."""

    def __init__(self, settings: Settings, api: TelegramCalls, updates: Updates) -> None:
        self._settings = settings
        self._api = api
        self._updates = updates
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telegram-updates", daemon=True)

    def start(self) -> None:
        """Begins, in a thread of its own; a provider that is down is asked again."""
        self._thread.start()

    def close(self) -> None:
        """Ends; a long poll under way is left to its time-out."""
        self._stopping.set()

    def join(self) -> None:
        """Waits until the thread is done."""
        self._thread.join()

    def _run(self) -> None:
        if self._settings.public_url_set:
            self._until_done(self._register)
            return
        self._until_done(self._api.delete_webhook)
        offset = 0
        wait_s = RETRY_S
        while not self._stopping.is_set():
            try:
                for update in self._api.updates(offset):
                    if self._stopping.is_set():
                        return
                    self._updates.take(update)
                    offset = int(update["update_id"]) + 1
                wait_s = RETRY_S
            except Exception as error:
                # Not acknowledged yet, so nothing is lost: the same updates come again.
                log.warning("no updates from Telegram: %s", _reason(error))
                self._stopping.wait(wait_s)
                wait_s = min(2 * wait_s, MAX_RETRY_S)

    def _register(self) -> None:
        secret = self._settings.telegram_webhook_secret or ""
        self._api.set_webhook(f"{self._settings.public_url}/telegram", secret)

    def _until_done(self, step: Callable[[], None]) -> None:
        wait_s = RETRY_S
        while not self._stopping.is_set():
            try:
                step()
                return
            except Exception as error:
                log.warning("Telegram could not be set up: %s", _reason(error))
                self._stopping.wait(wait_s)
                wait_s = min(2 * wait_s, MAX_RETRY_S)


def _reason(error: Exception) -> str:
    """A reason without addresses or words."""
    return str(error) if isinstance(error, NotSentError) else type(error).__name__
