from __future__ import annotations

from pathlib import Path

import pytest

from webhook import presence as presence_module
from webhook import serving
from webhook.database import Database, upgrade
from webhook.errors import AlreadyServingError
from webhook.presence import Presence
from webhook.settings import Settings


def test_no_two_processes_share_an_executor_name(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_module, "ORPHAN_WAIT_S", 0.0)
    upgrade(database_url)
    database = Database(database_url)
    first = Presence(database, tmp_path, "node")
    assert first.executor == "node:0"
    if database.sqlite:
        with pytest.raises(AlreadyServingError):
            Presence(database, tmp_path, "node")
    else:
        second = Presence(database, tmp_path, "node")
        assert second.executor == "node:1"
        with database.reading() as transaction:
            assert second.lives(first.worker, transaction)
            assert not second.lives(first.worker + 1, transaction)
        first.leave()
        with database.reading() as transaction:
            assert not second.lives(first.worker, transaction)
        second.leave()
    first.leave()
    again = Presence(database, tmp_path, "node")
    assert again.executor == "node:0"
    again.leave()
    database.close()


def test_a_second_server_on_the_same_state_is_refused(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "_WAIT_S", 0.0)
    settings = Settings.load(environment, tmp_path / "no.env")
    with serving.sole(settings), pytest.raises(AlreadyServingError), serving.sole(settings):
        pass
    with serving.sole(settings):
        pass
