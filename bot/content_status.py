"""Who has written what, in which language, from which French, and who has read it: governance of the content.

Every translation keeps in ``of`` the digest of the French entry that it was made from. When the French changes, the
digests differ and the translation is outdated until somebody confirms it or brings a new one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.catalogue import Catalogue, ContentError, Entry
from bot.content_check import MASTER, Content
from bot.content_files import VARIANTS, ContentFile, Edits, write

DIGEST_CHARACTERS = 8


def digest(entry: Entry) -> str:
    """Eight hex digits of what a translator works from: the words of every variant and the titles of the choices."""
    words = [str(entry.raw.get(name) or "").strip() for name in VARIANTS]
    said = json.dumps([words, [choice.title for choice in entry.choices]], ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()[:DIGEST_CHARACTERS]


def outdated(catalogue: Catalogue, key: str, language: str) -> bool:
    """True when the French has changed since this translation was made or confirmed (or that is not known)."""
    master, entry = catalogue.entries.get((key, MASTER)), catalogue.entries.get((key, language))
    if language == MASTER or master is None or entry is None:
        return False
    return str(entry.raw.get("of") or "") != digest(master)


@dataclass(frozen=True)
class Row:
    """Counts for a language, or for one topic of it.

    ``own_sms``, ``own_voice`` and ``neutral`` are texts written for that channel; the others use the text.
    ``heard``: entries that a caller hears in this language (a recording, or a provider's voice).
    ``usable_reviewed``: entries that HANKALI_REVIEWED_ONLY=1 would say in this language.
    """

    language: str
    topic: str
    keys: int
    present: int
    own_sms: int
    own_voice: int
    neutral: int
    recorded: int
    heard: int
    drafts: int
    reviewed: int
    outdated: int

    @property
    def missing(self) -> int:
        """Keys of the French that this language has not."""
        return self.keys - self.present


def table(catalogue: Catalogue) -> tuple[Row, ...]:
    """One row per language (topic empty), each followed by its topics."""
    topics = list(dict.fromkeys(e.topic for (_, code), e in sorted(catalogue.entries.items()) if code == MASTER))
    return tuple(_row(catalogue, code, topic) for code in catalogue.languages for topic in ("", *sorted(topics)))


def _row(catalogue: Catalogue, code: str, topic: str) -> Row:
    keys = [k for (k, c), e in catalogue.entries.items() if c == MASTER and topic in ("", e.topic)]
    here = [entry for key in keys if (entry := catalogue.entries.get((key, code)))]
    reviewed = sum(entry.reviewed for entry in here)
    say = bool(catalogue.languages[code].say)
    return Row(
        code,
        topic,
        len(keys),
        len(here),
        sum("sms" in entry.raw for entry in here),
        sum("voice" in entry.raw for entry in here),
        sum(bool(entry.neutral) for entry in here),
        sum(bool(entry.audio) for entry in here),
        sum(say or bool(entry.audio) for entry in here),
        len(here) - reviewed,
        reviewed,
        sum(outdated(catalogue, entry.key, code) for entry in here),
    )


def as_json(catalogue: Catalogue) -> dict[str, object]:
    """The table with the keys that need somebody's work, by language."""
    languages: dict[str, object] = {}
    rows = table(catalogue)
    master = [key for key, code in catalogue.entries if code == MASTER]
    for code in catalogue.languages:
        own = [_numbers(row) for row in rows if row.language == code]
        languages[code] = {
            **{k: v for k, v in own[0].items() if k != "topic"},
            "topics": {str(row["topic"]): {k: v for k, v in row.items() if k != "topic"} for row in own[1:]},
            "missing_keys": [key for key in master if (key, code) not in catalogue.entries],
            "outdated_keys": [key for key in master if outdated(catalogue, key, code)],
            "draft_keys": [key for key in master if (e := catalogue.entries.get((key, code))) and not e.reviewed],
        }
    return {"master": MASTER, "languages": languages}


def _numbers(row: Row) -> dict[str, object]:
    return {**{k: v for k, v in asdict(row).items() if k != "language"}, "missing": row.missing}


def confirm(folder: Path, language: str, keys: Sequence[str], everything: bool = False) -> list[str]:
    """Notes that the translations of ``keys`` say what the French says today; returns those that were outdated.

    Raises ContentError when a key or language does not exist; then nothing is written.
    """
    content = Content.read(folder)
    if content.unreadable:
        problem = content.unreadable[0]
        raise ContentError(problem.shown(folder.parent))
    if language not in content.languages or language == MASTER:
        raise ContentError(f"'{language}' is no language that is translated from {MASTER}")
    catalogue = content.catalogue
    both = {key for key, code in catalogue.entries if code == language and (key, MASTER) in catalogue.entries}
    unknown = [key for key in keys if key not in both]
    if unknown:
        raise ContentError(f"there is no '{unknown[0]}' in {language}")
    asked = set(both if everything else keys)
    in_order = (key for key, code in catalogue.entries if code == language and key in asked)
    changed = [key for key in in_order if outdated(catalogue, key, language)]
    edits: dict[Path, Edits] = {}
    for key in changed:
        file: ContentFile = content.places[key, language]
        edits.setdefault(file.path, Edits(file)).set_field(key, "of", digest(catalogue.entries[key, MASTER]))
    write([edit.result() for edit in edits.values()])
    return changed
