"""hankali referrals and contacts; retention; e-mail."""

from __future__ import annotations

import json
import socketserver
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.webhook.referrals.conftest import AGADEZ, PERSON, Scene
from webhook.cli import main
from webhook.delivery import NotSentError, Trouble
from webhook.outbox import Outbound


@pytest.fixture
def at(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("at")
def test_list_show_acknowledge_close(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    reference = scene.refer()
    scene.escalation.settle()
    assert main(["referrals", "list", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["reference"], listed["state"]) == (reference, "notified")
    assert main(["referrals", "show", reference, "--json"]) == 0
    shown = capsys.readouterr().out
    assert PERSON not in shown
    assert [e["what"] for e in json.loads(shown)["events"]][:2] == ["opened", "consent yes"]
    assert main(["referrals", "acknowledge", reference]) == 0
    assert scene.state(reference) == "acknowledged"
    assert main(["referrals", "close", reference, "--outcome", "helped"]) == 0
    assert main(["referrals", "close", reference, "--outcome", "helped"]) == 1
    assert capsys.readouterr().err.strip() == f"hankali referrals: {reference} is closed"
    assert main(["referrals", "show", "000000"]) == 1
    assert "no referral" in capsys.readouterr().err


@pytest.mark.usefixtures("at")
def test_what_was_given_up_is_listed_without_address_or_words(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["referrals", "undelivered", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    scene.twilio_server.behaviour = "refused"
    reference = scene.refer()
    assert main(["referrals", "undelivered", "--json"]) == 0
    out = capsys.readouterr().out
    first = json.loads(out)[-1]
    assert (first["reference"], first["contact"], first["channel"]) == (reference, "exemple-agadez", "sms")
    assert (first["status"], first["attempts"]) == ("failed", 1)
    assert first["trouble"]
    assert PERSON not in out
    assert AGADEZ not in out


@pytest.mark.usefixtures("at")
@pytest.mark.parametrize("name", ["cases.csv", "cases.xlsx"])
def test_export(scene: Scene, tmp_path: Path, name: str) -> None:
    reference = scene.refer()
    assert main(["referrals", "export", reference, "-o", name]) == 0
    assert (tmp_path / name).stat().st_size > 100
    assert PERSON.encode() not in content_of(tmp_path / name)
    assert "exported" not in scene.events(reference)
    assert main(["referrals", "export", "-o", name, "--identity"]) == 0
    assert PERSON.encode() in content_of(tmp_path / name)
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert scene.events(reference)[-1] == "exported"
    assert main(["referrals", "export", "-o", "cases.pdf"]) == 1


def content_of(file: Path) -> bytes:
    """A workbook's strings are compressed."""
    if file.suffix == ".csv":
        return file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


@pytest.mark.usefixtures("at")
def test_erase_on_the_command_line_withdraws(scene: Scene) -> None:
    reference = scene.refer()
    scene.escalation.settle()
    assert main(["erase", "--channel", "sms", "--sender", PERSON]) == 0
    assert scene.state(reference) == "withdrawn"
    scene.now = datetime.now(UTC) + timedelta(minutes=1)  # the command has no other clock
    for outbox_id in scene.service.delivery.due():
        scene.service.delivery.attempt(outbox_id)
    assert scene.to(AGADEZ)[-1] == f"{reference} retiré, raison inconnue, pas forcément volontaire"


def test_a_closed_referral_goes_when_its_time_is_over(scene: Scene) -> None:
    from webhook.retention import purge

    reference = scene.refer()
    scene.sms(f"OK {reference} 0000", "END", sender=AGADEZ)
    assert scene.state(reference) == "closed"
    purge(scene.service.database, scene.now + timedelta(days=179), 180)
    assert scene.state(reference) == "closed"
    purge(scene.service.database, scene.now + timedelta(days=181), 180)
    with scene.service.database.reading() as transaction:
        from webhook.database import sql

        for table in ("referrals", "referral_events", "referral_alerts", "referral_messages"):
            assert transaction.one(sql(f"SELECT COUNT(*) FROM {table}")) == (0,)


def test_events_cannot_be_changed(scene: Scene) -> None:
    from webhook.database import sql

    scene.refer()
    with pytest.raises(Exception, match="append-only"), scene.service.database.writing() as transaction:
        transaction.run(sql("UPDATE referral_events SET who = 'x'"))


@pytest.mark.usefixtures("at")
def test_contacts_check(contacts: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["contacts", "check"]) == 0
    monkeypatch.setenv("HANKALI_CONTACTS", str(contacts))
    contacts.write_text(contacts.read_text(encoding="utf-8").replace("[NE, DZ, LY]", "[DZ]"), encoding="utf-8")
    assert main(["contacts", "check"]) == 1
    assert "PROBLEM  agadez: nobody but the supervisor" in capsys.readouterr().out
    contacts.write_text("contacts: 3\n", encoding="utf-8")
    assert main(["contacts", "check"]) == 1
    assert f"{contacts}:1: " in capsys.readouterr().err


class _Smtp(socketserver.StreamRequestHandler):
    """Enough of RFC 5321 for one message."""

    def handle(self) -> None:
        server: SmtpServer = self.server  # type: ignore[assignment]
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                body = b""
                while (line := self.rfile.readline()) != b".\r\n":
                    body += line
                server.mails.append(body.decode())
                self.wfile.write(b"250 taken\r\n")
            elif verb == b"RCPT":
                self.wfile.write(f"{server.answer} answer\r\n".encode())
            elif verb == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 ok\r\n")


class SmtpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    answer = 250

    def __init__(self) -> None:
        self.mails: list[str] = []
        super().__init__(("127.0.0.1", 0), _Smtp)


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    server = SmtpServer()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_an_alert_by_e_mail(smtp_server: SmtpServer) -> None:
    from webhook.channels.email import SmtpSender

    sender = SmtpSender(f"smtp://127.0.0.1:{smtp_server.server_address[1]}", "hankali@example.org")
    identifier = sender.send("abc", Outbound("zinder@example.org", "482913 urgent Zinder Hausa"))
    (mail,) = smtp_server.mails
    assert identifier == "<abc@hankali>"
    assert "Message-ID: <abc@hankali>" in mail
    assert "Subject: Hankali\n" in mail.replace("\r\n", "\n")
    assert "482913 urgent Zinder Hausa" in mail


@pytest.mark.parametrize(("code", "trouble"), [(550, Trouble.REFUSED), (451, Trouble.UNREACHABLE)])
def test_a_refusal_by_e_mail(smtp_server: SmtpServer, code: int, trouble: Trouble) -> None:
    from webhook.channels.email import SmtpSender

    smtp_server.answer = code
    sender = SmtpSender(f"smtp://127.0.0.1:{smtp_server.server_address[1]}", "hankali@example.org")
    with pytest.raises(NotSentError) as error:
        sender.send("abc", Outbound("zinder@example.org", "x"))
    assert error.value.trouble is trouble
    smtp_server.shutdown()
    smtp_server.server_close()
    with pytest.raises(NotSentError):
        sender.send("abc", Outbound("zinder@example.org", "x"))
