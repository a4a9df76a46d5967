"""Towns and regions of Niger and the roads out of it, found in a message whatever their spelling."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import yaml

from bot.understanding.spelling import sound, words

REGIONS_OF_NIGER = ("agadez", "diffa", "dosso", "maradi", "niamey", "tahoua", "tillaberi", "zinder")
LOOSE_FROM_LETTERS = 6
LIKENESS = 0.84


def region_choices(intent: str, entity: str) -> list[tuple[str, str]]:
    """The regions of Niger as choices, around key 5, which is a person on every menu."""
    choices = [(f"region_{region}", f'/{intent}{{"{entity}":"{region}"}}') for region in REGIONS_OF_NIGER]
    return [*choices[:4], ("choice_person", "/request_human"), *choices[4:]]


@dataclass(frozen=True)
class Place:
    """A town or region. ``region`` is the id used by the directory; ``country`` an ISO 3166 code.

    ``office`` is the town of the nearest reported legal aid office, empty outside Niger.
    """

    name: str
    region: str
    country: str
    office: str


class Places:
    """The gazetteer ``content/places.yml``."""

    def __init__(self, file: Path) -> None:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        self._forms: dict[tuple[str, ...], Place] = {}
        self._longest = 1
        for name, entry in data.items():
            place = Place(name, entry["region"], entry.get("country", "NE"), entry.get("office", ""))
            for form in (name, *(entry.get("also") or ())):
                key = tuple(sound(word) for word in words(form))
                self._forms[key] = place
                self._longest = max(self._longest, len(key))

    def find(self, text: str, loosely: bool = False) -> Place | None:
        """The first place named in the text, the longest name first.

        ``loosely``: a place was asked for; one or two words are also held against names that they nearly spell.
        """
        tokens = [sound(word) for word in words(text)]
        for start in range(len(tokens)):
            for length in range(min(self._longest, len(tokens) - start), 0, -1):
                place = self._forms.get(tuple(tokens[start : start + length]))
                if place:
                    return place
        return self._nearly(tokens) if loosely and len(tokens) <= 2 else None

    def _nearly(self, tokens: list[str]) -> Place | None:
        joined = "".join(tokens)
        if len(joined) < LOOSE_FROM_LETTERS:
            return None
        names = {"".join(form): place for form, place in self._forms.items()}
        near = get_close_matches(joined, names, n=1, cutoff=LIKENESS)
        return names[near[0]] if near else None
