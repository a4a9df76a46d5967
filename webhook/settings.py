"""All settings, read once from the environment and ``.env`` (names: CONTRACT.md, *Environment*)."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from dotenv import dotenv_values

from webhook.errors import SettingsError
from webhook.referrals.settings import ReferralSettings

ROOT = Path(__file__).resolve().parent.parent
MODES = ("demo", "production")
LOOPBACK_HOSTS = frozenset(("127.0.0.1", "localhost", "::1"))
MIN_SECRET_KEY_CHARACTERS = 32
DEFAULT_RATE_LIMIT_PER_MINUTE = 60
DEFAULT_PORT = 8080
DEMO_FILE = "demo.env"
DEMO_NUMBER = "+22710000000"
SIMULATOR_TELEGRAM_PATH = "/simulator/telegram-api/bot"
SIMULATOR_TWILIO_PATH = "/simulator/twilio-api"


@dataclass(frozen=True)
class Settings:
    """What the service was told. No secret is in its ``repr``."""

    mode: str
    var: Path
    models: Path
    content: Path
    public_url: str
    """Where providers reach us, without a trailing slash; the listening address when none was set."""
    public_url_set: bool
    reviewed_only: bool
    rate_limit_per_minute: int
    node: str
    """First part of this installation's durable executor names (HANKALI_NODE)."""
    contacts: Path | None
    telegram_provider: bool
    """An operator configured Telegram (demo mode makes up secrets otherwise)."""
    twilio_provider: bool
    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    encryption_keys: tuple[str, ...] = field(repr=False)
    metrics_token: str | None = field(repr=False)
    telegram_bot_token: str | None = field(repr=False)
    telegram_webhook_secret: str | None = field(repr=False)
    twilio_auth_token: str | None = field(repr=False)
    twilio_account_sid: str | None = field(repr=False)
    telegram_api_base_url: str | None = None
    """Ends just before the token; None is Telegram itself."""
    twilio_api_base_url: str | None = None
    twilio_sms_from: str | None = None
    twilio_voice_from: str | None = None
    referrals: ReferralSettings = field(default_factory=ReferralSettings)

    @property
    def demo(self) -> bool:
        """Demo mode: nothing real is promised to anybody."""
        return self.mode == "demo"

    @property
    def sqlite(self) -> bool:
        """The database is SQLite: one serving process."""
        return self.database_url.startswith("sqlite")

    @property
    def durable_url(self) -> str:
        """Where DBOS keeps its state: a SQLite file of its own, or the same PostgreSQL database."""
        return f"sqlite:///{self.var / 'durable.sqlite'}" if self.sqlite else self.database_url

    @classmethod
    def load(
        cls,
        environ: Mapping[str, str] | None = None,
        dotenv: Path | None = None,
        listen: str = f"127.0.0.1:{DEFAULT_PORT}",
    ) -> Settings:
        """Reads ``environ`` (over ``dotenv``, default ``./.env``). ``listen`` is the address served at.

        Raises SettingsError naming the first setting that is missing or wrong. In demo mode missing secrets are
        generated once into ``HANKALI_VAR/demo.env``.
        """
        file = dotenv if dotenv is not None else Path.cwd() / ".env"
        given = {k: v for k, v in dotenv_values(file).items() if v is not None} if file.is_file() else {}
        given.update(os.environ if environ is None else environ)
        given = {name: value.strip() for name, value in given.items() if value.strip()}
        mode = given.get("HANKALI_MODE", "demo")
        if mode not in MODES:
            raise SettingsError(f"HANKALI_MODE must be one of {', '.join(MODES)}")
        var = Path(given.get("HANKALI_VAR") or ROOT / "var").absolute()
        telegram = "TELEGRAM_BOT_TOKEN" in given
        twilio = "TWILIO_ACCOUNT_SID" in given and "TWILIO_AUTH_TOKEN" in given
        values = dict(given)
        if mode == "production":
            _require_production(values)
        else:
            values = {**_demo_secrets(var, values), **values}
        local_url = f"http://{listen}"
        public_url = _public_url(values.get("HANKALI_PUBLIC_URL") or local_url)
        telegram_api, twilio_api = values.get("TELEGRAM_API_BASE_URL"), values.get("TWILIO_API_BASE_URL")
        if mode == "demo":
            telegram_api = telegram_api or (None if telegram else local_url + SIMULATOR_TELEGRAM_PATH)
            twilio_api = twilio_api or (None if twilio else local_url + SIMULATOR_TWILIO_PATH)
        contacts = values.get("HANKALI_CONTACTS")
        number = DEMO_NUMBER if mode == "demo" and not twilio else None
        return cls(
            mode=mode,
            var=var,
            models=Path(values.get("HANKALI_MODELS") or ROOT / "var" / "models").absolute(),
            content=Path(values.get("HANKALI_CONTENT") or ROOT / "content").absolute(),
            public_url=public_url,
            public_url_set="HANKALI_PUBLIC_URL" in given,
            reviewed_only=_flag(values, "HANKALI_REVIEWED_ONLY"),
            rate_limit_per_minute=_whole_number(values, "HANKALI_RATE_LIMIT", DEFAULT_RATE_LIMIT_PER_MINUTE),
            node=values.get("HANKALI_NODE", "hankali"),
            contacts=Path(contacts).absolute() if contacts else None,
            telegram_provider=telegram,
            twilio_provider=twilio,
            database_url=_database_url(values.get("HANKALI_DATABASE_URL"), var),
            secret_key=_secret_key(values),
            encryption_keys=_encryption_keys(values),
            metrics_token=values.get("HANKALI_METRICS_TOKEN"),
            telegram_bot_token=values.get("TELEGRAM_BOT_TOKEN"),
            telegram_webhook_secret=values.get("TELEGRAM_WEBHOOK_SECRET"),
            twilio_auth_token=values.get("TWILIO_AUTH_TOKEN"),
            twilio_account_sid=values.get("TWILIO_ACCOUNT_SID"),
            telegram_api_base_url=telegram_api,
            twilio_api_base_url=twilio_api.rstrip("/") if twilio_api else None,
            twilio_sms_from=values.get("TWILIO_SMS_FROM") or number,
            twilio_voice_from=values.get("TWILIO_VOICE_FROM") or number,
            referrals=ReferralSettings.load(values),
        )


def _require_production(values: Mapping[str, str]) -> None:
    needed = ["HANKALI_SECRET_KEY", "HANKALI_ENCRYPTION_KEYS"]
    telegram = any(name.startswith("TELEGRAM_") for name in values)
    twilio = any(name.startswith("TWILIO_") for name in values)
    if telegram:
        needed.append("TELEGRAM_BOT_TOKEN")
        if "HANKALI_PUBLIC_URL" in values:
            needed.append("TELEGRAM_WEBHOOK_SECRET")
    if twilio:
        needed += ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "HANKALI_PUBLIC_URL"]
    for name in needed:
        if name not in values:
            raise SettingsError(f"{name} is not set: production mode needs it")
    if twilio and not {"TWILIO_SMS_FROM", "TWILIO_VOICE_FROM"} & set(values):
        raise SettingsError("TWILIO_SMS_FROM is not set: production mode needs it (or TWILIO_VOICE_FROM)")
    if not telegram and not twilio:
        raise SettingsError("TELEGRAM_BOT_TOKEN is not set, nor TWILIO_ACCOUNT_SID: no channel is configured")


def _demo_secrets(var: Path, values: Mapping[str, str]) -> dict[str, str]:
    """The secrets made up for the demo; made and written the first time that they are needed."""
    makers: dict[str, Callable[[], str]] = {
        "HANKALI_SECRET_KEY": lambda: secrets.token_urlsafe(36),
        "HANKALI_ENCRYPTION_KEYS": lambda: Fernet.generate_key().decode(),
        "TELEGRAM_BOT_TOKEN": lambda: f"{10**8 + secrets.randbelow(9 * 10**8)}:{secrets.token_urlsafe(26)}",
        "TELEGRAM_WEBHOOK_SECRET": lambda: secrets.token_urlsafe(24),
        "TWILIO_ACCOUNT_SID": lambda: f"AC{secrets.token_hex(16)}",
        "TWILIO_AUTH_TOKEN": lambda: secrets.token_hex(16),
    }
    file = var / DEMO_FILE
    kept = _read_demo(file)
    if all(name in values or name in kept for name in makers):
        return kept
    made = {name: kept.get(name) or make() for name, make in makers.items()}
    var.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = var / f".{DEMO_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write("# Made up once for the demo. Not for production.\n")
        handle.writelines(f"{name}={value}\n" for name, value in made.items())
        handle.flush()
        os.fsync(handle.fileno())
    try:
        if kept:
            draft.replace(file)
        else:
            # A second process starting at the same time must end with the same secrets.
            with contextlib.suppress(FileExistsError):
                file.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
    return _read_demo(file)


def _read_demo(file: Path) -> dict[str, str]:
    return {k: v for k, v in dotenv_values(file).items() if v} if file.is_file() else {}


def _public_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError("HANKALI_PUBLIC_URL must be an http(s) address")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS and "0.0.0.0" not in url:  # noqa: S104
        raise SettingsError("HANKALI_PUBLIC_URL must be https (http only on loopback)")
    if parts.query or parts.fragment:
        raise SettingsError("HANKALI_PUBLIC_URL must have no query")
    return url.rstrip("/")


def _database_url(url: str | None, var: Path) -> str:
    if not url:
        return f"sqlite:///{var / 'hankali.sqlite'}"
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url[len(prefix) :]
    if url.startswith(("postgresql+psycopg://", "sqlite:///")):
        return url
    raise SettingsError("HANKALI_DATABASE_URL must begin with sqlite:/// or postgresql://")


def _secret_key(values: Mapping[str, str]) -> str:
    key = values["HANKALI_SECRET_KEY"]
    if len(key) < MIN_SECRET_KEY_CHARACTERS:
        raise SettingsError(f"HANKALI_SECRET_KEY must have at least {MIN_SECRET_KEY_CHARACTERS} characters")
    return key


def _encryption_keys(values: Mapping[str, str]) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in values["HANKALI_ENCRYPTION_KEYS"].split(",") if key.strip())
    try:
        if not keys:
            raise ValueError
        for key in keys:
            Fernet(key)
    except ValueError:
        raise SettingsError("HANKALI_ENCRYPTION_KEYS must be Fernet keys, separated by commas") from None
    return keys


def _flag(values: Mapping[str, str], name: str) -> bool:
    value = values.get(name, "0")
    if value not in ("0", "1"):
        raise SettingsError(f"{name} must be 0 or 1")
    return value == "1"


def _whole_number(values: Mapping[str, str], name: str, default: int) -> int:
    value = values.get(name, str(default))
    if not value.isascii() or not value.isdigit():
        raise SettingsError(f"{name} must be a whole number")
    return int(value)
