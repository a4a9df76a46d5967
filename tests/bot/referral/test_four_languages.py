"""The help path in four languages at three doors: each turn that it can take, by keys and by words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.effects import EraseData, OpenReferral

DOORS = ("sms", "telegram", "voice")
DANGER = {
    "ha": "yana da wuka zai kashe mu ku taimake mu",
    "dje": "boro fo ga ba nga ma ay wi, a gonda zaama",
    "fr": "il a un couteau il va nous tuer venez vite",
    "en": "he has a knife he is going to kill us come quickly",
}
ERASE = {"ha": "GOGE", "dje": "SHAFE", "fr": "EFFACER", "en": "ERASE"}
SEEN = {"ha": "ana dukansa", "dje": "i g'a kar", "fr": "on le frappe", "en": "they beat him"}
WHO = {"self": "1", "other": "2", "child": "3"}
MAX_STEPS = 14
TO_ERASING = ("menu", "/ask_rights", "/ask_about_service", "/ask_confidentiality", "/erase_my_data", "/erase_now")
"""From the reference by keys; the first is any key, which brings the menu."""


class Person:
    """Somebody who answers every question of the help path until consent is asked."""

    def __init__(self, phone: Any, language: str) -> None:
        self.phone, self.language = phone, language

    def asks_for_help(self) -> Person:
        self.phone.say("5")
        return self

    def goes_on(self, who: str = "self", *, danger: str = "2", safe: str = "1") -> Person:
        """Answers until something else than a question that is known here is said."""
        voice = self.phone.channel == "voice"
        answers = {
            "help_in_danger": danger,
            "help_safe_to_talk": safe,
            "help_who": WHO[who],
            "help_regions": "7" if voice else "Tahoua",
            "help_what_seen": SEEN[self.language],
            "help_contact": "1",
            "help_contact_how": "1",
            "help_safe_time": "4",
            "help_code_word": "4821" if voice else "mangue",
        }
        for where in WHO:
            answers[f"help_where_{where}"] = "1" if voice else "Tahoua"
        for _ in range(MAX_STEPS):
            if self.phone.asked not in answers:
                break
            self.phone.say(answers[self.phone.asked])
        return self

    @property
    def opened(self) -> list[OpenReferral]:
        return [effect for effect in self.phone.effects if isinstance(effect, OpenReferral)]


@pytest.fixture(params=[(door, language) for door in DOORS for language in DANGER], ids="-".join)
def person(request: pytest.FixtureRequest, phone: Callable[..., Any]) -> Person:
    channel, language = request.param
    return Person(phone(channel, language=language), language)


@pytest.mark.parametrize("who", WHO)
def test_self_other_child_each_with_its_own_consent(person: Person, who: str) -> None:
    person.asks_for_help().goes_on(who)
    assert person.phone.asked == f"help_consent_{who}"
    assert not person.opened
    person.phone.say("1")
    (referral,) = person.opened
    assert referral.record["about"] == who
    assert referral.record["language"] == person.language
    assert referral.record["region"] == "tahoua"
    assert referral.record["age_band"] == ("child" if who == "child" else "unknown")
    assert "help_reference" in person.phone.keys


def test_immediate_danger_brings_numbers_before_any_question(person: Person) -> None:
    if person.phone.channel == "voice":
        person.asks_for_help().phone.say("1")
    else:
        person.phone.say(DANGER[person.language])
    assert person.phone.keys == ["emergency_numbers", "help_safe_to_talk"]
    person.goes_on()
    assert person.phone.asked == "help_consent_self"
    person.phone.say("1")
    assert person.opened[0].record["urgency"] == "immediate"


def test_consent_refused_nothing_leaves(person: Person) -> None:
    person.asks_for_help().goes_on().phone.say("2")
    assert person.phone.asked in ("help_refused", "help_refused_no_number")
    assert not person.opened


def test_consent_is_withdrawn_by_the_word_of_the_consent_or_by_keys(person: Person) -> None:
    person.asks_for_help().goes_on().phone.say("1")
    assert person.opened
    if person.phone.channel == "voice":
        for payload in TO_ERASING:
            offered = [choice.payload for reply in person.phone.replies for choice in reply.choices]
            person.phone.say(str(offered.index(payload) + 1) if payload != "menu" else "1")
    else:
        person.phone.say(ERASE[person.language])
    assert any(isinstance(effect, EraseData) for effect in person.phone.effects)


def test_not_safe_to_talk_a_short_neutral_end(person: Person) -> None:
    person.asks_for_help().phone.say("2", "2")
    assert person.phone.keys == ["help_not_safe"]
    assert person.phone.ends_call or person.phone.channel != "voice"
    assert not person.opened


@pytest.mark.parametrize("language", DANGER)
@pytest.mark.parametrize("door", ["sms", "telegram"])  # no word can be said on a keypad; the test of withdrawal has it
def test_erase_in_the_middle_of_the_path(phone: Callable[..., Any], door: str, language: str) -> None:
    person = Person(phone(door, language=language), language).asks_for_help().goes_on()
    person.phone.say(ERASE[language])
    assert any(isinstance(effect, EraseData) for effect in person.phone.effects)
    assert not person.opened


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", "je ne suis plus d'accord"),
        ("fr", "je retire mon accord"),
        ("en", "I withdraw my consent"),
        ("en", "I no longer agree"),
        ("ha", "na janye yardata"),
        ("dje", "ay si yadda koyne"),
    ],
)
def test_no_longer_agreeing_in_words_is_never_a_yes(phone: Callable[..., Any], language: str, words: str) -> None:
    person = Person(phone("sms", language=language), language).asks_for_help().goes_on()
    assert person.phone.asked == "help_consent_self"
    person.phone.say(words)
    assert not person.opened
    after = Person(phone("sms", language=language), language).asks_for_help().goes_on()
    after.phone.say("1")
    assert after.phone.say(words).asked == "erase_question"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", "d'accord mais pas tout de suite"),
        ("fr", "je ne serai d'accord que si mon mari est d'accord"),
        ("fr", "oui mais non"),
        ("en", "agreed?"),
        ("ha", "eh amma ina tsoro"),
    ],
)
def test_half_a_yes_is_asked_again(phone: Callable[..., Any], language: str, words: str) -> None:
    person = Person(phone("sms", language=language), language).asks_for_help().goes_on()
    person.phone.say(words)
    assert not person.opened
    assert person.phone.asked == "help_consent_self"


@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", "oui je suis d'accord"), ("en", "yes I agree"), ("ha", "eh na yarda"), ("dje", "oho ay yadda")],
)
def test_a_plain_yes_in_words_is_consent(phone: Callable[..., Any], language: str, words: str) -> None:
    person = Person(phone("sms", language=language), language).asks_for_help().goes_on()
    person.phone.say(words)
    assert person.opened
