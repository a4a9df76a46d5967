from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from webhook.errors import SettingsError
from webhook.settings import Settings

PRODUCTION = {
    "HANKALI_MODE": "production",
    "HANKALI_SECRET_KEY": "k" * 32,
    "HANKALI_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "HANKALI_PUBLIC_URL": "https://hankali.example",
    "TELEGRAM_BOT_TOKEN": "1:secret-token",
    "TELEGRAM_WEBHOOK_SECRET": "secret-header",
    "TWILIO_ACCOUNT_SID": "AC00",
    "TWILIO_AUTH_TOKEN": "secret-auth",
    "TWILIO_SMS_FROM": "+22710000000",
}


@pytest.fixture
def dotenv(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def test_demo_makes_secrets_once_and_keeps_them_to_itself(tmp_path: Path, dotenv: Path) -> None:
    environment = {"HANKALI_VAR": str(tmp_path / "var")}
    first, second = Settings.load(environment, dotenv), Settings.load(environment, dotenv)
    assert first == second
    assert stat.S_IMODE((tmp_path / "var" / "demo.env").stat().st_mode) == 0o600
    assert [p.name for p in (tmp_path / "var").iterdir()] == ["demo.env"]


def test_demo_uses_secrets_that_are_set_and_makes_the_others(tmp_path: Path, dotenv: Path) -> None:
    settings = Settings.load({"HANKALI_VAR": str(tmp_path), "TWILIO_AUTH_TOKEN": "12345"}, dotenv)
    assert settings.twilio_auth_token == "12345"
    assert settings.telegram_webhook_secret
    assert not settings.twilio_provider


def test_demo_without_a_provider_talks_to_the_simulator(tmp_path: Path, dotenv: Path) -> None:
    settings = Settings.load({"HANKALI_VAR": str(tmp_path)}, dotenv, listen="127.0.0.1:8099")
    assert settings.public_url == "http://127.0.0.1:8099"
    assert settings.telegram_api_base_url == "http://127.0.0.1:8099/simulator/telegram-api/bot"
    assert settings.twilio_api_base_url == "http://127.0.0.1:8099/simulator/twilio-api"


def test_production_starts_with_everything_set(dotenv: Path) -> None:
    settings = Settings.load(PRODUCTION, dotenv)
    assert settings.telegram_provider
    assert settings.telegram_api_base_url is None


@pytest.mark.parametrize(
    "missing",
    ["HANKALI_SECRET_KEY", "HANKALI_ENCRYPTION_KEYS", "HANKALI_PUBLIC_URL", "TELEGRAM_BOT_TOKEN",
     "TELEGRAM_WEBHOOK_SECRET", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_SMS_FROM"],
)  # fmt: skip
def test_production_names_the_setting_that_is_missing(missing: str, dotenv: Path) -> None:
    environment = {name: value for name, value in PRODUCTION.items() if name != missing}
    with pytest.raises(SettingsError, match=f"^{missing}"):
        Settings.load(environment, dotenv)


@pytest.mark.parametrize(
    ("name", "value"),
    [("HANKALI_SECRET_KEY", "short"), ("HANKALI_ENCRYPTION_KEYS", "not-a-key"), ("HANKALI_MODE", "staging"),
     ("HANKALI_PUBLIC_URL", "http://hankali.example"), ("HANKALI_PUBLIC_URL", "hankali.example"),
     ("HANKALI_RATE_LIMIT", "many"), ("HANKALI_REVIEWED_ONLY", "yes"), ("HANKALI_DATABASE_URL", "mysql://x")],
)  # fmt: skip
def test_a_wrong_setting_is_named_and_not_shown(name: str, value: str, dotenv: Path) -> None:
    with pytest.raises(SettingsError, match=f"^{name}") as caught:
        Settings.load({**PRODUCTION, name: value}, dotenv)
    if name in ("HANKALI_SECRET_KEY", "HANKALI_ENCRYPTION_KEYS"):
        assert value not in str(caught.value)


def test_no_secret_is_shown(dotenv: Path) -> None:
    shown = repr(Settings.load({**PRODUCTION, "HANKALI_DATABASE_URL": "postgresql://u:secret-pass@h/d"}, dotenv))
    assert "secret-" not in shown
    assert "k" * 32 not in shown
    assert PRODUCTION["HANKALI_ENCRYPTION_KEYS"] not in shown


def test_the_environment_stands_above_the_file(tmp_path: Path, dotenv: Path) -> None:
    dotenv.write_text("HANKALI_RATE_LIMIT=3\nHANKALI_NODE=file\n", encoding="utf-8")
    settings = Settings.load({"HANKALI_VAR": str(tmp_path), "HANKALI_NODE": "environment"}, dotenv)
    assert settings.rate_limit_per_minute == 3
    assert settings.node == "environment"
