"""Text on its way in: bounded and free of what no store or document can hold."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

MAX_TEXT_CHARACTERS = 4096
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Drops control characters and lone surrogates; keeps the first MAX_TEXT_CHARACTERS characters."""
    return _NOT_XML.sub("", text[: MAX_TEXT_CHARACTERS * 2])[:MAX_TEXT_CHARACTERS]


def xml(text: str) -> str:
    """Text inside an element or a double-quoted attribute."""
    return escape(_NOT_XML.sub("", text), {'"': "&quot;"})
