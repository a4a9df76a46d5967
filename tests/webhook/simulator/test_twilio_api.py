"""Twilio's stand-in, driven by twilio-python."""

from __future__ import annotations

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from webhook.simulator import TWILIO_API_PATH

from .service import ACCOUNT_SID, AUTH_TOKEN, Service
from .test_carrier import NUMBER, news, post, wait_for_news


def client(service: Service, token: str = AUTH_TOKEN) -> Client:
    made = Client(ACCOUNT_SID, token)
    made.api.base_url = service.url + TWILIO_API_PATH
    return made


def test_a_message_is_shown_and_can_be_fetched(service: Service) -> None:
    sent = client(service).messages.create(to=NUMBER, from_="+22710000000", body="Barka " * 40)
    assert (sent.status, sent.num_segments, sent.error_code, sent.to) == ("queued", "2", None, NUMBER)
    assert sent.date_created is not None
    wait_for_news(service, lambda n: n["sms"] and n["sms"][0]["status"] == "delivered", sms=NUMBER)
    assert client(service).messages(str(sent.sid)).fetch().status == "delivered"
    assert news(service, sms=NUMBER)["sms"][0]["encoding"] == "GSM-7"


def test_what_goes_to_a_phone_that_nobody_holds_is_shown_apart(service: Service) -> None:
    client(service).messages.create(to="+22710777777", from_="HANKALI", body="ref 123 456")
    seen = news(service, sms=NUMBER)
    assert seen["sms"] == []
    assert [(m["door"], m["address"], m["text"]) for m in seen["elsewhere"]] == [("sms", "+22710777777", "ref 123 456")]
    post(service, "sms/text", number="+22710777777", text="OK")
    assert news(service, sms=NUMBER)["elsewhere"] == []


@pytest.mark.parametrize(
    ("to", "sender", "body", "code"),
    [
        ("", "+22710000000", "x", 21604),
        ("22710123456", "+22710000000", "x", 21211),
        ("+0123456789", "+22710000000", "x", 21211),
        (NUMBER, "", "x", 21603),
        (NUMBER, "A name too long", "x", 21212),
        (NUMBER, NUMBER, "x", 21266),
        (NUMBER, "+22710000000", "", 21602),
        (NUMBER, "+22710000000", "x" * 1601, 21617),
    ],
)
def test_twilio_s_checks(service: Service, to: str, sender: str, body: str, code: int) -> None:
    with pytest.raises(TwilioRestException) as refused:
        client(service).messages.create(to=to, from_=sender, body=body)
    assert (refused.value.status, refused.value.code) == (400, code)


def test_credentials_are_checked(service: Service) -> None:
    with pytest.raises(TwilioRestException) as refused:
        client(service, "wrong").messages.create(to=NUMBER, from_="+22710000000", body="x")
    assert (refused.value.status, refused.value.code) == (401, 20003)
    base = f"{service.url}{TWILIO_API_PATH}/2010-04-01/Accounts"
    assert requests.post(f"{base}/{ACCOUNT_SID}/Messages.json", timeout=5).status_code == 401
    other = requests.post(f"{base}/AC1/Messages.json", auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=5)
    assert (other.status_code, other.json()["code"]) == (404, 20404)
    assert requests.get(
        f"{base}/{ACCOUNT_SID}/Recordings/RE1.wav", auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=5
    ).content.startswith(b"RIFF")


def test_the_service_calls_a_phone_back(service: Service) -> None:
    placed = client(service).calls.create(
        to=NUMBER,
        from_="+22710000001",
        url=f"{service.url}/twilio/voice",
        status_callback=f"{service.url}/twilio/voice/status",
    )
    assert (placed.status, placed.direction) == ("queued", "outbound-api")
    assert news(service, voice=NUMBER)["ringing"] == [{"call": placed.sid, "from": "+22710000001"}]
    answered = post(service, "voice/answer", call=placed.sid).json()
    assert "<Gather" in answered["twiml"]
    first = service.last("/twilio/voice")
    assert (first["Direction"], first["CallStatus"]) == ("outbound-api", "in-progress")
    assert (first["From"], first["To"], first["ToCountry"]) == ("+22710000001", NUMBER, "NE")
    assert news(service, voice=NUMBER)["ringing"] == []
    post(service, "voice/end", call=placed.sid)
    assert service.last("/twilio/voice/status")["CallStatus"] == "completed"


def test_a_call_that_nobody_answers_is_reported(service: Service) -> None:
    placed = client(service).calls.create(
        to=NUMBER, from_="+22710000001", url="/twilio/voice", status_callback="/twilio/voice/status"
    )
    post(service, "voice/end", call=placed.sid)
    assert service.last("/twilio/voice/status")["CallStatus"] == "no-answer"
    with pytest.raises(TwilioRestException) as refused:
        client(service).calls.create(to=NUMBER, from_="+22710000001", url="https://example.org/twiml")
    assert refused.value.code == 21205
