"""Settings of the referral desk (docs/operator.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from webhook.errors import SettingsError
from webhook.referrals.patience import Patience

POLICIES = frozenset(("danger", "child"))
DEFAULT_KEPT_DAYS = 180


@dataclass(frozen=True)
class ReferralSettings:
    """``without_consent`` is the operator's policy (off by default), ``smtp`` where e-mail alerts leave."""

    patience: Patience = field(default_factory=Patience)
    without_consent: frozenset[str] = frozenset()
    legal_basis: str = ""
    kept_days: int = DEFAULT_KEPT_DAYS
    """Days that a closed referral is kept."""
    smtp: str = field(default="", repr=False)
    """``smtp://user:password@host:587`` (STARTTLS) or ``smtps://…:465``; plain ``smtp`` only on loopback."""
    email_from: str = ""

    @classmethod
    def load(cls, values: Mapping[str, str]) -> ReferralSettings:
        """Raises SettingsError naming the setting that is wrong."""
        named = {p.strip() for p in values.get("HANKALI_ALERT_WITHOUT_CONSENT", "").split(",") if p.strip()}
        if named - POLICIES:
            raise SettingsError("HANKALI_ALERT_WITHOUT_CONSENT may name danger and child, separated by a comma")
        basis = values.get("HANKALI_LEGAL_BASIS", "")
        if named and not basis:
            raise SettingsError("HANKALI_LEGAL_BASIS is not set: alerting without consent needs one, it is recorded")
        days = values.get("HANKALI_KEEP_REFERRALS_DAYS", str(DEFAULT_KEPT_DAYS))
        if not days.isascii() or not days.isdigit() or int(days) < 1:
            raise SettingsError("HANKALI_KEEP_REFERRALS_DAYS must be a number of days")
        smtp, sender = values.get("HANKALI_SMTP", ""), values.get("HANKALI_EMAIL_FROM", "")
        if smtp and (urlsplit(smtp).scheme not in ("smtp", "smtps") or not urlsplit(smtp).hostname):
            raise SettingsError("HANKALI_SMTP must be smtp://user:password@host:587 or smtps://…")
        if smtp and not sender:
            raise SettingsError("HANKALI_EMAIL_FROM is not set: HANKALI_SMTP needs it")
        return cls(Patience.load(values), frozenset(named), basis, int(days), smtp, sender)
