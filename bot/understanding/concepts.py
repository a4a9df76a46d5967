"""Concepts: the many words of four languages for one idea (``nlu/<language>/concepts.yml``, Rasa lookup tables).

``confisque``, ``seized`` and ``ya karbe`` are one feature to the models, so that what is learned from an example in
one language holds for the same thing said with another word, or in another language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bot.understanding.spelling import sound, words

PAIR_WINDOW = 4
"""Concepts this far apart still count as a pair."""
SHORTEST_STEM = 3


class Concepts:
    """Finds concepts in folded words. Forms of up to three words; a trailing ``*`` matches any ending."""

    def __init__(self, tables: dict[str, list[str]]) -> None:
        self.tables = tables
        self._phrases: dict[tuple[str, ...], list[str]] = {}
        self._stems: dict[str, list[str]] = {}
        self._longest = 1
        for name, forms in tables.items():
            for form in forms:
                stem = form.endswith("*")
                key = tuple(sound(word) for word in words(form.rstrip("*")))
                if not key:
                    continue
                if stem and len(key) == 1 and len(key[0]) >= SHORTEST_STEM:
                    self._stems.setdefault(key[0], []).append(name)
                else:
                    self._phrases.setdefault(key, []).append(name)
                    self._longest = max(self._longest, len(key))

    @classmethod
    def by_language(cls, lookup_tables: Iterable[dict[str, Any]], also: dict[str, list[str]]) -> dict[str, Concepts]:
        """From Rasa's lookup tables, whose names are ``<language>.<CONCEPT>``.

        ``also``: languages whose words are at home in another (Hausa and Zarma speakers use French ones).
        """
        tables: dict[str, dict[str, list[str]]] = {}
        for table in lookup_tables:
            language, _, name = str(table["name"]).partition(".")
            if not name or not isinstance(table["elements"], list):
                raise ValueError(f"lookup table '{table['name']}': a list named <language>.<CONCEPT> was expected")
            tables.setdefault(language, {}).setdefault(name, []).extend(table["elements"])
        joined = {}
        for language in tables:
            joined[language] = cls(
                {
                    name: [form for code in (language, *also.get(language, ())) for form in tables[code].get(name, ())]
                    for name in dict.fromkeys(n for code in (language, *also.get(language, ())) for n in tables[code])
                }
            )
        return joined

    def read(self, tokens: Sequence[str]) -> list[frozenset[str] | str]:
        """The message in order: a set of concepts for each word or phrase that names any, other words as they are."""
        sounds = [sound(token) for token in tokens]
        found: list[frozenset[str] | str] = []
        position = 0
        while position < len(sounds):
            names: list[str] = []
            used = 1
            for length in range(min(self._longest, len(sounds) - position), 0, -1):
                names = self._phrases.get(tuple(sounds[position : position + length]), [])
                if names:
                    used = length
                    break
            if not names:
                names = self._by_stem(sounds[position])
            found.append(frozenset(names) if names else tokens[position])
            position += used
        return found

    def _by_stem(self, word: str) -> list[str]:
        for length in range(len(word), SHORTEST_STEM - 1, -1):
            names = self._stems.get(word[:length])
            if names:
                return names
        return []


def concept_features(read: Sequence[frozenset[str] | str]) -> Iterator[str]:
    """Concepts, ordered pairs of neighbours, and pairs within a window whatever their order; then pairs and threes of
    neighbours among all words, those that name a concept replaced by it (``they TAKE my PAPER``)."""
    found = [names for names in read if not isinstance(names, str)]
    previous: frozenset[str] = frozenset(("^",))
    for index, names in enumerate(found):
        for name in names:
            yield "k:" + name
            for before in previous:
                yield f"o:{before}>{name}"
            for other in found[index + 1 : index + 1 + PAIR_WINDOW]:
                for second in other:
                    if second != name:
                        yield "p:" + "&".join(sorted((name, second)))
        previous = names
    line = ["^", *(piece if isinstance(piece, str) else min(piece) for piece in read), "$"]
    for index, piece in enumerate(line[1:]):
        yield f"x:{line[index]} {piece}"
    for index, piece in enumerate(line[2:]):
        yield f"x:{line[index]} _ {piece}"
        yield f"x:{line[index]} {line[index + 1]} {piece}"
