"""What the simulator needs to know of the service's settings."""

from __future__ import annotations

from typing import Protocol

TELEGRAM_API_PATH = "/simulator/telegram-api/bot"
"""The token follows at once, as at api.telegram.org."""
TWILIO_API_PATH = "/simulator/twilio-api"
DEFAULT_SERVICE_NUMBER = "+22710000000"


class SimulatorSettings(Protocol):
    """A part of ``webhook.settings.Settings``."""

    @property
    def mode(self) -> str: ...
    @property
    def public_url(self) -> str: ...
    @property
    def telegram_bot_token(self) -> str | None: ...
    @property
    def telegram_webhook_secret(self) -> str | None: ...
    @property
    def telegram_api_base_url(self) -> str | None: ...
    @property
    def twilio_account_sid(self) -> str | None: ...
    @property
    def twilio_auth_token(self) -> str | None: ...
    @property
    def twilio_api_base_url(self) -> str | None: ...
    @property
    def twilio_sms_from(self) -> str | None: ...
    @property
    def twilio_voice_from(self) -> str | None: ...
