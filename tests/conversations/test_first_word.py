"""A word that always works, as the first message: it has a language too."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.catalogue import LiveCatalogue
from bot.messages import Incoming
from tests.conftest import ROOT

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


def test_a_language_that_is_taken_out_of_the_content_is_not_taken_from_a_word(
    dialogue: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = Path(shutil.copytree(ROOT / "content", tmp_path / "content"))
    file = content / "languages.yml"
    languages = yaml.safe_load(file.read_text(encoding="utf-8"))
    del languages["dje"]
    file.write_text(yaml.safe_dump(languages, allow_unicode=True, sort_keys=False), encoding="utf-8")
    shutil.rmtree(content / "dje")
    monkeypatch.setattr(dialogue, "_catalogue", LiveCatalogue(content))
    turn = dialogue.answer(None, Incoming("sms", "somebody", "gaakasinay", country="NE"), NOW)
    assert turn.replies[0].language == "fr"
