"""What can be said: entries read from ``content/<language>/<topic>.yml`` (docs/content.md), found with fallback."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.messages import Choice

AUDIO_SUFFIXES = (".mp3", ".wav", ".ogg")
POLL_SECONDS = 2.0


class ContentError(Exception):
    """The content cannot be used; the message names file and reason."""


@dataclass(frozen=True)
class Language:
    """One language of ``content/languages.yml``. ``say`` is the provider's voice language, empty without one."""

    code: str
    name: str
    locale: str
    fallback: tuple[str, ...]
    say: str = ""


@dataclass(frozen=True)
class Entry:
    """One key in one language. ``sms`` and ``voice`` fall back to ``text``; ``topic`` is the file's name."""

    key: str
    language: str
    topic: str
    text: str
    sms: str
    voice: str
    neutral: str
    choices: tuple[Choice, ...]
    reviewed: bool
    audio: str | None = None
    raw: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def variant(self, channel: str) -> str:
        """The words for a channel (telegram, sms, voice)."""
        return {"sms": self.sms, "voice": self.voice}.get(channel, self.text)


@dataclass(frozen=True)
class Catalogue:
    """One immutable version of the content."""

    languages: dict[str, Language]
    entries: dict[tuple[str, str], Entry]
    sources: dict[str, str]
    reviewed_only: bool = False

    def find(self, key: str, language: str, channel: str = "telegram") -> Entry:
        """The entry to use for ``key``, along the language's fallback chain.

        By voice an entry can be used when it has a recording or its language a provider voice. Raises KeyError when
        nothing in the chain will do (``hankali content check`` and the start of the service find that out first).
        """
        for code in self.chain(language):
            entry = self.entries.get((key, code))
            if entry is None or (self.reviewed_only and not entry.reviewed):
                continue
            if channel == "voice" and not entry.audio and not self.languages[code].say:
                continue
            return entry
        raise KeyError(f"no usable text for '{key}' in {' → '.join(self.chain(language))}")

    def chain(self, language: str) -> tuple[str, ...]:
        """The language and those looked in after it."""
        return (language, *self.languages[language].fallback)

    def keys(self) -> Iterator[str]:
        """All keys, once each."""
        return iter(dict.fromkeys(key for key, _ in self.entries))

    @classmethod
    def load(cls, folder: Path, reviewed_only: bool = False) -> Catalogue:
        """Reads everything below ``folder``; raises ContentError naming the first file that cannot be read."""
        languages = {
            code: Language(
                code,
                str(data["name"]),
                str(data["locale"]),
                tuple(data.get("fallback") or ()),
                str(data.get("say") or ""),
            )
            for code, data in read_yaml(folder / "languages.yml").items()
        }
        entries: dict[tuple[str, str], Entry] = {}
        for code in languages:
            audio = {p.stem: f"{code}/{p.name}" for p in _audio_files(folder / code / "audio")}
            for path in sorted((folder / code).glob("*.yml")):
                for key, data in read_yaml(path).items():
                    if (key, code) in entries:
                        raise ContentError(f"{path}: key '{key}' stands twice in language '{code}'")
                    entries[key, code] = _entry(path, key, code, data, audio.get(key))
        sources_file = folder / "sources.yml"
        sources = {k: str(v) for k, v in read_yaml(sources_file).items()} if sources_file.exists() else {}
        return cls(languages, entries, sources, reviewed_only)


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML mapping; raises ContentError with file and line."""
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"{path}: {error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise ContentError(f"{path}{line}: {getattr(error, 'problem', error)}") from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ContentError(f"{path}: a mapping of keys was expected")
    return data


def _audio_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("*") if p.suffix in AUDIO_SUFFIXES) if folder.is_dir() else []


def _entry(path: Path, key: str, language: str, data: Any, audio: str | None) -> Entry:
    if not isinstance(data, dict):
        raise ContentError(f"{path}: key '{key}' is not an entry (text, sms, voice …)")
    text = str(data.get("text") or "").strip()
    sms, voice = (str(data.get(name) or "").strip() for name in ("sms", "voice"))
    text = text or voice or sms
    if not text:
        raise ContentError(f"{path}: key '{key}' has no text")
    try:
        choices = tuple(Choice(str(c["title"]), str(c["payload"])) for c in data.get("choices") or ())
    except (KeyError, TypeError) as error:
        raise ContentError(f"{path}: key '{key}': a choice needs title and payload") from error
    return Entry(
        key,
        language,
        path.stem,
        text,
        sms or text,
        voice or text,
        str(data.get("neutral") or "").strip(),
        choices,
        data.get("status") == "reviewed",
        audio,
        data,
    )


class LiveCatalogue:
    """The current catalogue; picks up changed files, and keeps the last good one when they are broken."""

    def __init__(self, folder: Path, reviewed_only: bool = False, poll_seconds: float = POLL_SECONDS) -> None:
        self._folder = folder
        self._reviewed_only = reviewed_only
        self._poll_seconds = poll_seconds
        self._lock = threading.Lock()
        self._stamp = self._files_stamp()
        self._catalogue = Catalogue.load(folder, reviewed_only)
        self._next_look = time.monotonic() + poll_seconds
        self.problem = ""
        """Why the files as they are now cannot be used; empty while they can."""

    def current(self) -> Catalogue:
        """The catalogue to use for one turn. Looks at the files at most every ``poll_seconds``."""
        if time.monotonic() >= self._next_look and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._catalogue

    def _look(self) -> None:
        self._next_look = time.monotonic() + self._poll_seconds
        stamp = self._files_stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            fresh = Catalogue.load(self._folder, self._reviewed_only)
            from bot.content_check import fatal_problems  # noqa: PLC0415

            problems = fatal_problems(fresh)
            if problems:
                raise ContentError(problems[0])
        except ContentError as error:
            self.problem = str(error)
            return
        self.problem = ""
        self._catalogue = fresh

    def _files_stamp(self) -> tuple[tuple[str, int, int], ...]:
        files = (p for p in self._folder.rglob("*") if p.is_file())
        return tuple(sorted((str(p), p.stat().st_mtime_ns, p.stat().st_size) for p in files))
