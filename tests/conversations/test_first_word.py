"""A word that always works, as the first message: it has a language too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.messages import Incoming

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "language"),
    [
        ("TAIMAKO", "ha"),
        ("taimake ni", "ha"),
        ("goge", "ha"),
        ("DAINA", "ha"),
        ("HELP ME", "en"),
        ("aide", "fr"),
        ("gaakasinay", "dje"),
    ],
)
def test_a_new_sender_is_answered_in_the_language_of_the_word(dialogue: Any, word: str, language: str) -> None:
    turn = dialogue.answer(None, Incoming("sms", "somebody", word, country="NE"), NOW)
    assert turn.replies[0].language == language
