"""One spelling for the many ways people write: accents, hooked letters, French-influenced and doubled letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

_SPECIAL = str.maketrans(
    {
        "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y", "ŋ": "n", "ɲ": "ny", "œ": "oe", "æ": "ae", "ß": "ss", "ø": "o",
        "’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "‐": "-", "–": "-", "—": "-", "¿": "?", "؟": "?",
    }
)  # fmt: skip
_GLOTTAL = re.compile(r"([aeiou])'([aeiou])")
_WORD = re.compile(r"[^\W_]+|\?")
_DIGIT = re.compile(r"\d")
_STRETCHED = re.compile(r"(.)\1{2,}")
_DOUBLED = re.compile(r"(.)\1")
_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"tch", "ch"), (r"sch", "sh"), (r"ch", "sh"), (r"dj", "j"), (r"gn", "ny"), (r"ph", "f"), (r"q(?:u)?", "k"),
        (r"ou", "u"), (r"ck", "k"), (r"h(?=[^aeiou]|$)", ""), (r"w", "u"), (r"y", "i"), (r"z", "s"),
    )
)  # fmt: skip
SMALLEST_NGRAM, LARGEST_NGRAM = 2, 5
MAX_CHARACTERS = 1500
"""Longer messages are understood by their beginning; no one is asked to count."""


def fold(text: str) -> str:
    """Lower case, ASCII-like letters, single spaces; ``?`` kept as a word, other signs and emoji dropped.

    >>> fold("Ina ƙasar waje… Kuɗi!!")
    'ina kasar waje kudi'
    """
    return " ".join(words(text))


def words(text: str) -> list[str]:
    """The folded words of ``text``; every digit becomes 0, so that an amount is like another."""
    # Compatibility forms first (mathematical bold has no lower case of its own), and once more after the case.
    text = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).casefold().translate(_SPECIAL)
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()
    text = _GLOTTAL.sub(r"\1\2", text)
    return [_STRETCHED.sub(r"\1", _DIGIT.sub("0", word)) for word in _WORD.findall(text)]


@lru_cache(maxsize=8192)
def sound(word: str) -> str:
    """A rougher form of a folded word, under which usual variants meet (``choukoula``/``shukula``)."""
    for pattern, to in _SOUNDS:
        word = pattern.sub(to, word)
    return _DOUBLED.sub(r"\1", word) or "_"


def ngrams(tokens: list[str], typed: list[str] | None = None) -> Iterator[str]:
    """Features of a message from its folded words: words, pairs, and character n-grams within each word's sound.

    ``typed``: the words before slips were mended; theirs are added to the character n-grams. Terms may come twice.
    """
    yield "n:" + ("1" if len(tokens) == 1 else "2" if len(tokens) < 4 else "3" if len(tokens) < 9 else "4")
    previous = "^"
    for token in tokens:
        yield "w:" + token
        yield "b:" + previous + " " + token
        previous = token
    yield "b:" + previous + " $"
    for token in tokens:
        yield from _characters(token)
    if typed is not None and typed is not tokens:
        for token in typed:
            yield from _characters(token)


def _characters(token: str) -> Iterator[str]:
    padded = "_" + sound(token) + "_"
    for size in range(SMALLEST_NGRAM, LARGEST_NGRAM + 1):
        if size >= len(padded):
            yield "c:" + padded
            break
        for start in range(len(padded) - size + 1):
            yield "c:" + padded[start : start + size]
