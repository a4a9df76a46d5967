"""The simulator answers its own page, in demo mode, and nobody else's page."""

from __future__ import annotations

import pytest
import requests

from .service import Service, start
from .test_carrier import CHAT, NUMBER

TEXT = {"number": NUMBER, "text": "x"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/simulator"),
        ("GET", "/simulator/"),
        ("GET", "/simulator/static/main.js"),
        ("GET", "/simulator/news"),
        ("POST", "/simulator/sms/text"),
        ("POST", "/simulator/telegram-api/bot1:x/getMe"),
        ("POST", "/simulator/twilio-api/2010-04-01/Accounts/AC1/Messages.json"),
    ],
)
def test_in_production_nothing_exists(method: str, path: str) -> None:
    running, _ = start("production")
    with running:
        assert requests.request(method, running.url + path, json=TEXT, timeout=5).status_code == 404


def test_the_page_is_served_with_a_strict_policy(service: Service) -> None:
    for path in ("/simulator", "/simulator/"):
        page = requests.get(service.url + path, timeout=5)
        assert page.status_code == 200
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "unsafe" not in policy
        assert "<style" not in page.text
        assert " style=" not in page.text
        assert "onclick" not in page.text
        assert "http://" not in page.text.replace(service.url, "")
        assert "https://" not in page.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://example.org"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "example.org"},
        {"Host": "example.org:8080", "Origin": "http://example.org:8080"},
    ],
)
def test_other_pages_are_refused(service: Service, headers: dict[str, str]) -> None:
    url = f"{service.url}/simulator/sms/text"
    assert requests.post(url, json=TEXT, headers=headers, timeout=5).status_code == 403
    if "Origin" not in headers or "Host" in headers:
        assert requests.get(f"{service.url}/simulator/news", headers=headers, timeout=5).status_code == 403
    assert service.received == []


def test_a_plain_form_is_refused(service: Service) -> None:
    for body in (TEXT, '{"number": "x"}'):
        answer = requests.post(f"{service.url}/simulator/sms/text", data=body, timeout=5)
        assert answer.status_code == 415
    assert service.received == []


def test_the_own_page_is_accepted(service: Service) -> None:
    headers = {"Origin": service.url, "Sec-Fetch-Site": "same-origin"}
    body = {"chat": CHAT, "text": "x"}
    assert requests.post(f"{service.url}/simulator/telegram/text", json=body, headers=headers, timeout=5).ok
