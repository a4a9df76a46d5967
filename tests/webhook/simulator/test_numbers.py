from __future__ import annotations

import phonenumbers
import pytest

from webhook.simulator.numbers import CHAT_IDS, COUNTRIES, FICTIONAL_PREFIX, Country, country_of


@pytest.mark.parametrize("country", COUNTRIES, ids=lambda country: country.iso)
def test_fictional_numbers_look_right_and_belong_to_nobody(country: Country) -> None:
    rest = country.digits - len(FICTIONAL_PREFIX)
    for middle in range(1000):
        number = f"+{country.calling_code}{FICTIONAL_PREFIX}{middle:03d}".ljust(
            1 + len(country.calling_code) + country.digits, "5"
        )
        assert len(number) - 1 - len(country.calling_code) - len(FICTIONAL_PREFIX) == rest
        parsed = phonenumbers.parse(number)
        assert phonenumbers.is_possible_number(parsed)
        assert not phonenumbers.is_valid_number(parsed)
        assert phonenumbers.region_code_for_country_code(parsed.country_code or 0) == country.iso
        assert country_of(number) is country


def test_chats_are_far_from_real_ones_and_safe_in_javascript() -> None:
    assert CHAT_IDS.start > 2**40
    assert CHAT_IDS.stop <= 2**53
