"""The trained model: where it is, whether it is stale, and how it is made."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT_MODELS = 2

Progress = Callable[[str], None]


class TrainingError(Exception):
    """Rasa refused the data; the message says why in one line."""


def default_models_dir() -> Path:
    """``HANKALI_MODELS``, by default ``var/models`` beside the code."""
    return Path(os.environ.get("HANKALI_MODELS") or ROOT / "var" / "models")


def _sources() -> Iterator[Path]:
    yield ROOT / "config.yml"
    yield ROOT / "bot" / "domain.yml"
    for folder, pattern in (("nlu", "*.yml"), ("stories", "*.yml"), ("bot/understanding", "*.py")):
        yield from sorted((ROOT / folder).rglob(pattern))
    yield ROOT / "bot" / "rasa_seams" / "rules.py"


def fingerprint() -> str:
    """A digest of everything that the model is made from."""
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def current_model(models: Path) -> Path | None:
    """The model trained from the data as it is now, or None when there is none (stale or never trained)."""
    path = models / f"hankali-{fingerprint()}.tar.gz"
    return path if path.is_file() else None


def ensure_model(models: Path | None = None, progress: Progress = lambda line: None) -> Path:
    """Returns the current model, training it first when needed (about a minute)."""
    models = models or default_models_dir()
    found = current_model(models)
    if found:
        return found
    progress("training the model (about a minute, once)")
    return train(models, progress)


def train(models: Path | None = None, progress: Progress = lambda line: None) -> Path:
    """Trains with ``rasa train`` and returns the model's path; raises TrainingError."""
    from bot import rasa_seams  # noqa: PLC0415

    rasa_seams.install()
    from rasa.model_training import train as rasa_train  # noqa: PLC0415
    from rasa.shared.exceptions import RasaException  # noqa: PLC0415

    models = models or default_models_dir()
    models.mkdir(parents=True, exist_ok=True)
    name = f"hankali-{fingerprint()}"
    try:
        result = rasa_train(
            domain=str(ROOT / "bot" / "domain.yml"),
            config=str(ROOT / "config.yml"),
            training_files=[str(ROOT / "nlu"), str(ROOT / "stories")],
            output=str(models),
            fixed_model_name=name,
            force_training=True,
        )
    except (RasaException, ValueError) as error:
        raise TrainingError(" ".join(str(error).split())) from error
    if not result.model:
        raise TrainingError("Rasa trained no model (see the lines above)")
    progress(f"trained {name}")
    for old in sorted(models.glob("hankali-*.tar.gz"), key=lambda p: p.stat().st_mtime)[:-KEPT_MODELS]:
        old.unlink(missing_ok=True)
    return Path(result.model)
