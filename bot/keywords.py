"""Words that always work, whatever the engine does: matched on the whole message, in every language at once."""

from __future__ import annotations

from pathlib import Path

from bot.catalogue import ContentError, read_yaml
from bot.live_file import LiveFile
from bot.understanding.spelling import words

KEYWORDS_FILE = Path(__file__).resolve().parent.parent / "content" / "keywords.yml"
MEANINGS = ("stop", "erase", "leave", "help", "language", "more", "unknown", "start")


def read_keywords(file: Path) -> dict[str, str]:
    """Folded word → meaning. Raises ContentError when a meaning is unknown or has no words: help must never vanish."""
    data = read_yaml(file)
    if unknown := sorted(map(str, set(data) - set(MEANINGS))):
        raise ContentError(f"{file}: unknown meaning '{unknown[0]}'")
    for meaning in MEANINGS:
        if not isinstance(data.get(meaning), list) or not data[meaning]:
            raise ContentError(f"{file}: '{meaning}' needs a list of words")
    return {"".join(words(str(form))): meaning for meaning, forms in data.items() for form in forms}


KEYWORDS = LiveFile(KEYWORDS_FILE, read_keywords)


def meaning(text: str) -> str:
    """``stop erase leave help language more unknown start``, or empty when the message is no such word.

    Case, accents, spaces, punctuation and emoji do not matter.
    """
    stripped = "".join(text.split())
    if stripped == "*":
        return "leave"
    folded = "".join(word for word in words(text) if word != "?")
    return KEYWORDS.current().get(folded, "") if folded and len(folded) < 40 else ""


def digits(text: str) -> str:
    """The keys pressed, when the message is nothing but one digit (or ``*``); otherwise empty.

    Keypad emoji and Arabic-Indic digits count as digits.
    """
    kept = "".join(c for c in text if c.isdigit() or c in "*#" or c.isalpha())
    if kept == "*":
        return kept
    if len(kept) == 1 and kept.isdecimal():
        return str(int(kept))
    return ""


def calls_for_help(text: str) -> bool:
    """True for messages that no limit may hold back: the help words, ``5`` and ``4``."""
    return meaning(text) == "help" or digits(text) in ("4", "5")
