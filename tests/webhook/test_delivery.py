from __future__ import annotations

import pytest
from flask import Flask

from tests.webhook.channels.test_telegram import sent
from tests.webhook.conftest import BuildApp
from tests.webhook.doors import Telegram, Twilio, service_of
from tests.webhook.providers import TelegramServer, TwilioServer
from webhook import delivery as delivery_module
from webhook.database import sql
from webhook.outbox import Outbound


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_module, "BACK_OFF_S", (0.05,))
    monkeypatch.setattr(delivery_module, "REST_AFTER_TROUBLE_S", 0.0)


def fates(app: Flask) -> list[tuple[str, str, int]]:
    with service_of(app).database.reading() as transaction:
        rows = transaction.all(sql("SELECT status, trouble, attempts FROM outbox ORDER BY seq"))
    return [(str(status), str(trouble), int(attempts)) for status, trouble, attempts in rows]


def bodies(app: Flask) -> int:
    with service_of(app).database.reading() as transaction:
        row = transaction.one(sql("SELECT COUNT(*) FROM outbox WHERE body IS NOT NULL"))
    return int(row[0]) if row else 0


def test_words_go_once_a_message_has_left(app: Flask) -> None:
    Telegram(app).message(text="x")
    assert fates(app) == [("sent", "", 1)]
    assert bodies(app) == 0


@pytest.mark.parametrize("behaviour", ["error", "rate"])
def test_a_telegram_failure_is_retried_in_order_until_it_is_over(
    app: Flask, telegram_server: TelegramServer, behaviour: str
) -> None:
    service = service_of(app)
    service.start()
    person = Telegram(app)
    telegram_server.behaviour = behaviour
    for text in ("a", "b", "c"):
        assert person.message(text=text).status_code == 200
    telegram_server.wait_for(lambda: len(telegram_server.calls) >= 4)
    telegram_server.behaviour = "ok"
    telegram_server.wait_for(lambda: len(sent(telegram_server)) == 3)
    service.delivery.settled()
    assert sent(telegram_server) == ["1 a", "2 b", "3 c"]
    assert {status for status, _, _ in fates(app)} == {"sent"}


def test_a_person_who_blocked_us_is_left_alone(app: Flask, telegram_server: TelegramServer) -> None:
    telegram_server.behaviour = "blocked"
    person = Telegram(app)
    person.message(text="x")
    assert fates(app) == [("stopped", "stopped:403", 1)]
    telegram_server.behaviour = "ok"
    service = service_of(app)
    conversation = service.vault.conversation_id("telegram", str(person.chat))
    service.delivery.send("telegram", conversation, [Outbound(str(person.chat), "news")], unsolicited=True)
    assert sent(telegram_server) == []
    person.message(text="y")
    service.delivery.send("telegram", conversation, [Outbound(str(person.chat), "news")], unsolicited=True)
    assert sent(telegram_server) == ["2 y", "news"]


def test_a_refused_message_goes_to_the_dead_letters_without_its_words(
    app: Flask, telegram_server: TelegramServer
) -> None:
    telegram_server.behaviour = "refused"
    Telegram(app).message(text="x")
    assert fates(app) == [("failed", "refused:400", 1)]
    assert bodies(app) == 0


def send_sms(app: Flask, text: str = "words", unsolicited: bool = False) -> None:
    service = service_of(app)
    lane = service.vault.conversation_id("sms", "+22790000001")
    service.delivery.send("sms", lane, [Outbound("+22790000001", text)], unsolicited=unsolicited)


def test_an_sms_names_its_row_in_the_status_callback(app: Flask, twilio_server: TwilioServer) -> None:
    send_sms(app)
    [message] = twilio_server.accepted("Messages")
    assert (message["To"], message["From"], message["Body"]) == ("+22790000001", "+22710000000", "words")
    path = message["StatusCallback"].removeprefix(service_of(app).settings.public_url)
    for status, expected in (("sent", "sent"), ("delivered", "delivered"), ("sent", "delivered"), ("x", "delivered")):
        assert Twilio(app).post(path, {"MessageSid": message["sid"], "MessageStatus": status}).status_code == 204
        assert fates(app)[0][0] == expected


def test_a_stop_reported_later_holds_back_what_was_not_asked_for(app: Flask, twilio_server: TwilioServer) -> None:
    Twilio(app).sms("x")
    send_sms(app)
    path = twilio_server.accepted("Messages")[0]["StatusCallback"].removeprefix(service_of(app).settings.public_url)
    Twilio(app).post(path, {"MessageStatus": "failed", "ErrorCode": "21610"})
    assert fates(app)[0][:2] == ("stopped", "21610")
    send_sms(app, "news", unsolicited=True)
    assert fates(app)[1][0] == "stopped"
    assert len(twilio_server.accepted("Messages")) == 1


@pytest.mark.parametrize(
    ("behaviour", "fate"), [("blocked", ("stopped", "stopped:21610")), ("refused", ("failed", "refused:21211"))]
)
def test_what_twilio_will_never_take_is_not_tried_again(
    app: Flask, twilio_server: TwilioServer, behaviour: str, fate: tuple[str, str]
) -> None:
    twilio_server.behaviour = behaviour
    send_sms(app)
    assert fates(app)[0][:2] == fate
    assert bodies(app) == 0


@pytest.mark.parametrize("behaviour", ["error", "rate"])
def test_twilio_down_and_back(app: Flask, twilio_server: TwilioServer, behaviour: str) -> None:
    service_of(app).start()
    twilio_server.behaviour = behaviour
    send_sms(app)
    twilio_server.wait_for(lambda: len(twilio_server.calls) >= 2 or behaviour == "rate")
    twilio_server.behaviour = "ok"
    twilio_server.wait_for(lambda: twilio_server.accepted("Messages"))
    service_of(app).delivery.settled()
    assert len(twilio_server.accepted("Messages")) == 1
    assert fates(app)[0][0] == "sent"


def test_an_accepted_message_whose_answer_was_cut_is_not_sent_again(app: Flask, twilio_server: TwilioServer) -> None:
    service_of(app).start()
    send_sms(app, "same words")
    twilio_server.behaviour = "truncated"
    send_sms(app, "same words")
    twilio_server.wait_for(lambda: any(call.name == "list" for call in twilio_server.calls))
    service_of(app).delivery.settled()
    assert len(twilio_server.accepted("Messages")) == 2
    assert [status for status, _, _ in fates(app)] == ["sent", "sent"]


def test_nobody_listens_then_somebody_does(build: BuildApp, twilio_server: TwilioServer) -> None:
    app = build({"TWILIO_API_BASE_URL": "http://127.0.0.1:9"})
    send_sms(app)
    assert fates(app)[0][:2] == ("queued", "unreachable:connect")
    service_of(app).close()
    again = build()
    service_of(again).start()
    twilio_server.wait_for(lambda: twilio_server.accepted("Messages"))
    service_of(again).delivery.settled()
    assert fates(again)[0][0] == "sent"


def test_an_answer_too_old_to_be_understood_is_not_sent(
    app: Flask, telegram_server: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_module, "ANSWER_LIVES_S", -1)
    telegram_server.behaviour = "error"
    Telegram(app).message(text="x")
    assert fates(app)[0][0] == "failed"


def test_an_erased_person_is_answered_and_forgotten(app: Flask, telegram_server: TelegramServer) -> None:
    person = Telegram(app)
    person.message(text="x")
    person.message(text="ERASE")
    assert sent(telegram_server) == ["1 x", "2 ERASE"]
    assert fates(app) == []


def test_a_retry_under_way_survives_a_restart(build: BuildApp, telegram_server: TelegramServer) -> None:
    first = build()
    service_of(first).start()
    telegram_server.behaviour = "error"
    Telegram(first).message(text="x")
    telegram_server.wait_for(lambda: len(telegram_server.calls) >= 3)
    service_of(first).close()
    telegram_server.behaviour = "ok"
    second = build()
    service_of(second).start()
    telegram_server.wait_for(lambda: sent(telegram_server))
    service_of(second).delivery.settled()
    assert sent(telegram_server) == ["1 x"]
    assert fates(second)[0][0] == "sent"
