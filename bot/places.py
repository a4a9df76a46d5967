"""Towns and regions of Niger and the roads out of it, found in a message whatever their spelling."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from bot.catalogue import POLL_SECONDS, ContentError, read_yaml
from bot.live_file import LiveFile
from bot.understanding.spelling import sound, words

REGIONS_OF_NIGER = ("agadez", "diffa", "dosso", "maradi", "niamey", "tahoua", "tillaberi", "zinder")
AMBIGUOUS_TOWNS = frozenset(("Say",))
"""Towns whose name is an everyday word: known only where a place was asked for."""
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


@dataclass(frozen=True)
class Gazetteer:
    """Sounds of a name's words → the place; ``longest`` is the most words of a name."""

    forms: dict[tuple[str, ...], Place]
    longest: int


def read_places(file: Path) -> Gazetteer:
    """Reads ``places.yml``. Raises ContentError with the file and what is wrong."""
    forms: dict[tuple[str, ...], Place] = {}
    for name, entry in read_yaml(file).items():
        also = (entry.get("also") or []) if isinstance(entry, dict) else None
        if not isinstance(name, str) or not isinstance(also, list) or not entry.get("region"):
            raise ContentError(f"{file}: '{name}' is written as  Name: {{region: …, office: …, also: […]}}")
        place = Place(name, str(entry["region"]), str(entry.get("country", "NE")), str(entry.get("office") or ""))
        for form in (name, *also):
            forms[tuple(sound(word) for word in words(str(form)))] = place
    return Gazetteer(forms, max(map(len, forms), default=1))


class Places:
    """The gazetteer ``content/places.yml``, as it stands now. Raises ContentError when it cannot be read at first."""

    def __init__(self, file: Path, poll_seconds: float = POLL_SECONDS) -> None:
        self._file = LiveFile(file, read_places, poll_seconds)
        self._file.current()

    @property
    def problem(self) -> str:
        """Why a changed file was not taken over; empty when all is well."""
        return self._file.problem

    def find(self, text: str, loosely: bool = False) -> Place | None:
        """The first place named in the text, the longest name first.

        ``loosely``: a place was asked for; one or two words are also held against names that they nearly spell.
        """
        known = self._file.current()
        tokens = [sound(word) for word in words(text)]
        for start in range(len(tokens)):
            for length in range(min(known.longest, len(tokens) - start), 0, -1):
                place = known.forms.get(tuple(tokens[start : start + length]))
                if place:
                    return place
        return _nearly(known, tokens) if loosely and len(tokens) <= 2 else None


def _nearly(known: Gazetteer, tokens: list[str]) -> Place | None:
    joined = "".join(tokens)
    if len(joined) < LOOSE_FROM_LETTERS:
        return None
    names = {"".join(form): place for form, place in known.forms.items()}
    near = get_close_matches(joined, names, n=1, cutoff=LIKENESS)
    return names[near[0]] if near else None
