"""One model for the whole run, one engine for all scripted conversations."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

os.environ.setdefault("TQDM_DISABLE", "1")

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def model() -> Path:
    """The current model, trained at most once per run (and not at all when the data has not changed)."""
    from bot.training import default_models_dir, ensure_model

    folder = default_models_dir()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".training.lock").open("w") as lock:
        # Another worker of the same run may be training it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        return ensure_model()


@pytest.fixture(scope="session")
def dialogue(model: Path) -> object:
    """The real engine on the real content."""
    from bot.dialogue import Dialogue
    from webhook.engine import services_of

    return Dialogue.load(model, ROOT / "content", services=services_of(demo=True))


@pytest.fixture(scope="session")
def specs() -> Path:
    """The third-party specifications beside the repository; tests that need them skip without."""
    folder = SHARED / "specs"
    if not folder.is_dir():
        pytest.skip("../shared/specs is not here: tests against third-party specifications are skipped")
    return folder
