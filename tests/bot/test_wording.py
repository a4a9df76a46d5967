"""Placeholder values that each locale writes its own way (CLDR)."""

from __future__ import annotations

from typing import Any

import pytest
from smsutil import split

from bot.catalogue import Catalogue
from bot.rendering import GSM, fold_for_sms
from bot.wording import worded
from tests.conftest import ROOT

CATALOGUE = Catalogue.load(ROOT / "content")
MONDAY = "2026-11-30T08:00:00+01:00"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"moment": MONDAY}, ("Litinin 08:00", "Atinni 08:00", "lundi 08:00", "Monday 08:00")),
        (
            {"moment": MONDAY, "from": "2026-11-20T12:00:00+01:00"},
            ("Litinin 30 Nuwamba 08:00", "Atinni 30 Noowanbur 08:00", "lundi 30 novembre 08:00",
             "Monday 30 November 08:00"),
        ),
        ({"number": 25000}, ("25,000", "25 000", "25 000", "25,000")),
        ({"number": 25000, "currency": "XOF"}, ("F CFA 25,000", "25 000F CFA", "25 000 F CFA", "F CFA25,000")),
        ({"list": ["482 913", "111 222"]}, ("482 913 da 111 222", "482 913, 111 222", "482 913 et 111 222",
                                            "482 913 and 111 222")),
    ],
)  # fmt: skip
def test_in_each_language(value: dict[str, Any], said: tuple[str, ...]) -> None:
    for language, expected in zip(("ha", "dje", "fr", "en"), said, strict=True):
        words = worded(value, CATALOGUE, language, "sms").replace("\u202f", " ").replace("\u00a0", " ")
        assert words == expected, language


@pytest.mark.parametrize("day", range(7))
def test_a_weekday_is_gsm_7_in_every_language(day: int) -> None:
    for language in CATALOGUE.languages:
        words = worded({"moment": f"2026-11-{23 + day}T08:00"}, CATALOGUE, language, "sms")
        assert split(fold_for_sms(words)).encoding == GSM, (language, words)
