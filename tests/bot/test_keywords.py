"""Words that always work: any case, accents or not, spaces, punctuation and emoji around."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.keywords import calls_for_help, digits, meaning

CONTRACT = {
    "stop": ["STOP", "ARRET", "ARRETER", "DAINA", "BARI"],
    "erase": ["ERASE", "EFFACER", "GOGE", "SHAFE"],
    "leave": ["*", "EXIT", "QUITTER", "FITA"],
    "help": ["HELP", "AIDE", "SOS", "TAIMAKO", "TAIMAKE NI", "A TAIMAKE NI", "CETO", "AGAJI"],
}
ALL = [(word, name) for name, words in CONTRACT.items() for word in words]


@pytest.mark.parametrize(("word", "name"), ALL)
def test_the_words_of_the_contract(word: str, name: str) -> None:
    assert meaning(word) == name


@pytest.mark.parametrize("text", ["Arrêt", " s.o.s !!", "aide !", "🙏 Tàimako 🙏", "taimake   ni"])
def test_dressed_up(text: str) -> None:
    assert meaning(text) in ("stop", "help")


decorations = st.text(alphabet=" .!,;:-'…😀🙏\u200f\n", max_size=4)


@given(st.sampled_from([pair for pair in ALL if pair[0] != "*"]), decorations, decorations, st.booleans())
def test_decoration_and_case_do_not_matter(pair: tuple[str, str], before: str, after: str, lower: bool) -> None:
    word, name = pair
    assert meaning(before + (word.lower() if lower else word) + after) == name


@pytest.mark.parametrize(
    "text", ["", "stop him", "please help my sister", "how do I stop the bus", "bonjour", "?", "5"]
)
def test_other_messages_are_no_keyword(text: str) -> None:
    assert meaning(text) == ""


@pytest.mark.parametrize(
    ("text", "key"), [("1", "1"), (" 2️⃣ ", "2"), ("٣", "3"), ("*", "*"), ("12", ""), ("1a", ""), ("", "")]
)
def test_digits(text: str, key: str) -> None:
    assert digits(text) == key


def test_calls_for_help_are_never_limited() -> None:
    assert calls_for_help("SOS")
    assert calls_for_help("5")
    assert not calls_for_help("bonjour")


@given(st.text(max_size=60))
def test_any_text_is_harmless(text: str) -> None:
    assert meaning(text) in ("", "stop", "erase", "leave", "help", "language", "more", "unknown", "start")
    assert len(digits(text)) <= 1
