"""What the page asks for arrives at the webhooks as a provider would send it."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import pytest
import requests

from webhook.simulator.carrier import MAX_REQUESTS_AT_ONCE, MAX_WAITING, QUEUE_TIMEOUT_S, Carrier, listening_address
from webhook.simulator.refusal import RefusedError

from .service import ACCOUNT_SID, Service, Settings

CHAT = 4_111_111_111_111_111
NUMBER = "+22710123456"


def post(service: Service, path: str, **body: Any) -> requests.Response:
    return requests.post(f"{service.url}/simulator/{path}", json=body, timeout=20)


def news(service: Service, **who: Any) -> dict[str, Any]:
    return requests.get(f"{service.url}/simulator/news", params=who, timeout=5).json()


def wait_for_news(service: Service, found: Any, **who: Any) -> Any:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        result = found(news(service, **who))
        if result:
            return result
    raise AssertionError(news(service, **who))


def fits(value: Any, kind: str, types: dict[str, Any]) -> bool:
    """Is ``value`` what the machine-readable Bot API calls ``kind``? Unknown fields are not allowed."""
    if kind.startswith("Array of "):
        return isinstance(value, list) and all(fits(item, kind[9:], types) for item in value)
    plain = {"Integer": int, "Float": (int, float), "String": str, "Boolean": bool, "True": bool}
    if kind in plain:
        return isinstance(value, plain[kind]) and (kind in {"Boolean", "True"} or not isinstance(value, bool))
    rules = types[kind]
    if rules.get("subtypes"):
        return any(fits(value, subtype, types) for subtype in rules["subtypes"])
    fields = {field["name"]: field for field in rules.get("fields", [])}
    return (
        isinstance(value, dict)
        and all(name in fields and any(fits(value[name], t, types) for t in fields[name]["types"]) for name in value)
        and all(name in value for name, field in fields.items() if field["required"])
    )


def test_telegram_text_arrives_and_the_answer_is_shown(service: Service) -> None:
    assert post(service, "telegram/text", chat=CHAT, text="/start ina kwana").json() == {"status": 200, "problem": ""}
    update = service.last("/telegram")
    assert update["message"]["text"] == "/start ina kwana"
    assert update["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    shown = news(service, telegram=CHAT)["telegram"]
    assert [(m["by"], m["text"]) for m in shown] == [
        ("person", "/start ina kwana"),
        ("service", "echo: /start ina kwana"),
    ]
    assert shown[1]["buttons"][0][1] == {"text": "Non", "data": "/deny", "url": ""}


def test_a_button_press_carries_the_data_of_that_button(service: Service) -> None:
    post(service, "telegram/text", chat=CHAT, text="hi")
    message = news(service, telegram=CHAT)["telegram"][-1]["id"]
    assert post(service, "telegram/button", chat=CHAT, message=message, row=0, column=1).ok
    query = service.last("/telegram")["callback_query"]
    assert (query["data"], query["message"]["message_id"]) == ("/deny", message)
    assert news(service, telegram=CHAT)["telegram"][-1]["text"] == "pressed /deny"
    assert post(service, "telegram/button", chat=CHAT, message=message, row=0, column=2).status_code == 409
    assert post(service, "telegram/button", chat=CHAT + 1, message=message, row=0, column=1).status_code == 409


def test_updates_match_the_published_bot_api(service: Service, specs: Path) -> None:
    post(service, "telegram/text", chat=CHAT, text="/start")
    for kind in ("voice", "photo", "location"):
        assert post(service, "telegram/media", chat=CHAT, kind=kind).ok
    message = news(service, telegram=CHAT)["telegram"][-1]["id"]
    post(service, "telegram/button", chat=CHAT, message=message, row=0, column=0)
    types = json.loads((specs / "telegram_bot_api.json").read_text())["types"]
    updates = [update for path, update in service.received if path == "/telegram"]
    assert len(updates) == 5
    assert [update["update_id"] for update in updates] == sorted({update["update_id"] for update in updates})
    for update in updates:
        assert fits(update, "Update", types), update


def test_sms_arrives_signed_and_its_answers_are_shown_with_their_parts(service: Service) -> None:
    assert post(service, "sms/text", number=NUMBER, text="barka <da> & zuwa ƙ").json()["status"] == 200
    sent = service.last("/twilio/sms")
    assert sent["Body"] == "barka <da> & zuwa ƙ"
    assert (sent["From"], sent["To"], sent["FromCountry"]) == (NUMBER, "+22710000000", "NE")
    assert re.fullmatch("SM[0-9a-f]{32}", sent["MessageSid"])
    assert (sent["NumSegments"], sent["AccountSid"], sent["SmsStatus"]) == ("1", ACCOUNT_SID, "received")
    shown = news(service, sms=NUMBER)["sms"]
    assert [(m["by"], m["text"], m["encoding"], m["parts"]) for m in shown] == [
        ("person", "barka <da> & zuwa ƙ", "UCS-2", 1),
        ("service", "echo: barka <da> & zuwa ƙ", "UCS-2", 1),
        ("service", "ƙarshe ☎", "UCS-2", 1),
    ]


def test_sms_through_the_rest_api_is_reported_as_delivered(service: Service) -> None:
    post(service, "sms/text", number=NUMBER, text="later")
    shown = wait_for_news(service, lambda n: [m for m in n["sms"] if m["status"] == "delivered"], sms=NUMBER)
    assert shown[0]["text"] == "later it is"
    until = time.monotonic() + 10
    while [p for p, _ in service.received].count("/twilio/sms/status") < 2 and time.monotonic() < until:
        pass
    reports = [parameters for path, parameters in service.received if path == "/twilio/sms/status"]
    assert [report["MessageStatus"] for report in reports] == ["sent", "delivered"]
    assert {report["MessageSid"] for report in reports} == {shown[0]["sid"]}


def test_a_call_from_beginning_to_end(service: Service) -> None:
    begun = post(service, "voice/call", number="+218101234567").json()
    assert "<Gather" in begun["twiml"]
    assert begun["url"] == f"{service.url}/twilio/voice"
    first = service.last("/twilio/voice")
    assert (first["CallStatus"], first["Direction"], first["CallerCountry"]) == ("ringing", "inbound", "LY")
    assert (first["From"], first["To"]) == ("+218101234567", "+22710000001")
    step = {"call": begun["call"], "action": "/twilio/voice/step/1", "method": "POST"}
    answered = post(service, "voice/step", **step, kind="digits", digits="*").json()
    assert "Vous avez tapé *" in answered["twiml"]
    assert service.last("/twilio/voice/step/1")["CallStatus"] == "in-progress"
    step["action"] = "/twilio/voice/recorded"
    assert post(service, "voice/step", **step, kind="recording", digits="#", seconds=7).ok
    recorded = service.last("/twilio/voice/recorded")
    assert (recorded["RecordingDuration"], recorded["Digits"]) == ("7", "#")
    assert requests.get(recorded["RecordingUrl"] + ".wav", timeout=5).status_code == 401
    assert post(service, "voice/step", **step, kind="recording", digits="", recorded="/twilio/voice/recording").ok
    reported = service.last("/twilio/voice/recording")
    assert reported["RecordingStatus"] == "completed"
    assert reported["RecordingSid"] == service.last("/twilio/voice/recorded")["RecordingSid"]
    assert "From" not in reported
    elsewhere = post(service, "voice/step", **step, kind="recording", digits="", recorded="https://example.org/x")
    assert elsewhere.status_code == 422
    step["action"] = "dialled"  # relative to the document before
    assert "busy" in post(service, "voice/step", **step, kind="dial", status="busy").json()["twiml"]
    assert post(service, "voice/end", call=begun["call"]).ok
    last = service.last("/twilio/voice/status")
    assert (last["CallStatus"], last["CallSid"]) == ("completed", begun["call"])
    assert post(service, "voice/step", **step, kind="redirect").status_code == 410


def test_a_failing_webhook_is_told_and_breaks_nothing(service: Service) -> None:
    service.fail = {"/telegram", "/twilio/sms", "/twilio/voice"}
    assert post(service, "telegram/text", chat=CHAT, text="x").json()["problem"] == "11200 HTTP 500"
    assert post(service, "sms/text", number=NUMBER, text="x").json()["problem"] == "11200 HTTP 500"
    begun = post(service, "voice/call", number=NUMBER).json()
    assert (begun["problem"], begun["twiml"]) == ("11200 HTTP 500", "")


def test_wrong_secrets_are_refused_by_the_webhooks(service: Service) -> None:
    wrong = Settings(service.url, telegram_webhook_secret="wrong", twilio_auth_token="b" * 32)
    carrier = Carrier(wrong)
    assert carrier.telegram({"update_id": 1}, service.url).status == 403
    assert carrier.twilio(f"{service.url}/twilio/sms", {"Body": "x"}, service.url).status == 403
    assert service.received == []


def test_the_signature_is_for_the_public_address_and_the_request_goes_to_the_socket(service: Service) -> None:
    service.settings.public_url = "https://hankali.example.org"
    carrier = Carrier(service.settings)
    url = carrier.webhook_url("/twilio/sms")
    assert url == "https://hankali.example.org/twilio/sms"
    assert carrier.twilio(url, {"Body": "x", "From": NUMBER}, service.url).ok
    assert carrier.twilio(carrier.webhook_url("/twilio/sms?a=1"), {"Body": "x", "From": NUMBER}, service.url).ok


@pytest.mark.parametrize(
    "target",
    [
        "https://example.org/twilio/voice",
        "http://127.0.0.1:1/twilio/voice",
        "/healthz",
        "/twilio/../console",
        "/twilio/%2e%2e/console",
        "file:///etc/passwd",
        "//example.org/twilio/",
    ],
)
def test_only_the_service_s_own_webhooks_are_called(service: Service, target: str) -> None:
    with pytest.raises(RefusedError):
        Carrier(service.settings).webhook_url(target, f"{service.url}/twilio/voice")
    begun = post(service, "voice/call", number=NUMBER).json()
    body = {"call": begun["call"], "action": target, "method": "GET", "kind": "redirect"}
    assert post(service, "voice/step", **body).status_code == 422


def test_nobody_listening_is_told() -> None:
    carrier = Carrier(Settings("http://127.0.0.1:9"))
    assert carrier.telegram({}, "http://127.0.0.1:9").body == "unreachable"


@pytest.mark.parametrize(
    ("name", "port", "address"),
    [
        ("0.0.0.0", "8080", "http://127.0.0.1:8080"),
        ("127.0.0.1", "80", "http://127.0.0.1:80"),
        ("::1", "8080", "http://[::1]:8080"),
        ("", "", ""),
    ],
)
def test_where_the_socket_is(name: str, port: str, address: str) -> None:
    assert listening_address({"SERVER_NAME": name, "SERVER_PORT": port}) == address


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("telegram/text", {"chat": 123456789, "text": "x"}),
        ("telegram/text", {"chat": str(CHAT), "text": "x"}),
        ("telegram/text", {"chat": CHAT, "text": " "}),
        ("telegram/text", {"chat": CHAT, "text": "x" * 4097}),
        ("telegram/text", {"chat": CHAT, "text": ["x"]}),
        ("telegram/media", {"chat": CHAT, "kind": "video_note"}),
        ("sms/text", {"number": "+22790123456", "text": "a real number"}),
        ("sms/text", {"number": "+2271012345", "text": "too short"}),
        ("sms/text", {"number": "+33610123456", "text": "another country"}),
        ("sms/text", {"number": NUMBER, "text": "x" * 1601}),
        ("sms/text", {}),
        ("voice/call", {"number": ""}),
    ],
)
def test_what_is_not_fictional_or_not_valid_goes_nowhere(service: Service, path: str, body: dict[str, Any]) -> None:
    refused = post(service, path, **body)
    assert refused.status_code == 422
    assert set(refused.json()) == {"french", "english"}
    assert service.received == []


def test_a_lone_surrogate_is_harmless(service: Service) -> None:
    body = f'{{"number": "{NUMBER}", "text": "a\\ud800b"}}'
    headers = {"Content-Type": "application/json"}
    assert requests.post(f"{service.url}/simulator/sms/text", data=body, headers=headers, timeout=5).ok
    assert service.last("/twilio/sms")["Body"] == "a\ufffdb"


def test_a_crowd_is_refused_at_once_and_does_not_block_the_service(service: Service) -> None:
    crowd = MAX_REQUESTS_AT_ONCE + MAX_WAITING
    with ThreadPoolExecutor(crowd + 4) as people:
        service.hold.clear()
        asked = [people.submit(post, service, "sms/text", number=NUMBER, text="x") for _ in range(crowd + 4)]
        try:
            finished = as_completed(asked, timeout=QUEUE_TIMEOUT_S)
            assert [next(finished).result().status_code for _ in range(4)] == [503] * 4
        finally:
            service.hold.set()
        assert sorted(answer.result().status_code for answer in asked) == [200] * crowd + [503] * 4
