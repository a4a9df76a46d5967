"""The dialogue as the environment asks for it: model folder, content, directory, mode."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from bot.actions import Services
from bot.dialogue import Dialogue
from bot.places import Places
from bot.referral.directory import EXAMPLE, LiveDirectory
from bot.training import ROOT, default_models_dir, ensure_model

CONTENT = ROOT / "content"


def services_of(
    *,
    demo: bool,
    contacts: str | Path | None = None,
    hotline_number: str = "",
    test_service: bool = False,
    without_consent: frozenset[str] = frozenset(),
    legal_basis: str = "",
) -> Services:
    """What actions look things up in. ``contacts`` is the directory's file; demo mode has the fictional example."""
    file = Path(contacts) if contacts else EXAMPLE if demo else None
    return Services(
        Places(CONTENT / "places.yml"),
        directory=LiveDirectory(file, allow_examples=demo) if file else None,
        hotline_number=hotline_number,
        test_service=test_service,
        without_consent=without_consent,
        legal_basis=legal_basis,
    )


def load_dialogue(progress: Callable[[str], None]) -> Dialogue:
    """The engine for a command that serves no door; trains first when the model is stale."""
    model = ensure_model(default_models_dir(), progress)
    environment = os.environ.get
    return Dialogue.load(
        model,
        CONTENT,
        reviewed_only=environment("HANKALI_REVIEWED_ONLY") == "1",
        services=services_of(
            demo=environment("HANKALI_MODE") != "production",
            contacts=environment("HANKALI_CONTACTS"),
            hotline_number=environment("TWILIO_VOICE_FROM", ""),
        ),
    )
