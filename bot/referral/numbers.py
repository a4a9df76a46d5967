"""Numbers that may be told, as placeholder values: the number alone, neutral, an example marked as such."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.referral.directory import ANY, Contact

SHOWN = 3


def number_lines(contacts: Sequence[Contact], with_country: bool = False) -> list[dict[str, Any]]:
    """One value (bot/wording.py) per contact, three at most; with several countries each line names its own."""
    lines = []
    for contact in contacts[: 2 * SHOWN if with_country else SHOWN]:
        mark: Any = {"key": "fictional_mark"} if contact.example else ""
        line = {"key": "contact_number", "phone": {"phone": contact.public_phone}, "mark": mark}
        country = next(iter(sorted(contact.countries - {ANY})), "")
        if with_country and country:
            line = {**line, "key": "contact_number_country", "country": {"territory": country}}
        lines.append(line)
    return lines
