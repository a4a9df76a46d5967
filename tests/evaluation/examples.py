"""The training examples read quickly, without Rasa: for splitting and for comparing classifiers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("ha", "dje", "fr", "en")


@dataclass(frozen=True)
class Example:
    """One line of ``nlu/``, with what its block says."""

    file: Path
    language: str
    intent: str
    urgent: bool
    signs: tuple[str, ...]
    text: str


def examples() -> list[Example]:
    """All examples of all languages, in file order."""
    found = []
    for path in sorted((ROOT / "nlu").rglob("*.yml")):
        for block in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["nlu"]:
            if "intent" not in block:
                continue
            metadata = block["metadata"]
            found += [
                Example(
                    path,
                    metadata["language"],
                    block["intent"],
                    bool(metadata.get("urgent")),
                    tuple(metadata.get("signs") or ()),
                    line.strip()[2:].strip(),
                )
                for line in block["examples"].splitlines()
                if line.strip().startswith("- ")
            ]
    return found


def concept_tables() -> list[dict[str, object]]:
    """The lookup tables of nlu/<language>/concepts.yml as Rasa hands them over."""
    tables = []
    for path in sorted((ROOT / "nlu").rglob("concepts.yml")):
        for block in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["nlu"]:
            lines = (block.get("examples") or "").splitlines()
            forms = [line.strip()[2:].strip() for line in lines if line.strip().startswith("- ")]
            tables.append({"name": block["lookup"], "elements": forms})
    return tables
