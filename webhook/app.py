"""The application factory: one object per job, wired together here and nowhere else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from bot.catalogue import ContentError, read_yaml
from bot.referral.directory import LiveDirectory
from webhook import audio, health
from webhook.channels import sms, telegram, voice
from webhook.clock import Clock, utc_now
from webhook.database import Database, upgrade
from webhook.delivery import Delivery, Sender
from webhook.errors import OperatorError
from webhook.inbox import READY_WITHIN_S, Answering, Inbox
from webhook.presence import Presence
from webhook.rate import Gate
from webhook.referrals import links
from webhook.referrals.conversation import ReferralDialogue
from webhook.referrals.escalation import Desk, Escalation
from webhook.referrals.voice_messages import Recordings, VoiceMessages
from webhook.referrals.wording import Wording
from webhook.retention import purge
from webhook.retries import ADOPTED_AFTER_S, Retries
from webhook.security import Vault
from webhook.settings import Settings

MAX_REQUEST_BYTES = 1024 * 1024
MAINTENANCE_EVERY_S = 30.0
PURGE_EVERY_S = 3600.0
TURN_THREADS = 24

log = logging.getLogger(__name__)


@dataclass
class Service:
    """What runs in one serving process. Reach it from an app as ``app.extensions["hankali"]``."""

    settings: Settings
    database: Database
    vault: Vault
    dialogue: Answering
    inbox: Inbox
    delivery: Delivery
    presence: Presence
    updates: telegram.Updates
    telegram_calls: telegram.TelegramCalls | None
    clock: Clock
    escalation: Escalation | None = None
    messages: VoiceMessages | None = None
    closing: list[Callable[[], None]] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begins what runs beside requests: retries, durable clocks, recovery, Telegram's updates, the hourly purge."""
        from webhook.durable import Durable  # noqa: PLC0415 - DBOS is launched in the serving worker only

        retries = Retries(self.delivery)
        self.closing.append(retries.close)
        if self.escalation is not None:
            from webhook.referrals import durable as referral_clock  # noqa: PLC0415 - DBOS

            referral_clock.attach(self.escalation)
            if self.messages is not None:
                from webhook.referrals import message_clock  # noqa: PLC0415 - DBOS

                message_clock.attach(self.messages)
        durable = Durable(self.settings, self.presence.executor)
        self.closing.append(durable.close)
        retries.sweep()
        self.inbox.recover()
        if self.settings.telegram_provider and self.telegram_calls is not None:
            connection = telegram.Connection(self.settings, self.telegram_calls, self.updates)
            connection.start()
            self.closing.append(connection.close)
        maintenance = threading.Thread(
            target=self._maintain, args=(retries, durable.purge), name="maintenance", daemon=True
        )
        maintenance.start()
        self.closing.append(lambda: maintenance.join(MAINTENANCE_EVERY_S))

    def close(self) -> None:
        """Finishes what is under way and lets go of everything. Idempotent."""
        self._stopping.set()
        self.inbox.close()
        if self.messages is not None:
            self.messages.close()
        if self.escalation is not None:
            self.escalation.close()
        while self.closing:
            self.closing.pop()()
        self.presence.leave()
        self.database.close()

    def _sweep(self) -> None:
        try:
            if self.escalation is not None:
                self.escalation.sweep()
            if self.messages is not None:
                self.messages.sweep()
        except Exception as error:
            log.error("clocks could not be looked at: %s", type(error).__name__)

    def _maintain(self, retries: Retries, purge_workflows: Callable[[], None]) -> None:
        since_purge_s = PURGE_EVERY_S
        # Not before the first answer: with many referrals it takes its time.
        self._sweep()
        while not self._stopping.wait(MAINTENANCE_EVERY_S):
            since_purge_s += MAINTENANCE_EVERY_S
            try:
                self.inbox.recover()
                retries.sweep(ADOPTED_AFTER_S)
                self._sweep()
                self.database.compact(at_once=False)
                if since_purge_s >= PURGE_EVERY_S:
                    since_purge_s = 0.0
                    purge(self.database, self.clock(), self.settings.referrals.kept_days)
                    purge_workflows()
            except Exception as error:
                log.error("maintenance failed: %s", type(error).__name__)


def create_app(
    settings: Settings,
    dialogue: Answering,
    *,
    senders: Mapping[str, Sender] | None = None,
    clock: Clock = utc_now,
    ready_within_s: float = READY_WITHIN_S,
    directory: LiveDirectory | None = None,
    recordings: Recordings | None = None,
) -> Flask:
    """The whole service without its background (call ``app.extensions["hankali"].start()`` for that).

    ``senders`` and ``recordings`` replace the providers' clients. Raises OperatorError when the database or content
    cannot be used.
    """
    upgrade(settings.database_url)
    database = Database(settings.database_url)
    presence = Presence(database, settings.var, settings.node)
    vault = Vault(settings.secret_key, settings.encryption_keys)
    closing: list[Callable[[], None]] = []
    calls: telegram.TelegramCalls | None = None
    if senders is None:
        from webhook.channels.telegram_api import TelegramApi  # noqa: PLC0415 - slow imports, not for tests
        from webhook.channels.twilio_api import TwilioSms  # noqa: PLC0415

        providers: dict[str, Sender] = {}
        if settings.telegram_bot_token:
            api = TelegramApi(settings)
            closing.append(api.close)
            providers["telegram"] = calls = api
        if settings.twilio_account_sid and settings.twilio_auth_token:
            providers["sms"] = TwilioSms(settings)
        if settings.referrals.smtp:
            from webhook.channels.email import SmtpSender  # noqa: PLC0415

            providers["email"] = SmtpSender(settings.referrals.smtp, settings.referrals.email_from)
        senders = providers
    delivery = Delivery(database, vault, senders, clock)
    escalation: Escalation | None = None
    messages: VoiceMessages | None = None
    if directory is not None:
        desk = Desk(
            database,
            vault,
            delivery,
            directory,
            wording=Wording(settings.content, settings.reviewed_only),
            patience=settings.referrals.patience,
            number=settings.twilio_voice_from or settings.twilio_sms_from or "",
            link=f"{settings.public_url}/console",
            clock=clock,
        )
        escalation = Escalation(desk)
        dialogue = ReferralDialogue(dialogue, desk, escalation)
        if recordings is None:
            from webhook.channels.twilio_recordings import TwilioRecordings  # noqa: PLC0415 - slow imports

            recordings = TwilioRecordings(settings)
        messages = VoiceMessages(
            database,
            vault,
            recordings,
            clock,
            waits=escalation.message_waits,
            push=escalation.push,
            opened=escalation.begin,
        )
    inbox = Inbox(
        database,
        vault,
        dialogue=dialogue,
        doors={"sms": sms.SmsDoor(), "voice": voice.VoiceDoor(_voices(settings.content)),
               "telegram": telegram.TelegramDoor()},
        delivery=delivery,
        presence=presence,
        threads=TURN_THREADS,
        clock=clock,
        ready_within_s=ready_within_s,
    )  # fmt: skip
    gate = Gate(inbox, dialogue, settings.rate_limit_per_minute, clock=clock)
    updates = telegram.Updates(vault, gate, delivery, calls)

    app = Flask("hankali", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_REQUEST_BYTES
    app.register_blueprint(sms.create_blueprint(settings, vault, gate, delivery))
    app.register_blueprint(voice.create_blueprint(settings, vault, inbox, messages.arrived if messages else None))
    app.register_blueprint(links.create_blueprint(database, vault, clock))
    app.register_blueprint(telegram.create_blueprint(settings, updates))
    app.register_blueprint(audio.create_blueprint(settings.content))
    app.register_blueprint(
        health.create_blueprint(settings, database, lambda: str(getattr(dialogue, "content_problem", "")), clock)
    )
    if settings.demo:
        _register_simulator(app, settings)
    app.register_error_handler(Exception, _on_error)
    app.after_request(_harden)
    app.extensions["hankali"] = Service(
        settings,
        database,
        vault,
        dialogue,
        inbox,
        delivery,
        presence,
        updates,
        calls,
        clock,
        escalation,
        messages,
        closing,
    )
    return app


def _voices(content: Path) -> dict[str, str]:
    """Language → the provider's voice language, for those that have one."""
    try:
        languages = read_yaml(content / "languages.yml")
    except ContentError as error:
        raise OperatorError(str(error)) from error
    return {code: str(entry["say"]) for code, entry in languages.items() if entry.get("say")}


def _register_simulator(app: Flask, settings: Settings) -> None:
    try:
        from webhook.simulator import create_blueprint  # noqa: PLC0415 - demo mode only
    except ImportError:
        return
    app.register_blueprint(create_blueprint(settings))


def _on_error(error: Exception) -> Response:
    """A status and its name; never a trace, never what was sent."""
    if isinstance(error, HTTPException):
        return Response(f"{error.name}\n", error.code or 500, mimetype="text/plain")
    log.error("a request failed: %s", type(error).__name__)
    # A provider that may ask again should.
    return Response("Service Unavailable\n", 503, mimetype="text/plain")


def _harden(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
    return response
