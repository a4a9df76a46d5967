from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.webhook.conftest import BuildApp
from tests.webhook.doors import Telegram, Twilio, messages, service_of
from webhook import cli
from webhook.cli import main
from webhook.database import sql

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def at(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """The environment of the shell in which commands run."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return environment


def test_every_command_of_ours_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("serve", "stats", "erase", "purge", "rekey", "doctor"):
        with pytest.raises(SystemExit) as left:
            main([name, "--help"])
        assert left.value.code == 0
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in cli.COMMANDS)


def test_wrong_usage_is_one_line_and_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonsense"]) == 2
    with pytest.raises(SystemExit) as left:
        main(["erase", "--channel", "pigeon", "--sender", "x"])
    assert left.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_failure_is_one_line_and_1(
    at: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HANKALI_MODE", "production")
    assert main(["purge"]) == 1
    assert capsys.readouterr().err == "hankali purge: HANKALI_SECRET_KEY is not set: production mode needs it\n"
    monkeypatch.setenv("HANKALI_MODE", "demo")
    if at["HANKALI_DATABASE_URL"].startswith("sqlite"):
        assert main(["serve", "--workers", "2"]) == 1
        assert capsys.readouterr().err.startswith("hankali serve: --workers: SQLite")


def test_erase(at: dict[str, str], build: BuildApp, capsys: pytest.CaptureFixture[str]) -> None:
    app = build()
    Twilio(app).sms("x", sender="+22790000001")
    Twilio(app).sms("x", sender="+22790000002")
    assert main(["erase", "--channel", "sms", "--sender", "+227 90 00 00 01"]) == 0
    assert capsys.readouterr().out == "erased 2 rows\n"
    assert main(["erase", "--channel", "sms", "--sender", "+22790000001"]) == 0
    assert capsys.readouterr().out == "erased 0 rows\n"
    assert messages(Twilio(app).sms("y", sender="+22790000002")) == ["2 y"]
    assert messages(Twilio(app).sms("y", sender="+22790000001")) == ["1 y"]


def test_purge(at: dict[str, str], build: BuildApp, capsys: pytest.CaptureFixture[str]) -> None:
    app = build()
    Twilio(app).sms("x", sid="SM1")
    Telegram(app).message(text="x")
    assert main(["purge"]) == 0
    assert capsys.readouterr().out == "purged 0 rows\n"
    with service_of(app).database.writing() as transaction:
        for table, column in (("inbox", "accepted_ms"), ("outbox", "created_ms"), ("conversations", "updated_ms"),
                              ("shown", "expires_ms")):  # fmt: skip
            transaction.run(sql(f"UPDATE {table} SET {column} = 1"))
    assert main(["purge"]) == 0
    assert capsys.readouterr().out == "purged 6 rows\n"


def test_stats_suppress_small_numbers(
    at: dict[str, str], build: BuildApp, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    app = build()
    for n in range(5):
        Twilio(app).sms("x", sender=f"+2279000000{n}")
    Telegram(app).message(text="x")
    assert main(["stats"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in table] == ["count", "5", "<5"]
    assert main(["stats", "--csv", str(tmp_path / "a.csv"), "--hxl", str(tmp_path / "b.csv")]) == 0
    assert (tmp_path / "a.csv").read_text().splitlines()[2].endswith("intent,echo,telegram,fr,<5")
    hxl = (tmp_path / "b.csv").read_text().splitlines()
    assert hxl[1].startswith("#date+start,#date+end,#indicator+name")
    assert hxl[3].endswith("intent,echo,telegram,fr,")
    assert main(["stats", "--to", "2001-01-01"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert main(["stats", "--from", "2026-02-01", "--to", "2026-01-01"]) == 2
    assert capsys.readouterr().err == "hankali stats: --from 2026-02-01 is after --to 2026-01-01\n"


def test_rekey_moves_secrets_and_names(
    at: dict[str, str], build: BuildApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = [Fernet.generate_key().decode() for _ in range(2)]
    old = {"HANKALI_SECRET_KEY": "a" * 32, "HANKALI_ENCRYPTION_KEYS": keys[0]}
    new = {"HANKALI_SECRET_KEY": "b" * 32, "HANKALI_ENCRYPTION_KEYS": f"{keys[1]},{keys[0]}"}
    app = build(old)
    Twilio(app).sms("x", sid="SM1")
    Telegram(app).message(text="x")
    service_of(app).close()
    for name, value in new.items():
        monkeypatch.setenv(name, value)
    assert main(["rekey"]) == 0
    assert capsys.readouterr().out == "re-encrypted 5, renamed 2, dropped 0\n"
    again = build({**new, "HANKALI_ENCRYPTION_KEYS": keys[1]})
    assert messages(Twilio(again).sms("x", sid="SM1")) == ["1 x"]
    assert messages(Twilio(again).sms("y")) == ["2 y"]
    Telegram(again).message(text="LEAVE")
    service_of(again).close()
    monkeypatch.setenv("HANKALI_ENCRYPTION_KEYS", Fernet.generate_key().decode())
    assert main(["rekey"]) == 1
    assert "add the old key" in capsys.readouterr().err


def test_rekey_is_refused_while_somebody_serves(
    at: dict[str, str], build: BuildApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    build()
    monkeypatch.setattr("webhook.presence.ORPHAN_WAIT_S", 0.0)
    assert main(["rekey"]) == 1


def test_doctor_finds_the_directory_and_the_mode(at: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "HANKALI_CONTACTS" in out
    assert "HANKALI_MODE is demo" in out


@pytest.mark.parametrize("line", ["--help", "doctor", "purge", "stats", "erase --channel sms --sender 1"])
def test_no_model_is_loaded_for_these(line: str, tmp_path: Path) -> None:
    code = (
        "import sys; from webhook.cli import main; code = main(sys.argv[1:]);"
        "sys.exit(code or bool({'rasa', 'dbos', 'telegram'} & set(sys.modules)))"
    )
    environment = {**os.environ, "HANKALI_VAR": str(tmp_path)}
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code, *line.split()], cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0
    assert time.monotonic() - began < 10  # well under a second on a machine that does nothing else
