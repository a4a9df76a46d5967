"""Rasa's output channel for us: it collects the instructions of actions and sends nothing."""

from __future__ import annotations

from typing import Any

from rasa.core.channels.channel import OutputChannel


class InstructionChannel(OutputChannel):
    """Keeps the ``custom`` part of every message, in order."""

    def __init__(self) -> None:
        self.instructions: list[dict[str, Any]] = []

    @classmethod
    def name(cls) -> str:
        """Rasa's name of the channel."""
        return "hankali"

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Takes note of one message."""
        custom = message.get("custom")
        if custom:
            self.instructions.append(custom)
