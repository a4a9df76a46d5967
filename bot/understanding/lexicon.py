"""Unknown words one slip away from a known one: a letter dropped, doubled, swapped or mistyped on a small keypad."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bot.understanding.linear import checksum
from bot.understanding.spelling import sound, words

SHORTEST = 3
"""Shorter words (and shorter sounds) are left as they are: too many others are one slip away."""


def _shorter(word: str) -> set[str]:
    """``word`` and all that is left of it without one letter; two words one slip apart have one of these in common."""
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}


class Lexicon:
    """The known words, how often each language says them, and for each word's sound what is left without a letter.

    ``counts``: words × languages. ``keys`` (sorted CRC-32 of a shortened sound) and ``places`` (index of its word).
    """

    def __init__(self, known: Sequence[str], counts: np.ndarray, keys: np.ndarray, places: np.ndarray) -> None:
        self._words = list(known)
        self._index = {word: i for i, word in enumerate(known)}
        self._weights = np.log1p(counts.astype(np.float32))
        self._counts = counts
        self._keys = keys
        self._places = places

    @classmethod
    def learn(cls, said: Mapping[str, Counter[str]], min_count: int) -> Lexicon:
        """From the counts of each language's words; a word is known from ``min_count`` on, over all languages."""
        total: Counter[str] = Counter()
        for counts in said.values():
            total.update(counts)
        known = sorted(word for word, count in total.items() if count >= min_count)
        pairs = sorted(
            (checksum(key), place)
            for place, word in enumerate(known)
            if len(sound(word)) >= SHORTEST
            for key in _shorter(sound(word))
        )
        return cls(
            known,
            np.array([[counts[word] for counts in said.values()] for word in known], dtype=np.int32),
            np.array([key for key, _ in pairs], dtype=np.uint32),
            np.array([place for _, place in pairs], dtype=np.int32),
        )

    def knows(self, tokens: Sequence[str]) -> bool:
        """Whether any of the words, as they were typed, is a known one."""
        return any(token in self._index for token in tokens)

    def corrected(self, tokens: list[str]) -> list[str]:
        """The same words, unknown ones replaced by the likeliest known one of the message's language, if there is any.

        Returns ``tokens`` itself when nothing changes.
        """
        places = [self._index.get(token) for token in tokens]
        if None not in places:
            return tokens
        heard = [place for place in places if place is not None]
        language = int(self._weights[heard].sum(axis=0).argmax()) if heard else None
        mended = [
            token if place is not None else self._likeliest(token, language)
            for token, place in zip(tokens, places, strict=True)
        ]
        return tokens if mended == tokens else mended

    def _likeliest(self, token: str, language: int | None) -> str:
        heard = sound(token)
        if len(token) < SHORTEST or len(heard) < SHORTEST or "0" in token:
            return token
        keys = np.array([checksum(key) for key in _shorter(heard)], dtype=np.uint32)
        first, last = np.searchsorted(self._keys, keys), np.searchsorted(self._keys, keys, "right")
        found = {int(place) for a, b in zip(first, last, strict=True) for place in self._places[a:b]}
        best, best_rank = token, (False, 0)
        for place in sorted(found):
            word = self._words[place]
            other = sound(word)
            counts = self._counts[place]
            rank = (other == heard, int(counts.sum() if language is None else counts[language]))
            if abs(len(other) - len(heard)) <= 1 and rank[1] and rank > best_rank:
                best, best_rank = word, rank
        return best

    def save(self, folder: Path) -> None:
        """Writes ``lexicon.json`` and ``lexicon.npz``."""
        (folder / "lexicon.json").write_text(json.dumps(self._words, ensure_ascii=False), encoding="utf-8")
        np.savez(folder / "lexicon.npz", counts=self._counts, keys=self._keys, places=self._places)

    @classmethod
    def load(cls, folder: Path) -> Lexicon:
        """Reads what :meth:`save` wrote."""
        known = json.loads((folder / "lexicon.json").read_text(encoding="utf-8"))
        with np.load(folder / "lexicon.npz", allow_pickle=False) as arrays:
            return cls(known, arrays["counts"], arrays["keys"], arrays["places"])


def count_words(examples: Iterable[tuple[str, list[str]]], tables: Iterable[dict[str, Any]]) -> dict[str, Counter[str]]:
    """Language → how often each word stands in the examples and in the concepts' forms."""
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for language, tokens in examples:
        said[language].update(tokens)
    for table in tables:
        language = str(table["name"]).partition(".")[0]
        for form in table["elements"]:
            if not form.endswith("*"):
                said[language].update(words(form))
    return dict(sorted(said.items()))
