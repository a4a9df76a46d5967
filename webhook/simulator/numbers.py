"""Fictional telephone numbers and Telegram chats: the only senders that the simulator lets anybody be.

The simulator signs whatever it sends, so a real number must never be taken: the service could be connected to a real
provider and would write to its owner. National numbers that begin with ``10`` are assigned in none of the four
numbering plans (a test asks phonenumbers); real Telegram ids are far below the range used here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from webhook.simulator.refusal import RefusedError

FICTIONAL_PREFIX = "10"
CHAT_IDS = range(4_000_000_000_000_000, 2**52)
"""The Bot API promises at most 52 significant bits; people have about 33."""


@dataclass(frozen=True)
class Country:
    """A country whose telephones can be played. ``digits`` is the length of a national number."""

    iso: str
    calling_code: str
    digits: int
    french: str
    english: str


COUNTRIES = (
    Country("NE", "227", 8, "Niger", "Niger"),
    Country("NG", "234", 10, "Nigéria", "Nigeria"),
    Country("DZ", "213", 9, "Algérie", "Algeria"),
    Country("LY", "218", 9, "Libye", "Libya"),
)


def country_of(number: str) -> Country:
    """The country of a fictional number in E.164 form; :class:`RefusedError` for any other number."""
    for country in COUNTRIES:
        start = f"+{country.calling_code}{FICTIONAL_PREFIX}"
        rest = country.digits - len(FICTIONAL_PREFIX)
        if number.startswith(start) and re.fullmatch(f"[0-9]{{{rest}}}", number[len(start) :]):
            return country
    raise RefusedError(
        422,
        f"Numéro refusé : seuls les numéros fictifs (commençant par {FICTIONAL_PREFIX}) sont permis ici.",
        f"Number refused: only fictional numbers (beginning with {FICTIONAL_PREFIX}) can be used here.",
    )


def check_chat(chat: int) -> int:
    """The chat id itself when it is fictional; :class:`RefusedError` otherwise."""
    if chat not in CHAT_IDS:
        raise RefusedError(422, "Ce compte Telegram n'est pas fictif.", "This Telegram account is not a fictional one.")
    return chat
