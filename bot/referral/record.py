"""The referral record (CONTRACT.md), from the answers of the help path."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Literal

from bot.referral.path import CODE, TIME, HelpState

State = Literal["open", "notified", "acknowledged", "closed", "withdrawn", "unanswered"]
FINAL_STATES = ("closed", "withdrawn")
REFERENCE_DIGITS = 6


@dataclass(frozen=True)
class Consent:
    """What was agreed to. ``answer``: yes, or policy when an operator's policy alerted without consent.

    ``key`` and ``version`` name the content shown (``text``, in ``language``); ``basis`` is the policy's legal basis.
    """

    key: str
    answer: Literal["yes", "policy"]
    at: str
    text: str = ""
    version: str = ""
    language: str = ""
    basis: str = ""


@dataclass(frozen=True)
class Record:
    """One referral. ``code_word`` is plain here and stored as a keyed hash; ``seen`` are the reporter's own words."""

    reference: str
    created_at: str
    channel: str
    language: str
    about: str
    age_band: str
    region: str
    country: str
    need: str
    signs: tuple[str, ...]
    contact_permission: str
    safe_time: str
    consent: Consent
    urgency: str
    code_word: str = ""
    sex: str = ""
    seen: str = ""
    trafficking_status: str = "possible"
    extra: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Record:
        """Reads :meth:`to_dict`; names of another version are dropped."""
        known = {f.name: data[f.name] for f in fields(cls) if f.name in data}
        consent = {f.name: known["consent"][f.name] for f in fields(Consent) if f.name in known["consent"]}
        return cls(**{**known, "consent": Consent(**consent), "signs": tuple(known["signs"])})


def new_reference() -> str:
    """Six random digits, the first not 0 (a keypad caller need not wonder)."""
    return str(secrets.randbelow(9 * 10 ** (REFERENCE_DIGITS - 1)) + 10 ** (REFERENCE_DIGITS - 1))


def record_of(
    state: HelpState, reference: str, *, channel: str, language: str, consent: Consent, now: datetime
) -> Record:
    """The record of the answers so far."""
    country, region = state.place
    return Record(
        reference=reference,
        created_at=now.isoformat(timespec="seconds"),
        channel=channel,
        language=language,
        about=state.about or "self",
        age_band=state.age,
        region=region,
        country=country,
        need="health" if "self_harm" in state.signs else "protection",
        signs=state.signs,
        contact_permission=state.permission(channel),
        safe_time=state.value(TIME) or "any",
        consent=consent,
        urgency=state.urgency,
        code_word=state.value(CODE) or "",
        seen=state.seen,
    )
