"""Sentence families: near-copies of one sentence, kept together when a tenth of the examples is held out."""

from __future__ import annotations

import hashlib
import heapq
from collections import defaultdict
from collections.abc import Sequence

from bot.understanding.spelling import sound, words

SIMILAR = 0.6
"""Two messages whose character trigrams overlap this much (Jaccard) are one family."""
LOOKED_AT = 8
"""How many earlier messages with the same rare trigram are compared; authors write near-copies near each other."""
HELD_OUT_SHARE = 10
"""One family in this many is held out."""


def _trigrams(text: str) -> frozenset[str]:
    joined = "_" + "_".join(sound(word) for word in words(text)) + "_"
    return frozenset(joined[i : i + 3] for i in range(len(joined) - 2)) or frozenset((joined,))


def families(texts: Sequence[str]) -> list[int]:
    """The family number of each text: connected components of similarity, whatever the intent or language."""
    grams = [_trigrams(text) for text in texts]
    parent = list(range(len(texts)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    # Jaccard > SIMILAR implies that a rare trigram is shared; candidates come from each text's rarest ones.
    frequency: dict[str, int] = defaultdict(int)
    for g in grams:
        for gram in g:
            frequency[gram] += 1
    postings: dict[str, list[int]] = defaultdict(list)
    for i, g in enumerate(grams):
        rarest = heapq.nsmallest(min(10, int(len(g) * (1 - SIMILAR)) + 1), g, key=lambda gram: (frequency[gram], gram))
        for gram in rarest:
            for j in postings[gram][-LOOKED_AT:]:
                if root(i) != root(j) and len(g & grams[j]) / len(g | grams[j]) >= SIMILAR:
                    parent[root(i)] = root(j)
            postings[gram].append(i)
    return [root(i) for i in range(len(texts))]


def held_out(texts: Sequence[str]) -> list[bool]:
    """Which texts belong to the held-out tenth: whole families, chosen by a digest of their first member."""
    numbers = families(texts)
    first: dict[int, str] = {}
    for number, text in zip(numbers, texts, strict=True):
        first[number] = min(first.get(number, text), text)
    chosen = {
        number: int(hashlib.sha256(text.encode()).hexdigest(), 16) % HELD_OUT_SHARE == 0
        for number, text in first.items()
    }
    return [chosen[number] for number in numbers]
