"""What survives: kills, slow answers, lost keys, erasure."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
from cryptography.fernet import Fernet
from flask import Flask
from twilio.request_validator import RequestValidator

from bot.effects import Turn
from bot.messages import Incoming
from tests.webhook.channels.test_sms import rows
from tests.webhook.channels.test_telegram import sent
from tests.webhook.conftest import BuildApp
from tests.webhook.doors import Caller, Telegram, Twilio, messages, service_of
from tests.webhook.fixed_dialogue import FixedDialogue
from tests.webhook.providers import TelegramServer, TwilioServer
from webhook.carrying_out import Occasion, carried
from webhook.database import sql
from webhook.inbox import Arrival
from webhook.outbox import Outbound

ROOT = Path(__file__).resolve().parents[2]


def test_what_is_not_ready_in_time_comes_by_api(
    build: BuildApp, fixed: FixedDialogue, twilio_server: TwilioServer
) -> None:
    app = build(ready_within_s=0.1)
    gate = threading.Event()
    fixed.before = lambda incoming: gate.wait(10) and None
    assert messages(Twilio(app).sms("slow", sid="SM1")) == []
    gate.set()
    twilio_server.wait_for(lambda: twilio_server.accepted("Messages"))
    assert twilio_server.accepted("Messages")[0]["Body"] == "1 slow"
    # The first response was empty, so a repeat of the request gets nothing either.
    assert messages(Twilio(app).sms("slow", sid="SM1")) == []
    assert len(fixed.seen) == 1


def test_a_slow_step_of_a_call_is_asked_for_again(build: BuildApp, fixed: FixedDialogue) -> None:
    app = build(ready_within_s=0.1)
    gate = threading.Event()
    caller = Caller(Twilio(app)).call()
    fixed.before = lambda incoming: gate.wait(10) and None
    caller.press("1")
    assert caller.heard == []
    redirect = caller.document.find("Redirect")
    assert redirect is not None
    assert (redirect.text or "").endswith("/twilio/voice/step/1")
    gate.set()
    while not caller.heard:
        caller.wait()
    assert caller.heard == ["2 1"]
    assert [incoming.text for incoming in fixed.seen] == ["", "1"]


def test_what_fails_every_time_does_not_silence_the_next_message(
    app: Flask, fixed: FixedDialogue, twilio_server: TwilioServer
) -> None:
    def answer(state: dict[str, Any] | None, incoming: Incoming, now: datetime) -> Turn:
        turn = real(state, incoming, now)
        return replace(turn, effects=(*turn.effects, carried(fail))) if incoming.text == "bad" else turn

    def fail(occasion: Occasion) -> None:
        raise KeyError

    real, fixed.answer = fixed.answer, answer  # type: ignore[method-assign]
    assert messages(Twilio(app).sms("bad")) == []
    assert messages(Twilio(app).sms("SOS")) == ["1 SOS"]
    twilio_server.wait_for(lambda: twilio_server.accepted("Messages"))
    assert twilio_server.accepted("Messages")[0]["Body"] == "<technical_error>"
    assert service_of(app).inbox.recover() == 0


def test_an_answer_leaves_at_once_though_the_message_after_it_fails(
    app: Flask, telegram_server: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = service_of(app).inbox
    with monkeypatch.context() as broken:
        broken.setattr(inbox, "_answer_one", None)
        Telegram(app).message(text="one")
    door = inbox._doors["telegram"]
    real = door.outbound

    def outbound(self: object, turn: Turn, arrival: Arrival) -> Sequence[Outbound]:
        if arrival.incoming.text == "two":
            raise RuntimeError
        return real(turn, arrival)

    monkeypatch.setattr(type(door), "outbound", outbound)
    Telegram(app).message(text="two")
    service_of(app).delivery.settled()
    assert sent(telegram_server) == ["1 one"]


def test_a_failure_in_between_is_recovered_by_api(
    app: Flask, twilio_server: TwilioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = service_of(app)
    with monkeypatch.context() as broken:
        broken.setattr(service.inbox, "_answer_one", None)
        assert messages(Twilio(app).sms("x")) == []
    assert service.inbox.recover() == 1
    assert [message["Body"] for message in twilio_server.accepted("Messages")] == ["1 x"]
    assert service.inbox.recover() == 0


@pytest.mark.parametrize(("minutes", "late"), [(14, False), (16, True)])
def test_what_waited_for_a_quarter_of_an_hour_is_answered_for_other_eyes(
    build: BuildApp, fixed: FixedDialogue, monkeypatch: pytest.MonkeyPatch, minutes: int, late: bool
) -> None:
    now = [datetime(2026, 11, 23, 12, tzinfo=UTC)]
    app = build(clock=lambda: now[0])
    service = service_of(app)
    with monkeypatch.context() as broken:
        broken.setattr(service.inbox, "_answer_one", None)
        Twilio(app).sms("x")
    now[0] += timedelta(minutes=minutes)
    service.inbox.recover()
    assert [incoming.late for incoming in fixed.seen] == [late]


def test_nothing_of_the_message_stays_after_the_answer(app: Flask) -> None:
    Twilio(app).sms("x")
    with service_of(app).database.reading() as transaction:
        assert transaction.all(sql("SELECT payload FROM inbox")) == [(None,)]


def test_a_state_that_cannot_be_read_is_a_new_conversation(build: BuildApp) -> None:
    first = build()
    assert messages(Twilio(first).sms("x")) == ["1 x"]
    service_of(first).close()
    second = build({"HANKALI_ENCRYPTION_KEYS": Fernet.generate_key().decode()})
    assert messages(Twilio(second).sms("y")) == ["1 y"]


def test_stop_holds_until_the_next_message(app: Flask) -> None:
    def stopped() -> list[int]:
        with service_of(app).database.reading() as transaction:
            return [int(value) for (value,) in transaction.all(sql("SELECT stopped FROM conversations"))]

    Twilio(app).sms("STOP")
    assert stopped() == [1]
    Twilio(app).sms("x")
    assert stopped() == [0]


def test_erase_leaves_nothing_but_the_answer(app: Flask, twilio_server: TwilioServer) -> None:
    twilio = Twilio(app)
    twilio.sms("x", sid="SM1")
    twilio.sms("y", sender="+22790000002")
    assert messages(twilio.sms("ERASE", sid="SM9")) == ["2 ERASE"]
    assert messages(twilio.sms("ERASE", sid="SM9")) == ["2 ERASE"]
    assert rows(app, "conversations") == 1
    assert rows(app, "inbox") == 1
    assert messages(twilio.sms("x")) == ["1 x"]


def test_no_address_and_no_word_is_in_the_files(app: Flask, tmp_path: Path, database_url: str) -> None:
    """Nor is the conversation id after an erasure, in any file, on SQLite."""
    if not database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL's files are the operator's: VACUUM, WAL and backups")
    service = service_of(app)
    service.start()
    Twilio(app).sms("mai sirri", sender="+22790123456")
    Caller(Twilio(app), number="+22790123456").call()
    Telegram(app, chat=777_123_456).message(text="mai sirri")
    names = [service.vault.conversation_id(*who) for who in (
        ("sms", "+22790123456"), ("voice", "+22790123456"), ("telegram", "777123456"))]  # fmt: skip

    def found(needle: str) -> list[str]:
        return [p.name for p in tmp_path.rglob("*") if p.is_file() and needle.encode() in p.read_bytes()]

    assert all(found(name) for name in names)
    for needle in ("90123456", "777123456", "mai sirri", "sirri"):
        assert found(needle) == []
    Twilio(app).sms("ERASE", sender="+22790123456")
    Telegram(app, chat=777_123_456).message(text="ERASE")
    assert found(names[0]) == []
    assert found(names[2]) == []


# ---- kills


class Process:
    """``tests.webhook.serving_process`` on a free port."""

    def __init__(self, environment: dict[str, str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.environment = {**os.environ, **environment, "TWILIO_AUTH_TOKEN": "12345"}
        self.started: list[subprocess.Popen[str]] = []

    def start(self, **more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.webhook.serving_process", str(self.port)]
        process = subprocess.Popen(
            command, cwd=ROOT, env={**self.environment, **more}, stdout=subprocess.PIPE, text=True
        )
        self.started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    def sms(self, text: str, sid: str, path: str = "/twilio/sms") -> list[str]:
        parameters = {"MessageSid": sid, "From": "+22790000001", "Body": text}
        signature = RequestValidator("12345").compute_signature(f"http://127.0.0.1:9{path}", parameters)
        response = requests.post(
            f"http://127.0.0.1:{self.port}{path}", parameters, headers={"X-Twilio-Signature": signature}, timeout=20
        )
        return [element.text or "" for element in ElementTree.fromstring(response.content)]

    def close(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


@pytest.fixture
def process(environment: dict[str, str]) -> Iterator[Process]:
    made = Process(environment)
    yield made
    made.close()


def test_killed_between_accept_and_finish_answers_by_api_after_the_restart(
    process: Process, twilio_server: TwilioServer
) -> None:
    first = process.start()
    assert process.sms("a", "SM1") == ["1 a"]
    with pytest.raises(requests.ConnectionError):
        process.sms("KILL", "SM2")
    assert first.wait() == -9
    process.start(MERCY="1")
    twilio_server.wait_for(lambda: twilio_server.accepted("Messages"))
    assert [message["Body"] for message in twilio_server.accepted("Messages")] == ["2 KILL"]
    # The provider asks again: the words have gone by API, it gets an empty answer.
    assert process.sms("KILL", "SM2") == []
    assert process.sms("b", "SM3") == ["3 b"]


def test_killed_before_the_first_attempt_sends_once_after_the_restart(
    process: Process, build: BuildApp, telegram_server: TelegramServer
) -> None:
    app = build()
    telegram_server.behaviour = "error"
    Telegram(app).message(text="x")
    service_of(app).close()
    telegram_server.behaviour = "ok"
    process.start()
    telegram_server.wait_for(lambda: sent(telegram_server))
    assert sent(telegram_server) == ["1 x"]
