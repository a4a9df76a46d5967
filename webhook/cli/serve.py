"""hankali serve: the whole service under gunicorn."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from webhook.database import upgrade
from webhook.errors import OperatorError
from webhook.serving import sole
from webhook.settings import DEFAULT_PORT, Settings

THREADS = 32
DRAIN_S = 25
BOOT_FAILED = 3
"""gunicorn stops, instead of trying for ever, when a worker leaves with this code at start."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Address and workers."""
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--workers", type=int, default=1, help="processes; more than one needs PostgreSQL")


def run(args: argparse.Namespace) -> int:
    """Serves until SIGTERM or SIGINT, then finishes what is under way."""
    host = f"[{args.host}]" if ":" in args.host else args.host
    settings = Settings.load(listen=f"{host}:{args.port}")
    if args.workers < 1:
        raise OperatorError("--workers must be at least 1")
    if args.workers > 1 and settings.sqlite:
        raise OperatorError("--workers: SQLite allows one; more need HANKALI_DATABASE_URL=postgresql://…")
    os.umask(0o077)
    _ready_content(settings)
    with sole(settings) as locks:
        upgrade(settings.database_url)
        model = _ready_engine(settings, args.workers)
        _announce(settings, host, args.port)
        Server(settings, model, f"{host}:{args.port}", args.workers, locks).run()
    return 0


def _ready_content(settings: Settings) -> None:
    """Refuses to start, in one line, when somebody could be left without words.

    Workers that start later, over files that an editor has broken meanwhile, go on with what is loaded here.
    """
    from bot.catalogue import LiveCatalogue  # noqa: PLC0415
    from bot.keywords import KEYWORDS  # noqa: PLC0415
    from bot.places import Places  # noqa: PLC0415

    LiveCatalogue(settings.content, settings.reviewed_only)
    Places(settings.content / "places.yml")
    KEYWORDS.current()


def _ready_engine(settings: Settings, workers: int) -> Path:
    """The trained model; for several workers also Rasa imported: forked later, they share its pages."""
    from bot import rasa_seams  # noqa: PLC0415
    from bot.training import ensure_model  # noqa: PLC0415

    model = ensure_model(settings.models, _progress)
    rasa_seams.install_for_serving()
    if workers > 1:
        import rasa.core.agent  # noqa: F401, PLC0415

    return model


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _announce(settings: Settings, host: str, port: int) -> None:
    print(f"Hankali ({settings.mode} mode) on http://{host}:{port}", flush=True)
    if not settings.demo:
        return
    if settings.telegram_provider or settings.twilio_provider:
        print("A provider is configured: this is a test service, no alert reaches a case worker.", flush=True)
    else:
        print(f"Try it: http://{host}:{port}/simulator (nothing leaves this machine)", flush=True)


def build(settings: Settings, model: Path) -> Flask:
    """The app with its engine, started. Call in the serving process, after any fork."""
    from bot.dialogue import Dialogue  # noqa: PLC0415 - Rasa
    from webhook.app import create_app  # noqa: PLC0415
    from webhook.engine import services_of  # noqa: PLC0415

    provider = bool(settings.telegram_provider or settings.twilio_provider)
    services = services_of(
        demo=settings.demo,
        contacts=settings.contacts,
        hotline_number=settings.twilio_voice_from or "" if settings.twilio_provider else "",
        test_service=settings.demo and provider,
        without_consent=settings.referrals.without_consent,
        legal_basis=settings.referrals.legal_basis,
    )
    dialogue = Dialogue.load(model, settings.content, reviewed_only=settings.reviewed_only, services=services)
    app = create_app(settings, dialogue, directory=services.directory)
    service = app.extensions["hankali"]
    service.start()
    return app


class Server(BaseApplication):
    """gunicorn, told everything here and nothing by its own files or environment."""

    def __init__(self, settings: Settings, model: Path, bind: str, workers: int, locks: list[IO[str]]) -> None:
        self._settings = settings
        self._model = model
        self._bind = bind
        self._workers = workers
        self._locks = locks
        self._close: Callable[[], None] = lambda: None
        super().__init__()

    def load_config(self) -> None:
        """No access log: it would keep addresses."""
        options: dict[str, Any] = {
            "bind": self._bind,
            "workers": self._workers,
            "worker_class": "gthread",
            "threads": THREADS,
            "timeout": 120,
            "graceful_timeout": DRAIN_S,
            "keepalive": 15,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "proc_name": "hankali",
            "post_fork": self._after_fork,
            "worker_exit": self._before_leaving,
        }
        if "control_socket_disable" in self.cfg.settings:
            options["control_socket_disable"] = True
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """In the worker."""
        try:
            app = build(self._settings, self._model)
        except OperatorError as error:
            print(f"hankali serve: {error}", file=sys.stderr, flush=True)
            sys.exit(BOOT_FAILED)
        except Exception as error:
            if os.environ.get("HANKALI_DEBUG") == "1":
                raise
            print(f"hankali serve: {type(error).__name__}: {error}".splitlines()[0], file=sys.stderr, flush=True)
            sys.exit(BOOT_FAILED)
        self._close = app.extensions["hankali"].close
        return app

    def _after_fork(self, _server: Any, _worker: Any) -> None:
        # The lock is the master's: after its death a new server may wait for orphaned workers by their own lock.
        for handle in self._locks:
            handle.close()

    def _before_leaving(self, _server: Any, _worker: Any) -> None:
        self._close()
