"""Rasa's natural language generator: a response names a content key; the words come later, for one door."""

from __future__ import annotations

from typing import Any

from rasa.core.nlg.generator import NaturalLanguageGenerator


class CatalogueNlg(NaturalLanguageGenerator):
    """Turns ``utter_x`` into an instruction to say content key ``x`` (bot/rendering.py finds the words)."""

    def __init__(self, endpoint_config: Any = None, domain: Any = None) -> None:
        pass

    async def generate(
        self, utter_action: str, tracker: Any, output_channel: str, **kwargs: Any
    ) -> dict[str, Any] | None:
        """Returns a Rasa message whose ``custom`` part is read by bot.dialogue."""
        return {"custom": {"say": utter_action.removeprefix("utter_"), "values": kwargs.get("values") or {}}}
