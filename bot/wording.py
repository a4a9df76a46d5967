"""Values of placeholders that are more than a string: each door and language says them its own way.

``{"key": k, …}`` another content entry, its placeholders filled by the other items · ``{"phone": "+227…"}`` ·
``{"territory": "NE"}`` a country's name · ``{"language": "ha"}`` · ``{"reference": "482913"}`` spoken 3 + 3 ·
``{"moment": "2026-11-30T08:00"}`` weekday and hour · ``{"number": 25000}``, with ``"currency": "XOF"`` an amount ·
``{"list": ["a", "b"]}``. Names and forms are those of the locale (CLDR, by Babel).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from babel import Locale
from babel.dates import format_datetime
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal
from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, parse

from bot.catalogue import Catalogue

DAYS_A_WEEKDAY_NAMES = 6
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def worded(value: dict[str, Any], catalogue: Catalogue, language: str, channel: str) -> str:
    """The words of one such value. Raises KeyError for a value of no known kind."""
    if "key" in value:
        entry = catalogue.find(value["key"], language, "telegram")
        parts = {
            name: worded(item, catalogue, language, channel) if isinstance(item, dict) else str(item)
            for name, item in value.items()
        }
        return _PLACEHOLDER.sub(lambda m: parts.get(m.group(1), ""), entry.variant(channel)).strip()
    if "phone" in value:
        return phone(value["phone"], channel)
    if "territory" in value:
        name = Locale.parse(catalogue.languages[language].locale).territories.get(value["territory"])
        return str(name or value["territory"])
    if "moment" in value:
        return moment(datetime.fromisoformat(value["moment"]), value.get("from"), catalogue.languages[language].locale)
    if "number" in value:
        locale = catalogue.languages[language].locale
        if "currency" in value:
            return format_currency(value["number"], value["currency"], locale=locale)
        return format_decimal(value["number"], locale=locale)
    if "list" in value:
        return format_list([str(item) for item in value["list"]], locale=catalogue.languages[language].locale)
    if "language" in value:
        return catalogue.languages[value["language"]].name
    return reference(value["reference"], channel)


def moment(at: datetime, now: str | None, locale: str) -> str:
    """Weekday and hour; with the day of the month when it is a week or more from ``now``, where a weekday misleads."""
    far = now is not None and (at.date() - datetime.fromisoformat(now).date()).days > DAYS_A_WEEKDAY_NAMES
    return format_datetime(at, "EEEE d MMMM HH:mm" if far else "EEEE HH:mm", locale=locale)


def phone(number: str, channel: str) -> str:
    """A telephone number in groups; by voice digit after digit."""
    text = number
    if number.startswith("+"):
        try:
            text = format_number(parse(number), PhoneNumberFormat.INTERNATIONAL)
        except NumberParseException:
            text = number
    return _spoken(text) if channel == "voice" else text


def reference(digits: str, channel: str) -> str:
    """Six digits as 3 + 3."""
    text = f"{digits[:3]} {digits[3:]}"
    return _spoken(text) if channel == "voice" else text


def _spoken(text: str) -> str:
    parts = [re.sub(r"\D", "", group) for group in re.split(r"[ -]+", text)]
    # An unbroken number is heard in pairs.
    parts = [pair for part in parts for pair in ([part] if len(part) <= 3 else re.findall(r"\d{1,2}", part))]
    groups = [" ".join(part) for part in parts]
    return ", ".join(filter(None, groups)).strip()
