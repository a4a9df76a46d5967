"""gettext files for translators (Poedit, Weblate): one ``<lang>.po`` per language, French as the source.

``msgctxt`` is ``key.variant`` or ``key.choice.2``. What is imported is held to every rule of the content check first;
one mistake and nothing is written. Only the characters of changed texts change in the YAML files.
"""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po, write_po

from bot.catalogue import ContentError, Entry, entry_of
from bot.content_check import MASTER, TEXT_MAX, TITLE_MAX, VOICE_MAX_WORDS, Content, entry_findings
from bot.content_files import VARIANTS, ContentFile, Edits, write
from bot.content_status import digest, outdated
from bot.rendering import SMS_MAX_PARTS

PROJECT = "Hankali"
TEMPLATE = "hankali.pot"
WRAP_COLUMN = 100
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_LIMITS = {
    "text": f"Telegram and web. At most {TEXT_MAX} characters, no markup.",
    "sms": f"SMS. GSM-7 letters only (é è à ù ñ are, ç ê ɓ ƙ ŋ are not); with its choices at most {SMS_MAX_PARTS}"
    " parts. May stay empty when the text fits.",
    "voice": f"Read aloud. At most {VOICE_MAX_WORDS} words, no signs or brackets. May stay empty when the text can be"
    " read as it stands.",
    "neutral": "For eyes that should not know what this is about. Empty: the plain menu is sent instead.",
    "choice": f"A button, and a line of an SMS. At most {TITLE_MAX} characters.",
}


@dataclass(frozen=True)
class Unit:
    """One text to translate: ``name`` is a variant or ``choice.2``; ``target`` is empty when there is none yet."""

    key: str
    name: str
    source: str
    target: str

    @property
    def context(self) -> str:
        """``msgctxt``."""
        return f"{self.key}.{self.name}"


@dataclass(frozen=True, order=True)
class Refusal:
    """Why a PO file was not imported."""

    file: Path
    line: int
    context: str
    reason: str

    def __str__(self) -> str:
        return ": ".join(filter(None, (f"{self.file}:{self.line}" if self.line else str(self.file), self.context,
                                       self.reason)))  # fmt: skip


class RefusedError(ContentError):
    """At least one translation cannot be taken over; nothing was written."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = sorted(refusals)
        more = f" (and {len(refusals) - 1} more)" if len(refusals) > 1 else ""
        super().__init__(f"{self.refusals[0]}{more}")


@dataclass
class Imported:
    """What an import of one language came to: contexts changed, keys added or confirmed, and what was left alone."""

    language: str
    changed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)
    fuzzy: list[str] = field(default_factory=list)
    """Changed texts that are still marked fuzzy: not taken over."""
    unfinished: list[str] = field(default_factory=list)
    """New keys without all their texts: not taken over yet."""


def units(content: Content, language: str, possible: bool = False) -> Iterator[Unit]:
    """All texts of a language in the order of the French files. A text that only the translation has is one too.

    An entry that the language has not yet may need its own SMS or voice where the French needs none; ``possible``
    offers every variant of every entry.
    """
    for (key, code), original in content.catalogue.entries.items():
        if code != MASTER:
            continue
        entry = content.catalogue.entries.get((key, language))
        for name in VARIANTS:
            target = _own(entry, name)
            needed = entry is None and bool(language) and name in ("sms", "voice")
            if _own(original, name) or target or needed or possible:
                yield Unit(key, name, _own(original, name) or original.text, target)
        titles = [choice.title for choice in entry.choices] if entry else []
        for number, choice in enumerate(original.choices, 1):
            yield Unit(key, f"choice.{number}", choice.title, titles[number - 1] if number <= len(titles) else "")


def _own(entry: Entry | None, name: str) -> str:
    return str(entry.raw.get(name) or "").strip() if entry else ""


# ---- export


def export_po(folder: Path, target: Path, force: bool = False) -> list[Path]:
    """Writes a ``.po`` for every language but French, and a template. Returns the paths.

    Raises ContentError when the content cannot be read, or when a file there has translations that were not imported
    (unless ``force``).
    """
    content = _readable(folder)
    codes = [code for code in content.languages if code != MASTER]
    if not force:
        for code in codes:
            path = target / f"{code}.po"
            if path.exists() and _unimported(content, path, code):
                raise ContentError(f"{path} has translations that were not imported: import it first, or use --force")
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for code in codes:
        path = target / f"{code}.po"
        path.write_bytes(_po(content, code))
        written.append(path)
    (target / TEMPLATE).write_bytes(_po(content, ""))
    return [*written, target / TEMPLATE]


def _po(content: Content, language: str) -> bytes:
    locale = content.languages[language].locale if language else None
    name = content.languages[language].name if language else "template"
    catalog = Catalog(
        locale=locale, project=PROJECT, version="1", charset="utf-8", fuzzy=False, creation_date=datetime.now(UTC),
        header_comment=f"# {PROJECT}: {name}. See docs/content.md.",
    )  # fmt: skip
    for unit in units(content, language):
        late = bool(language) and outdated(content.catalogue, unit.key, language)
        path, line = content.line(unit.key, MASTER, unit.name)
        message = catalog.add(
            unit.source,
            unit.target if language else "",
            context=unit.context,
            locations=[(str(path.relative_to(content.folder.parent)), line)],
            auto_comments=list(_comments(content, unit, language, late)),
        )
        # Babel guesses formats from the French; "100 % d'accord" is none.
        message.flags &= {"fuzzy"}
        if late and unit.target:
            message.flags.add("fuzzy")
        if _PLACEHOLDER.search(unit.source):
            message.flags.add("python-brace-format")
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=WRAP_COLUMN)
    return buffer.getvalue()


def _comments(content: Content, unit: Unit, language: str, late: bool) -> Iterator[str]:
    yield _LIMITS[unit.name.partition(".")[0]]
    names = dict.fromkeys(_PLACEHOLDER.findall(unit.source))
    if names:
        yield f"Keep as they are: {' '.join('{' + name + '}' for name in names)}"
    if unit.name.startswith("choice."):
        choice = content.catalogue.entries[unit.key, MASTER].choices[int(unit.name[7:]) - 1]
        yield f"Leads to {choice.payload}"
    elif unit.name == "text" and content.catalogue.sources.get(unit.key):
        yield f"Source: {content.catalogue.sources[unit.key]}"
    entry = content.catalogue.entries.get((unit.key, language))
    if entry and entry.reviewed:
        yield f"Reviewed by {entry.raw.get('reviewed_by')} on {entry.raw.get('reviewed_on')}"
    if late and entry:
        yield "The French has changed since this was translated."


def _unimported(content: Content, path: Path, language: str) -> bool:
    plan = _Plan(content, path, language)
    return bool(plan.refusals or plan.report.changed or plan.report.added or plan.report.fuzzy or plan.report.confirmed
                or plan.report.unfinished)  # fmt: skip


# ---- import


def import_po(folder: Path, source: Path) -> list[Imported]:
    """Takes over ``source/<lang>.po`` for each language there is. Raises RefusedError with every mistake."""
    content = _readable(folder)
    paths = sorted(source.glob("*.po"))
    if not paths:
        raise ContentError(f"{source}: there is no .po file")
    unknown = [path for path in paths if path.stem not in content.languages or path.stem == MASTER]
    if unknown:
        raise ContentError(f"{unknown[0]}: '{unknown[0].stem}' is no language that is translated from {MASTER}")
    plans = [_Plan(content, path, path.stem) for path in paths]
    refusals = [refusal for plan in plans for refusal in plan.refusals]
    if refusals:
        raise RefusedError(refusals)
    # Every new file is made and read again before the first one is written.
    write([file for plan in plans for file in plan.files()])
    return [plan.report for plan in plans]


class _Plan:
    """What one PO file would change. Built completely before anything is written."""

    def __init__(self, content: Content, path: Path, language: str) -> None:
        self.report = Imported(language)
        self.refusals: list[Refusal] = []
        self._content = content
        self._language = language
        self._path = path
        self._units = {unit.context: unit for unit in units(content, language, possible=True)}
        self._lines: dict[str, int] = {}
        self._changes: dict[str, dict[str, str]] = defaultdict(dict)
        self._unsure: set[str] = set()
        """Keys with a text that is fuzzy, or whose French is not today's."""
        self._seen: set[str] = set()
        for message in self._messages():
            self._read(message)
        self._complete_new()
        for key in list(self._changes):
            self._judge(key)
        self._confirm()

    def _messages(self) -> Iterator[Message]:
        try:
            with self._path.open("rb") as handle:
                catalog = read_po(handle, abort_invalid=True)
        except PoFileError as error:
            self._refuse(getattr(error, "lineno", 0) + 1, "", f"no PO file: {error}")
            return
        except (UnicodeDecodeError, ValueError, LookupError) as error:
            self._refuse(0, "", f"no PO file: {error}")
            return
        yield from (message for message in catalog if message.id)

    def _refuse(self, line: int, context: str, reason: str) -> None:
        self.refusals.append(Refusal(self._path, line, context, " ".join(reason.split())))

    def _read(self, message: Message) -> None:
        context, line = str(message.context or ""), message.lineno or 0
        unit = self._units.get(context)
        if not isinstance(message.id, str) or not isinstance(message.string, str | type(None)):
            self._refuse(line, context, "there are no plural forms here")
            return
        text = (message.string or "").strip()
        if unit is None:
            if text:
                self._refuse(line, context or message.id[:40], "there is no such text; export again")
            return
        if context in self._seen:
            self._refuse(line, context, "stands twice")
            return
        self._seen.add(context)
        self._lines[context] = line
        stale = message.id.strip() != unit.source
        if text and (message.fuzzy or stale):
            self._unsure.add(unit.key)
        if text == unit.target:
            return
        if not text:
            self._refuse(line, context, "is empty, and there was a text")
        elif message.fuzzy:
            self.report.fuzzy.append(context)
        elif stale:
            self._refuse(line, context, f"the {MASTER} text has changed since this file was exported; export again")
        else:
            self._changes[unit.key][unit.name] = text

    def _complete_new(self) -> None:
        """An entry that the language has not yet is taken when its text and all its titles are there."""
        for key in list(self._changes):
            if (key, self._language) in self._content.catalogue.entries:
                continue
            needed = {"text", *(unit.name for unit in self._units.values()
                                if unit.key == key and unit.name.startswith("choice."))}  # fmt: skip
            if needed - set(self._changes[key]) or key in self._unsure:
                self.report.unfinished.append(key)
                del self._changes[key]

    def _judge(self, key: str) -> None:
        """Holds an entry with its new texts to the rules; a mistake that was there before is not the translator's."""
        catalogue, language = self._content.catalogue, self._language
        original, before = catalogue.entries[key, MASTER], catalogue.entries.get((key, language))
        data = self._data(key)
        path = self._file_path(key)
        known = set(entry_findings(before, original, catalogue)) if before else set()
        try:
            after = entry_of(path, key, language, data)
        except ContentError as error:
            self._refuse(self._line(key, ""), key, str(error).removeprefix(f"{path}: "))
            return
        for name, reason in entry_findings(after, original, catalogue):
            if (name, reason) not in known:
                line = self._line(key, name)
                self._refuse(line, f"{key}.{name}" if f"{key}.{name}" in self._units else key, reason)
        for name in self._changes[key]:
            (self.report.changed if before else self.report.added).append(f"{key}.{name}")

    def _line(self, key: str, name: str) -> int:
        """The PO line of a field, or of the first text changed in its entry."""
        if name in self._changes[key]:
            return self._lines[f"{key}.{name}"]
        return min(self._lines[f"{key}.{changed}"] for changed in self._changes[key])

    def _data(self, key: str) -> dict[str, Any]:
        """The entry as it would be."""
        catalogue = self._content.catalogue
        before = catalogue.entries.get((key, self._language))
        original = catalogue.entries[key, MASTER]
        data: dict[str, Any] = dict(before.raw) if before else {"status": "draft"}
        changes = self._changes[key]
        data.update({name: text for name, text in changes.items() if not name.startswith("choice.")})
        choices = [dict(c) for c in data.get("choices") or ()]
        choices = choices or [{"title": c.title, "payload": c.payload} for c in original.choices]
        for name, text in changes.items():
            if name.startswith("choice."):
                number = int(name.removeprefix("choice."))
                if number <= len(choices):
                    choices[number - 1]["title"] = text
                else:
                    context = f"{key}.{name}"
                    self._refuse(self._lines[context], context, "the choice is missing in the YAML file")
        if choices:
            data["choices"] = choices
        if data.get("status") == "reviewed":
            # Nobody has read the new words yet.
            data["status"] = "draft"
            data.pop("reviewed_by", None)
            data.pop("reviewed_on", None)
        return data

    def _confirm(self) -> None:
        """An entry whose texts are all there, none fuzzy, all from today's French, is no longer outdated."""
        wanted: dict[str, set[str]] = defaultdict(set)
        for unit in self._units.values():
            if unit.target:
                wanted[unit.key].add(unit.context)
        for key, contexts in wanted.items():
            late = outdated(self._content.catalogue, key, self._language)
            if late and contexts <= self._seen and key not in self._unsure:
                self.report.confirmed.append(key)

    def _file_path(self, key: str) -> Path:
        place = self._content.places.get((key, self._language))
        if place:
            return place.path
        return self._content.folder / self._language / self._content.places[key, MASTER].path.name

    def files(self) -> list[ContentFile]:
        """The changed files, not written yet."""
        edits: dict[Path, Edits] = {}
        catalogue = self._content.catalogue
        for key in dict.fromkeys((*self._changes, *self.report.confirmed)):
            path = self._file_path(key)
            if path not in edits:
                known = self._content.files.get(path)
                edits[path] = Edits(known or ContentFile.parse(path, "# French is the master.\n"))
            edit, entry = edits[path], catalogue.entries.get((key, self._language))
            now = digest(catalogue.entries[key, MASTER])
            if entry is None:
                edit.add_entry(key, {**self._data(key), "of": now})
                continue
            for name, text in self._changes.get(key, {}).items():
                if name.startswith("choice."):
                    edit.set_title(key, int(name.removeprefix("choice.")), text)
                else:
                    edit.set_field(key, name, text)
            if key in self._changes and entry.reviewed:
                edit.set_field(key, "status", "draft")
                edit.drop_field(key, "reviewed_by")
                edit.drop_field(key, "reviewed_on")
            if key in self.report.confirmed:
                edit.set_field(key, "of", now)
        return [edit.result() for edit in edits.values()]


def _readable(folder: Path) -> Content:
    content = Content.read(folder)
    if content.unreadable:
        raise ContentError(content.unreadable[0].shown(folder.parent))
    return content
