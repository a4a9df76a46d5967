"""A referral from the first key to the last word, in four languages at three doors."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.webhook.referrals.conftest import AGADEZ, COORDINATION, PERSON, Scene

# What differs between the databases is tested beside, once a behaviour; here it would only double the time.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LANGUAGES = ("ha", "dje", "fr", "en")  # the order of the menu
ERASE = {"ha": "GOGE", "dje": "SHAFE", "fr": "EFFACER", "en": "ERASE"}
CHAT = 70_000_001
WORDS = "Bonjour, pouvez-vous venir jeudi ?"
TO_CONSENT = {
    "sms": ("1", "Tahoua", "1", "1", "4", "mangue"),
    "telegram": ("1", "Tahoua", "1", "4", "mangue"),
    "voice": ("1", "1", "7", "1", "1", "4", "4821"),
}


class Person:
    """One person at one door, whatever the door."""

    def __init__(self, scene: Scene, door: str, language: str) -> None:
        self.scene, self.door, self.language = scene, door, language
        self.caller: Any = scene.call(PERSON).call() if door == "voice" else None
        self.say("0", str(LANGUAGES.index(language) + 1))

    def say(self, *texts: str) -> list[str]:
        """What is answered to the last of them."""
        if self.door == "sms":
            return self.scene.sms(*texts)
        if self.door == "telegram":
            self.scene.telegram(*texts[:-1])
            before = len(self.got())
            self.scene.telegram(texts[-1])
            return self.got()[before:]
        for text in texts:
            self.caller.press(text)
        return list(self.caller.heard)

    def got(self) -> list[str]:
        """What came by the provider's API."""
        return self.scene.chat_of(CHAT) if self.door == "telegram" else self.scene.to(PERSON)

    def is_referred(self) -> str:
        """Asks for a person, answers, agrees; returns the reference of the alert."""
        self.say("5", "2", "1", *TO_CONSENT[self.door], "1")
        self.scene.settle()
        alerts = self.scene.to(AGADEZ)
        assert alerts, self.got()
        found = re.search(r"\b\d{6}\b", alerts[-1])
        assert found
        return found[0]


@pytest.fixture(params=[(door, language) for door in TO_CONSENT for language in LANGUAGES], ids="-".join)
def person(request: pytest.FixtureRequest, scene: Scene) -> Person:
    return Person(scene, *request.param)


def test_confirmed_by_sms_words_both_ways_closed(person: Person) -> None:
    scene = person.scene
    reference = person.is_referred()
    assert scene.referral(reference).record.language == person.language
    scene.sms(f"OK {reference} 0000", sender=AGADEZ)
    assert scene.state(reference) == "acknowledged"
    scene.sms(WORDS, sender=AGADEZ)
    assert WORDS not in " ".join(person.got())
    if person.door == "voice":
        # After the code a caller hears that somebody is there, no other key than 5, and is put through.
        caller = scene.call(PERSON).call().press("4821")
        assert not re.search(r"\b1\b", " ".join(caller.heard))
        assert caller.press("5").document.find("Dial") is not None
    else:
        shown = "\n".join(person.say("mangue"))
        assert WORDS in shown
        assert not re.search(r"^1\b", shown, re.MULTILINE)
        assert person.say("oui, le matin") == []
        assert scene.to(AGADEZ)[-1] == f"{reference}: oui, le matin"
        assert PERSON not in " ".join(scene.to(AGADEZ))
        assert AGADEZ not in " ".join(person.got())
    scene.sms("END", sender=AGADEZ)
    assert scene.state(reference) == "closed"


def test_nobody_answers_until_the_supervisor_then_the_truth(person: Person) -> None:
    scene = person.scene
    reference = person.is_referred()
    for _ in range(40):
        if scene.state(reference) != "notified":
            break
        scene.go_on(hours=9)
    assert scene.state(reference) == "unanswered"
    assert scene.to(COORDINATION)


def test_erase_withdraws(person: Person) -> None:
    scene = person.scene
    reference = person.is_referred()
    if person.door == "voice":
        person.say("1", "3", "3", "1")
        person.say(key_of_erasing(person), "1")
    else:
        person.say(ERASE[person.language])
    assert any(reference in text for text in scene.to(AGADEZ)[1:])
    assert PERSON not in " ".join(scene.to(AGADEZ))


def key_of_erasing(person: Person) -> str:
    """The key of erasing on the page about who knows what."""
    from bot.messages import Choice

    choices: list[Choice] = list(
        person.scene.service.dialogue.say("ask_confidentiality", person.language, "voice").choices
    )
    return str([choice.payload for choice in choices].index("/erase_my_data") + 1)
