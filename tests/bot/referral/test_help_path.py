"""Scripted conversations through the help path, at the three doors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.referral.directory import EXAMPLE, LiveDirectory

Phones = Callable[..., Any]
NEED = {
    "fr": "j'ai besoin d'aide, je veux parler à quelqu'un",
    "en": "I need help, let me talk to a person",
    "ha": "ina bukatar taimako, ina son magana da mutum",
    "dje": "ay ga ba gaakasinay",
}
TO_CONSENT = {"sms": ("1", "Tahoua", "1", "1", "4", "mangue"), "telegram": ("1", "Tahoua", "1", "4", "mangue"),
              "voice": ("1", "1", "7", "1", "1", "4", "4821")}  # fmt: skip


@pytest.mark.parametrize("language", ["fr", "en", "ha", "dje"])
@pytest.mark.parametrize("channel", ["sms", "telegram", "voice"])
def test_a_person_who_asks_for_help_gets_a_reference(phone: Phones, channel: str, language: str) -> None:
    person = phone(channel, language=language)
    person.say("5" if channel == "voice" else NEED[language])
    assert person.asked == "help_in_danger"
    assert person.say("2").asked == "help_safe_to_talk"
    assert person.say("1").asked == "help_who"
    assert person.say(*TO_CONSENT[channel]).asked == "help_consent_self"
    assert not person.referrals
    person.say("1")
    (referral,) = person.referrals
    assert person.asked == "help_reference"
    assert f"{referral.reference[:3]} {referral.reference[3:]}" in person.text or channel == "voice"
    record = referral.record
    assert (record["about"], record["country"], record["region"]) == ("self", "NE", "tahoua")
    assert record["contact_permission"] == {"sms": "sms", "telegram": "telegram", "voice": "call"}[channel]
    assert record["code_word"] == TO_CONSENT[channel][-1]
    assert record["consent"]["key"] == "help_consent_self"
    assert record["consent"]["text"]
    assert len(record["consent"]["version"]) == 8
    assert person.say("merci").asked != "help_reference"


@pytest.mark.parametrize(
    ("language", "opens"),
    [("ha", "Litinin 08:00"), ("dje", "Atinni 08:00"), ("fr", "lundi 08:00"), ("en", "Monday 08:00")],
)
def test_on_a_saturday_the_answer_is_expected_on_monday(phone: Phones, language: str, opens: str) -> None:
    person = phone("sms")
    person.wait(minutes=5 * 24 * 60).say("0", str(("ha", "dje", "fr", "en").index(language) + 1), "5", "2", "1")
    assert person.say("1", "Dosso", "1", "1", "4", "mangue", "1").asked == "help_reference"
    assert opens in person.text


def test_danger_brings_the_numbers_of_the_country_before_any_question(phone: Phones) -> None:
    person = phone("sms").say("au secours il a un couteau il va nous tuer venez vite")
    assert person.keys == ["emergency_numbers", "help_safe_to_talk"]
    assert "+227 10000191" in person.text
    assert "police" not in person.text.lower()
    abroad = phone("telegram", country="").say("il a un couteau il va nous tuer venez vite")
    assert abroad.keys[0] == "emergency_numbers_all"
    assert "Niger" in abroad.text
    assert "Libye" in abroad.text
    libya = phone("sms", country="LY").say("il a un couteau il va nous tuer venez vite")
    assert "+218" in libya.text
    assert "+227" not in libya.text


def test_no_answer_is_announced_to_who_wants_none(phone: Phones) -> None:
    person = phone("sms").say(NEED["fr"], "2", "1", "1", "Tahoua", "2", "1")
    assert person.asked == "help_reference"
    assert "quand vous revenez ici la demander" in person.text


@pytest.mark.parametrize(("hours", "expected"), [("24/7", "dans l'heure"), ("Mo-Fr 08:00-17:30", "lundi 08:00")])
def test_danger_at_night_promises_an_hour_only_where_somebody_is_there(
    phone: Phones, tmp_path: Any, hours: str, expected: str
) -> None:
    file = tmp_path / "contacts.yml"
    file.write_text(EXAMPLE.read_text().replace("24/7", hours))
    person = phone("sms", directory=LiveDirectory(file)).wait(minutes=5 * 24 * 60)
    person.say("il a un couteau il va nous tuer venez vite", "1", "1", "Dosso", "1", "1")
    assert person.asked == "help_reference"
    assert expected in person.text


def test_danger_leaves_out_the_questions_that_can_wait(phone: Phones) -> None:
    person = phone("sms").say("il a un couteau il va nous tuer venez vite", "1", "1", "2", "1")
    assert person.asked == "help_consent_self"
    assert person.say("1").referrals[0].record["urgency"] == "immediate"


def test_the_police_alone_is_never_given(phone: Phones, tmp_path: Any) -> None:
    file = tmp_path / "contacts.yml"
    file.write_text(EXAMPLE.read_text().replace("kinds: [emergency, health]", "kinds: [health]"))
    person = phone("sms", directory=LiveDirectory(file)).say("il a un couteau il va nous tuer venez vite")
    assert "+227 10000192" not in person.text


def test_not_safe_to_talk_ends_at_once_with_nothing_else(phone: Phones) -> None:
    person = phone("voice").say("5", "2", "2")
    assert person.keys == ["help_not_safe"]
    assert person.ends_call
    assert person.say("5").asked == "help_interrupted"
    assert person.say("1").asked == "help_safe_to_talk"


def test_about_a_child_seen_with_place_nothing_is_asked_twice(phone: Phones) -> None:
    person = phone("telegram").say("à Zinder un enfant mendie et son maître le bat chaque jour")
    assert "help_in_danger" in person.keys
    person.say("2", "1")
    assert person.asked == "help_what_seen"
    person.say("il dort devant le marché", "2")
    assert person.asked == "help_consent_child"
    record = person.say("1").referrals[0].record
    assert (record["about"], record["age_band"], record["region"]) == ("child", "child", "zinder")
    assert record["seen"] == "il dort devant le marché"
    assert record["contact_permission"] == "none"
    assert record["urgency"] == "high"


def test_consent_refused_shares_nothing_and_gives_the_contact_own_number(phone: Phones) -> None:
    person = phone("sms").say(NEED["fr"], "2", "1", *TO_CONSENT["sms"], "2")
    assert person.asked == "help_refused"
    assert "+227 10000103" in person.text
    assert not person.referrals
    assert (person.state or {})["kept"] == {}


def test_a_test_service_says_so_and_promises_nothing(phone: Phones) -> None:
    person = phone("sms", test_service=True).say("il a un couteau il va nous tuer venez vite")
    assert person.keys[0] == "demo_notice"
    assert "1000" not in person.text
    for answer in ("1", "1", "2", "1"):
        assert person.say(answer).keys[0] == "demo_notice"
    person.say("1")
    assert person.keys == ["help_reference_demo"]
    assert not person.referrals


def test_without_a_directory_the_truth_is_told(phone: Phones) -> None:
    person = phone("sms", directory=None).say(NEED["fr"])
    assert person.keys == ["emergency_none"]
    assert person.say("quels sont mes droits ?").asked == "ask_rights"


@pytest.mark.parametrize(("policy", "alerted"), [((), False), (("danger",), True)])
def test_alerting_before_consent_is_the_operators_choice(phone: Phones, policy: tuple[str, ...], alerted: bool) -> None:
    person = phone("sms", without_consent=frozenset(policy), legal_basis="Ordonnance 2010-86, art. X")
    person.say("il a un couteau il va nous tuer venez vite")
    assert bool(person.referrals) is alerted
    if alerted:
        consent = person.referrals[0].record["consent"]
        assert (consent["answer"], consent["basis"]) == ("policy", "Ordonnance 2010-86, art. X")
        assert person.referrals[0].record["contact_permission"] == "none"
        person.say("1", "1", "2", "1", "1")
        assert len({r.reference for r in person.referrals}) == 1
        assert person.referrals[-1].record["consent"]["answer"] == "yes"


def test_wanting_to_die_leads_to_a_person_and_health_at_once(phone: Phones) -> None:
    person = phone("sms").say("je veux mourir")
    assert person.asked == "help_self_harm"
    assert "+227 10000191" in person.text
    assert person.say("1").asked == "help_safe_to_talk"


def test_harm_that_is_over_is_no_emergency(phone: Phones) -> None:
    person = phone("telegram").say("l'année dernière en Libye on m'a enfermé, je suis rentré")
    if person.asked == "urgent_question":
        person.say("2")
        assert person.asked == "help_safe_to_talk"
    else:
        assert person.asked == "help_return_self"
        assert person.say("1").asked == "help_safe_to_talk"


def test_back_and_question_and_language_in_the_middle(phone: Phones) -> None:
    person = phone("sms").say(NEED["fr"], "2", "1", "2")
    assert person.asked == "help_where_other"
    assert person.say("retour").asked == "help_who"
    assert person.say("3").asked == "help_where_child"
    assert person.say("est-ce que vous allez le dire à la police ?").keys[0] == "ask_confidentiality"
    assert person.asked == "help_where_child"
    person.say("0")
    assert person.say("4").asked == "help_where_child"
    assert "town" in person.text


def test_leaving_keeps_the_answers_for_half_an_hour_behind_a_neutral_question(phone: Phones) -> None:
    person = phone("sms").say(NEED["fr"], "2", "1", "1", "Tahoua", "*")
    assert person.keys == ["left", "leave_delete_hint"]
    assert person.wait(minutes=20).say("bonjour").asked not in ("help_contact", "help_interrupted")
    assert person.say(NEED["fr"]).asked == "help_interrupted"
    assert person.say("1").asked == "help_contact"
    person.say("*").wait(minutes=31)
    assert person.say(NEED["fr"]).asked == "help_in_danger"


def test_a_quarter_of_an_hour_later_nobody_meets_the_answers(phone: Phones) -> None:
    person = phone("sms").say(NEED["fr"], "2", "1", "1", "Tahoua").wait(days=2)
    assert person.say("1").asked == "main_menu"
    assert person.say("4").asked == "help_in_danger"


def test_the_menu_interrupts_and_the_path_can_go_on(phone: Phones) -> None:
    person = phone("telegram").say(NEED["fr"], "2", "1", "menu")
    assert person.asked == "main_menu"
    assert person.say("4").asked == "help_interrupted"
    assert person.say("2").asked == "help_in_danger"


def test_a_code_word_is_not_taken_for_something_else(phone: Phones) -> None:
    # These words mean something to the engine.
    for word in ("mangue", "police", "Niamey", "4821", "bonjour"):
        person = phone("sms").say(NEED["fr"], "2", "1", "1", "2", "1", "1", "4")
        assert person.asked == "help_code_word"
        assert person.say(word).asked == "help_consent_self", word
    person = phone("sms").say(
        NEED["fr"], "2", "1", "1", "2", "1", "1", "4", "il revient, il a un couteau, il va me tuer"
    )
    assert person.keys[0] == "emergency_numbers"


def test_danger_in_the_middle_brings_the_numbers(phone: Phones) -> None:
    person = phone("sms").say(NEED["fr"], "2", "1", "1", "il arrive avec un couteau il va me tuer vite")
    assert person.keys[0] == "emergency_numbers"
    assert person.asked == "help_where_self"


def test_the_same_message_five_times_harms_nothing(phone: Phones) -> None:
    person = phone("sms")
    for _ in range(5):
        assert person.say(NEED["fr"]).asked == "help_in_danger"


def test_a_place_that_is_not_known_brings_the_list_then_goes_on(phone: Phones) -> None:
    person = phone("sms").say(NEED["fr"], "2", "1", "1", "xyzville")
    assert person.keys == ["help_answer_again", "help_regions"]
    assert person.say("xyzville").asked == "help_contact"


def test_stop_and_erase_beat_the_path(phone: Phones) -> None:
    person = phone("sms").say(NEED["fr"], "2", "1", "STOP")
    assert person.keys == ["stopped"]
    person = phone("sms").say(NEED["fr"], "2", "1", "EFFACER")
    assert person.keys == ["erased"]
    assert person.state is None


@pytest.mark.parametrize("language", ["fr", "en", "ha", "dje"])
def test_a_region_by_key_and_5_is_a_person_there_too(phone: Phones, language: str) -> None:
    person = phone("voice", language=language).say("5", "2", "1", "1", "1")
    assert person.asked == "help_regions"
    assert len(person.titles) == 9
    assert person.say("5").asked == "help_regions"
    assert person.say("9").asked == "help_contact"
