"""Content in words, without the engine: what contacts and persons are told by the desk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.catalogue import LiveCatalogue
from bot.messages import Reply, Say
from bot.rendering import render

DEFAULT_LANGUAGE = "fr"


class Wording:
    """Says one content key. Thread-safe."""

    def __init__(self, content: Path, reviewed_only: bool = False) -> None:
        self._catalogue = LiveCatalogue(content, reviewed_only)

    def replies(self, key: str, language: str, channel: str, /, *, then: str = "", **values: Any) -> tuple[Reply, ...]:
        """The key in a language and for a channel (e-mail: as telegram), in as many messages as it takes.

        ``then``: a key said after it in the same turn; only that one offers its choices.
        """
        catalogue = self._catalogue.current()
        code = language if language in catalogue.languages else DEFAULT_LANGUAGE
        says = [Say(key, values), *([Say(then)] if then else ())]
        return render(says, catalogue, code, "telegram" if channel == "email" else channel)

    def text(self, key: str, language: str, channel: str, /, **values: Any) -> str:
        """The same as one text."""
        return "\n".join(reply.text for reply in self.replies(key, language, channel, **values))
