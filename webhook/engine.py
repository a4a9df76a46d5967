"""The dialogue as the environment asks for it: model folder, content, directory, mode."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from bot.dialogue import Dialogue
from bot.training import ROOT, default_models_dir, ensure_model


def load_dialogue(progress: Callable[[str], None]) -> Dialogue:
    """Loads the engine, training first when the model is stale."""
    model = ensure_model(default_models_dir(), progress)
    return Dialogue.load(
        model,
        ROOT / "content",
        reviewed_only=os.environ.get("HANKALI_REVIEWED_ONLY") == "1",
        hotline_number=os.environ.get("TWILIO_VOICE_FROM", ""),
    )


CONTENT: Path = ROOT / "content"
