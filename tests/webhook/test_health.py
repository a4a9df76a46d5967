from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from tests.webhook.conftest import BuildApp
from tests.webhook.doors import Twilio


def test_up_and_ready_in_demo_mode(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json == {"status": "ready", "mode": "demo"}


def test_metrics_count_without_naming(app: Flask) -> None:
    Twilio(app).sms("x")
    text = app.test_client().get("/metrics").text
    assert 'hankali_counts_total{what="intent",channel="sms"} 1' in text
    assert "hankali_inbox_unanswered 0" in text
    assert "2279" not in text


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, 403),
        ("203.0.113.9", {}, 403),
        ("203.0.113.9", {"Authorization": "Bearer wrong"}, 403),
        ("203.0.113.9", {"Authorization": "Bearer the-token"}, 200),
    ],
)
def test_metrics_are_for_loopback_or_a_token(
    build: BuildApp, address: str, headers: dict[str, str], status: int
) -> None:
    client = build({"HANKALI_METRICS_TOKEN": "the-token"}).test_client()
    assert client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address}).status_code == status


def test_recordings_are_served_and_nothing_else(build: BuildApp, tmp_path: Path) -> None:
    content = tmp_path / "content"
    (content / "ha" / "audio").mkdir(parents=True)
    (content / "languages.yml").write_text("fr: {name: F, locale: fr, say: fr-FR}\n", encoding="utf-8")
    (content / "ha" / "audio" / "main_menu.mp3").write_bytes(b"sound")
    (content / "ha" / "secret.yml").write_text("x", encoding="utf-8")
    client = build({"HANKALI_CONTENT": str(content)}).test_client()
    found = client.get("/audio/ha/main_menu.mp3")
    assert (found.data, found.mimetype) == (b"sound", "audio/mpeg")
    for path in ("ha/none.mp3", "ha/../secret.yml", "ha/..%2fsecret.yml", "../ha/secret.yml", "ha/secret.yml",
                 "%2e%2e/ha/main_menu.mp3", "ha/main_menu.mp3%00.yml"):  # fmt: skip
        assert client.get(f"/audio/{path}").status_code == 404, path


def test_errors_show_nothing(app: Flask) -> None:
    missing = app.test_client().get("/nothing")
    assert (missing.status_code, missing.text) == (404, "Not Found\n")
