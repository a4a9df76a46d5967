"""Telephone numbers: the country of one, and callers who hide theirs."""

from __future__ import annotations

from functools import lru_cache

import phonenumbers

HIDDEN = frozenset(
    ("", "anonymous", "unknown", "restricted", "private", "unavailable", "+266696687", "+7378742833", "+2562533",
     "+8656696", "+86282452253")
)  # fmt: skip
"""What stands in ``From`` when the caller hides the number (Twilio's documented values)."""


@lru_cache(maxsize=1024)
def country(number: str) -> str:
    """ISO 3166 code of an international number, or empty."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number, None)) or ""
    except phonenumbers.NumberParseException:
        return ""


def hidden(number: str) -> bool:
    """Whether the caller cannot be told from others."""
    return number.strip().lower() in HIDDEN
