"""Slips of a thumb are mended by the words that the language knows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.understanding.lexicon import Lexicon, count_words

SAID = {
    "fr": Counter({"passeport": 9, "patron": 8, "travail": 5, "pere": 3, "on": 50}),
    "ha": Counter({"fasfo": 7, "aiki": 9, "gida": 4, "patron": 1}),
}
LEXICON = Lexicon.learn(SAID, 1)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("on passport travail", "on passeport travail"),  # dropped
        ("on patrron travail", "on patron travail"),  # doubled
        ("on partон travail", "on partон travail"),  # letters of another script are left
        ("on ptaron travail", "on patron travail"),  # swapped
        ("on patsom travail", "on patsom travail"),  # two slips are too many
        ("aiki fasfu gida", "aiki fasfo gida"),  # another letter
        ("on pt 000", "on pt 000"),  # short words and numbers stay
        ("zzzz", "zzzz"),
    ],
)
def test_one_slip_is_mended(typed: str, meant: str) -> None:
    assert LEXICON.corrected(typed.split()) == meant.split()


def test_known_words_are_not_touched_and_the_same_list_comes_back() -> None:
    tokens = ["patron", "gida"]
    assert LEXICON.corrected(tokens) is tokens


@given(st.lists(st.text(alphabet="abcdefgino0", min_size=1, max_size=9), max_size=6))
def test_as_many_words_as_were_typed(tokens: list[str]) -> None:
    assert len(LEXICON.corrected(tokens)) == len(tokens)


def test_comes_back_from_disk(tmp_path: Path) -> None:
    LEXICON.save(tmp_path)
    assert Lexicon.load(tmp_path).corrected(["on", "passport"]) == ["on", "passeport"]


def test_words_of_examples_and_concepts_count_by_language() -> None:
    said = count_words([("ha", ["aiki", "aiki"])], [{"name": "fr.PAY", "elements": ["règle tout", "paie*"]}])
    assert said == {"fr": Counter({"regle": 1, "tout": 1}), "ha": Counter({"aiki": 2})}
