"""Every intent, in four languages, through each door: the answer is the one that the person came for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.memory.conversation import Conversation
from bot.messages import CHANNELS, Incoming
from bot.rendering import SMS_MAX_PARTS, TELEGRAM_MAX_UTF16, sms_parts, utf16_units

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SCENES = yaml.safe_load((Path(__file__).parent / "every_intent.yml").read_text(encoding="utf-8"))
LANGUAGES = ("ha", "dje", "fr", "en")
CASES = [(intent, language) for intent in SCENES for language in LANGUAGES]


def start(language: str) -> dict[str, Any]:
    return Conversation(language=language, hinted=True).dump(NOW)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(("intent", "language"), CASES)
def test_the_answer(dialogue: Any, intent: str, language: str, channel: str) -> None:
    scene = SCENES[intent]
    turn = dialogue.answer(start(language), Incoming(channel, "c", scene[language]), NOW)
    keys = [reply.key for reply in turn.replies]
    wanted = tuple(scene["key"].split("|"))
    assert any(key.startswith(wanted) for key in keys), f"{keys} for '{scene[language]}'"
    for reply in turn.replies:
        assert reply.language == language
        assert reply.text
        assert "{" not in reply.text
        if channel == "sms":
            assert sms_parts(reply.text) <= SMS_MAX_PARTS
        if channel == "telegram":
            assert utf16_units(reply.text) <= TELEGRAM_MAX_UTF16
        if channel == "voice" and language in ("ha", "dje"):
            assert reply.audio or reply.spoken in ("fr", "en")
