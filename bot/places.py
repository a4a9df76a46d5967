"""Towns and regions of Niger and the roads out of it, found in a message whatever their spelling."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.understanding.spelling import sound, words


@dataclass(frozen=True)
class Place:
    """A town or region. ``region`` is the id used by the directory; ``country`` an ISO 3166 code."""

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

    def find(self, text: str) -> Place | None:
        """The first place named in the text, the longest name first."""
        tokens = [sound(word) for word in words(text)]
        for start in range(len(tokens)):
            for length in range(min(self._longest, len(tokens) - start), 0, -1):
                place = self._forms.get(tuple(tokens[start : start + length]))
                if place:
                    return place
        return None

    def office(self, place: Place) -> str:
        """The town of the nearest reported legal aid office; empty outside Niger."""
        return place.office
