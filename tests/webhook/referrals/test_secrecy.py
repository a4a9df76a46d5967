"""What is stored cannot be read, and what was erased cannot be found, in any file."""

from __future__ import annotations

import base64
import pickle
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from tests.webhook.referrals.conftest import AGADEZ, PERSON, Scene
from tests.webhook.searching import forms, found

SEEN = "elle dort devant la boutique rouge"
WORDS = "Bonjour, pouvez-vous venir jeudi ?"
ANSWER = "d'accord pour jeudi matin"
CHAT = 70_123_456_789
SAID_THERE = "je m'appelle Zeinabou Touraoua"
SECRETS = (PERSON, PERSON[4:], SEEN, "mangue", WORDS, ANSWER, AGADEZ, str(CHAT), SAID_THERE, "Zeinabou")
OWN = ("contacts.yml", "demo.env")
"""The directory is the operator's file; the demo's secrets are keys."""


@pytest.mark.parametrize("shift", range(3))
def test_the_search_itself_finds_what_is_there(tmp_path: Path, shift: int) -> None:
    (tmp_path / "x").write_bytes(b"ab" + base64.b64encode(b"z" * (3 + shift) + SEEN.encode() + b"q"))
    (tmp_path / "y").write_bytes(pickle.dumps({"a": SEEN}))
    (tmp_path / "z").write_bytes(base64.urlsafe_b64encode(b"?" * shift + pickle.dumps([SEEN])))
    assert found(tmp_path, [SEEN]) == {SEEN: ["x", "y", "z"]}


@pytest.mark.parametrize("secret", SECRETS)
def test_the_search_looks_for_nothing_that_chance_would_write(secret: str) -> None:
    assert min(len(form) for form in forms(secret)) >= 6


@pytest.fixture
def tmp_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Whatever writes a temporary file writes it where the test looks."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    for name in ("TMPDIR", "SQLITE_TMPDIR"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def files(request: pytest.FixtureRequest, tmp_path: Path, database_url: str) -> Iterator[list[Path]]:
    """Every folder in which the service can have written something (PostgreSQL's own, its log of writes included)."""
    if database_url.startswith("sqlite"):
        yield [tmp_path]
        return
    yield [tmp_path, request.getfixturevalue("postgres_folder")]


def searched(files: list[Path], since: float, *texts: str) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {}
    for folder in files:
        for text, names in found(folder, texts, OWN, since).items():
            result.setdefault(text, []).extend(names)
    return result


def live(scene: Scene) -> tuple[str, list[str]]:
    """A referral from the first word to messages both ways, and a chat; returns the reference and conversation ids."""
    scene.sms("j'ai besoin d'aide, je veux parler à quelqu'un", "2", "1", "2", "Tahoua", SEEN, "1", "1", "4", "mangue")
    answer = scene.sms("1")
    reference = "".join(c for c in answer[0].split("Réponse")[0] if c.isdigit())
    scene.settle()
    scene.sms(f"OK {reference} 0000", sender=AGADEZ)
    scene.sms(WORDS, sender=AGADEZ)
    scene.settle()
    scene.sms("mangue", ANSWER)
    scene.telegram(SAID_THERE, chat=CHAT)
    scene.call().call().press("1")
    scene.settle()
    vault = scene.service.vault
    ids = [vault.conversation_id(*who) for who in (("sms", PERSON), ("voice", PERSON), ("telegram", str(CHAT)))]
    return reference, ids


def on_disk(scene: Scene, vacuum: bool = False) -> None:
    """What PostgreSQL holds in memory is in its files (SQLite's always is)."""
    if scene.service.database.sqlite:
        return
    engine = create_engine(scene.service.database.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if vacuum:
            connection.exec_driver_sql("VACUUM FULL")
        connection.exec_driver_sql("CHECKPOINT")
    engine.dispose()


def test_nothing_is_in_clear_and_erased_is_gone(
    scene: Scene, tmp_folder: Path, files: list[Path], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    begun = time.time() - 2
    scene.service.start()
    reference, ids = live(scene)
    row = scene.referral(reference)
    assert row.record is not None
    assert row.record.seen == SEEN
    on_disk(scene)
    assert searched(files, begun, *SECRETS) == {}
    assert sorted(searched(files, begun, *ids)) == sorted(ids)

    scene.sms("EFFACER")
    scene.telegram("EFFACER", chat=CHAT)
    scene.settle()
    assert scene.state(reference) == "withdrawn"
    assert tables_that_hold(scene, ids) == []
    scene.service.database.compact()
    # DBOS holds a transaction open for a second at a time: VACUUM keeps rows that died meanwhile.
    scene.service.close()
    on_disk(scene, vacuum=True)
    left = searched(files, begun, *ids)
    # PostgreSQL: VACUUM FULL writes the tables anew; the log of writes keeps what it has until it is recycled.
    assert {name for names in left.values() for name in names if not is_wal(name)} == set()
    assert searched(files, begun, *SECRETS) == {}
    # Not what the stand-ins of the providers say.
    said = "".join(record.getMessage() for record in caplog.records if record.name != "werkzeug")
    assert [text for text in (*SECRETS, *ids) if text in said] == []


def is_wal(name: str) -> bool:
    return len(name) == 24 and all(c in "0123456789ABCDEF" for c in name)


def tables_that_hold(scene: Scene, ids: list[str]) -> list[str]:
    """Of both databases: ours, and what DBOS keeps."""
    found_in = []
    for url in {scene.service.database.url, scene.service.settings.durable_url}:
        engine = create_engine(url)
        with engine.connect() as connection:
            for schema, table in tables(connection):
                name = f'"{schema}"."{table}"' if schema else f'"{table}"'
                rows: Any = connection.exec_driver_sql(f"SELECT * FROM {name}")
                if any(str(identifier) in str(row) for row in rows for identifier in ids):
                    found_in.append(name)
        engine.dispose()
    return found_in


def tables(connection: Any) -> list[tuple[str, str]]:
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
        return [("", str(name)) for (name,) in rows]
    rows = connection.exec_driver_sql(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    return [(str(schema), str(name)) for schema, name in rows]
