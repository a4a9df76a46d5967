"""The nearest legal aid office, by a town in any spelling or by keys."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.conversations.conftest import Meet
from tests.conversations.people import DOORS, LANGUAGES

TOWNS = {
    "Damagaram": "Zinder", "zinder": "Zinder", "ZINDÉR": "Zinder", "Tawa": "Tahoua", "Tahua": "Tahoua",
    "Dogondutchi": "Dosso", "doutchi": "Dosso", "Yamai": "Niamey", "Niamay": "Niamey", "Birnin Konni": "Konni",
    "je suis à Arlit": "Arlit", "ina garin Maradi": "Maradi", "ay go Tillaberi": "Tillabéri", "Agadèz": "Agadez",
    "Agadaz": "Agadez", "Magaria": "Zinder", "Say": "Niamey", "Kollo": "Niamey", "Iferouane": "Arlit",
    "tesawa": "Maradi", "Diffa.": "Diffa",
}  # fmt: skip
REGIONS = {1: "Agadez", 2: "Diffa", 3: "Dosso", 4: "Maradi", 6: "Niamey", 7: "Tahoua", 8: "Tillabéri", 9: "Zinder"}
WORDS = yaml.safe_load((Path(__file__).parent / "words.yml").read_text(encoding="utf-8"))
UNKNOWN = ("Ouagadougou-Nord", "Bankassi", "Tingoufat")
WRITTEN_DOORS = ("sms", "telegram")
NO_NUMBER = {"fr": "numéro vérifié", "en": "verified number", "ha": "ba mu da", "dje": "sinda"}
FIND = (3, 2, 2)
"""Rights, legal aid, find an office."""


@pytest.mark.parametrize(
    ("language", "text", "office"),
    [
        ("ha", "ina ofishin ANAJJ mafi kusa a Maradi?", "Maradi"),
        ("fr", "quel est le bureau ANAJJ le plus proche à Tessaoua", "Maradi"),
        ("en", "where is the nearest legal aid office in Zinder", "Zinder"),
        ("dje", "man no ANAJJ go Dosso ra", "Dosso"),
    ],
)
def test_a_question_that_names_the_town(inside: Meet, language: str, text: str, office: str) -> None:
    person = inside("sms", language).write(text)
    assert person.keys == ["office_found"]
    assert office in person.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_town_alone_after_the_answer_about_legal_aid(inside: Meet, language: str) -> None:
    person = inside("sms", language).press(*FIND[:2])
    assert person.asked == "ask_legal_aid"
    assert person.write("Maradi").keys == ["office_found"]
    assert person.write("24").keys != ["office_found"]


def test_a_word_that_is_also_a_town_is_no_town(inside: Meet) -> None:
    assert inside("sms", "en").write("what should I say to a free lawyer").keys == ["ask_legal_aid"]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("language", LANGUAGES)
class TestByKeys:
    def test_a_region(self, inside: Meet, door: str, language: str) -> None:
        for key, office in REGIONS.items():
            person = inside(door, language).press(*FIND)
            assert person.asked == "office_where"
            assert person.press(key).keys == ["office_found"]
            assert office in person.text
            assert NO_NUMBER[person.replies[-1].spoken] in person.text.lower()

    def test_five_is_a_person(self, meet: Meet, door: str, language: str) -> None:
        assert meet(door, language).press(*FIND, 5).asked == "help_in_danger"

    def test_another_place_and_the_menu(self, meet: Meet, door: str, language: str) -> None:
        person = meet(door, language).press(*FIND, 9)
        assert person.press(1).asked == "office_where"
        assert person.press(1, 3).asked == "main_menu"


@pytest.mark.parametrize("door", WRITTEN_DOORS)
@pytest.mark.parametrize("language", LANGUAGES)
class TestByName:
    def test_a_town_in_any_spelling(self, inside: Meet, door: str, language: str) -> None:
        for town, office in TOWNS.items():
            person = inside(door, language).press(*FIND).write(town)
            assert person.keys == ["office_found"], town
            assert office in person.text, town

    def test_an_unknown_town_can_be_followed_by_a_known_one(self, meet: Meet, door: str, language: str) -> None:
        for town in UNKNOWN:
            person = meet(door, language).press(*FIND).write(town)
            assert person.keys == ["office_unknown"], town
            assert person.write("Dosso").keys == ["office_found"]

    def test_a_place_abroad(self, meet: Meet, door: str, language: str) -> None:
        assert meet(door, language).press(*FIND).write("Tamanrasset").keys == ["office_abroad"]

    def test_another_question_is_no_town(self, meet: Meet, door: str, language: str) -> None:
        person = meet(door, language).press(*FIND).write(WORDS["question"][language])
        assert person.keys == ["ask_cost"]
        person = meet(door, language).press(*FIND).write(WORDS["danger"][language])
        assert person.keys[0].startswith("emergency_numbers")
