from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from tests.webhook.conftest import BuildApp
from tests.webhook.doors import Twilio, messages, service_of
from tests.webhook.fixed_dialogue import FixedDialogue
from webhook.database import sql


def rows(app: Flask, table: str) -> int:
    with service_of(app).database.reading() as transaction:
        found = transaction.one(sql(f"SELECT COUNT(*) FROM {table}"))
    assert found is not None
    return int(found[0])


def test_answered_in_the_same_response(app: Flask) -> None:
    twilio = Twilio(app)
    first, second = twilio.sms("sannu <&>"), twilio.sms("fofo")
    assert first.mimetype == "text/xml"
    assert messages(first) == ["1 sannu <&>"]
    assert messages(second) == ["2 fofo"]
    assert messages(twilio.sms("x", sender="+22790000002")) == ["1 x"]


def test_the_country_of_the_number_is_known(app: Flask, fixed: FixedDialogue) -> None:
    twilio = Twilio(app)
    for number in ("+22790000001", "+218912345678", "50005", "Orange"):
        twilio.sms("x", sender=number)
    assert [incoming.country for incoming in fixed.seen] == ["NE", "LY", "", ""]


@pytest.mark.parametrize("signature", [None, "", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "Ã©"])
def test_forged_requests_leave_nothing(app: Flask, fixed: FixedDialogue, signature: str | None) -> None:
    parameters = {"MessageSid": "SM1", "From": "+22790000001", "Body": "x"}
    headers = {} if signature is None else {"X-Twilio-Signature": signature}
    client = app.test_client()
    for path in ("/twilio/sms", "/twilio/sms/status", "/twilio/voice", "/twilio/voice/step/1", "/twilio/voice/status"):
        assert client.post(path, data=parameters, headers=headers).status_code == 403
    assert rows(app, "inbox") == 0
    assert not fixed.seen


def test_the_signature_covers_the_query(app: Flask) -> None:
    assert Twilio(app).sms("x").status_code == 200
    right = Twilio(app).post("/twilio/sms/status?id=1&b=%20", {"MessageStatus": "sent"})
    assert right.status_code == 204


def test_a_repeat_gets_the_first_answer(app: Flask, fixed: FixedDialogue) -> None:
    twilio = Twilio(app)
    assert messages(twilio.sms("a", sid="SM1")) == ["1 a"]
    assert messages(twilio.sms("b", sid="SM2")) == ["2 b"]
    assert messages(twilio.sms("a", sid="SM1")) == ["1 a"]
    assert len(fixed.seen) == 2


def test_repeats_at_the_same_moment_wait_for_the_first(app: Flask, fixed: FixedDialogue) -> None:
    with ThreadPoolExecutor(8) as people:
        answers = list(people.map(lambda _: messages(Twilio(app).sms("a", sid="SM1")), range(8)))
    assert answers == [["1 a"]] * 8
    assert len(fixed.seen) == 1


def test_messages_of_one_sender_at_the_same_moment_each_get_their_answer(app: Flask) -> None:
    with ThreadPoolExecutor(8) as people:
        answers = list(people.map(lambda n: messages(Twilio(app).sms(f"m{n}"))[0], range(8)))
    assert sorted(answer.split()[0] for answer in answers) == list("12345678")
    assert sorted(answer.split()[1] for answer in answers) == [f"m{n}" for n in range(8)]


def test_odd_messages_are_answered(app: Flask, fixed: FixedDialogue) -> None:
    photo = {"NumMedia": "1", "MediaContentType0": "image/jpeg"}
    control = "\x00\x07\ud800".encode("utf-8", "replace").decode()
    odd: list[tuple[str, dict[str, str]]] = [("", {}), (" ", {}), ("x" * 10_000, {}), (control, {}), ("", photo),
                                             ("🙂" * 3000, {})]  # fmt: skip
    for number, (text, more) in enumerate(odd):
        response = Twilio(app).sms(text, sender=f"+2279000001{number}", **more)
        assert response.status_code == 200
        assert len(messages(response)) == 1
        assert len(fixed.seen[-1].text) <= 4096
        assert fixed.seen[-1].media == ("photo" if more else "")


def test_requests_without_a_person_get_nothing(app: Flask) -> None:
    for parameters in ({}, {"MessageSid": "SM1"}, {"From": "+22790000001", "Body": "x"}):
        response = Twilio(app).post("/twilio/sms", parameters)
        assert response.status_code == 200
        assert messages(response) == []


def test_invalid_utf8_and_large_bodies_are_harmless(app: Flask) -> None:
    client = app.test_client()
    form = "application/x-www-form-urlencoded"
    assert client.post("/twilio/sms", data=b"Body=%ff%fe\xff&From=%00", content_type=form).status_code == 403
    assert client.post("/twilio/sms", data=b"Body=" + b"x" * 2**20, content_type=form).status_code == 413
    assert client.get("/twilio/sms").status_code == 405


def test_a_failing_dialogue_still_answers(app: Flask, fixed: FixedDialogue) -> None:
    def fail(_incoming: object) -> None:
        raise RuntimeError("secret words")

    fixed.before = fail
    assert messages(Twilio(app).sms("x")) == ["<technical_error>"]
    fixed.before = lambda incoming: None
    assert messages(Twilio(app).sms("x")) == ["1 x"]


def test_too_many_messages_are_told_so_once_and_help_still_passes(build: BuildApp, fixed: FixedDialogue) -> None:
    twilio = Twilio(build({"HANKALI_RATE_LIMIT": "2"}))
    answers = [messages(twilio.sms("x", sid=f"SM{n}")) for n in range(5)]
    assert answers == [["1 x"], ["2 x"], ["<slow_down> fr"], [], []]
    assert messages(twilio.sms("SOS")) == ["3 SOS"]
    assert messages(twilio.sms("x", sid="SM0")) == ["1 x"]
    assert messages(twilio.sms("x", sender="+22790000002")) == ["1 x"]
