"""Many spellings, one form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.understanding.spelling import fold, ngrams, sound, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ƙasar waje", "kasar waje"),
        ("Ɗan'uwana ya ɓata", "dan'uwana ya bata"),
        ("a’a", "a'a"),
        ("Ŋ go", "n go"),
        ("Répondez à l'ÉCOLE", "repondez a l'ecole"),
        ("heeeelp", "help"),
        ("œuvre", "oeuvre"),
    ],
)
def test_fold(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("choukoula", "shukula"), ("djini", "jini"), ("tchi", "chi"), ("dokke", "doke")],
)
def test_sound_joins_french_influenced_and_doubled_letters(one: str, other: str) -> None:
    assert sound(one) == sound(other)


@given(st.text(max_size=200))
def test_folding_is_stable_and_total(text: str) -> None:
    once = fold(text)
    assert fold(once) == once
    assert all(sound(word) for word in words(text))
    assert list(ngrams(words(text)))


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz ", max_size=60))
def test_case_does_not_matter(text: str) -> None:
    assert fold(text.upper()) == fold(text)
