"""What can be said: entries read from ``content/<language>/<topic>.yml`` (docs/content.md), found with fallback."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from bot.messages import Choice

CONTENT = Path(__file__).resolve().parent.parent / "content"
RECORDED_FILE = "recorded.yml"
"""In each audio folder: key → digest of the words that were recorded (written by ``hankali audio import``)."""
AUDIO_SUFFIXES = (".mp3", ".wav", ".ogg")
POLL_SECONDS = 2.0


class ContentError(Exception):
    """The content cannot be used; the message names file and reason."""


@dataclass(frozen=True)
class Language:
    """One language of ``content/languages.yml``. ``say`` is the provider's voice language, empty without one.

    ``also``: what people call it besides its own name.
    """

    code: str
    name: str
    locale: str
    fallback: tuple[str, ...]
    say: str = ""
    also: tuple[str, ...] = ()


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

    def find(self, key: str, language: str, channel: str = "telegram", recordable: bool = True) -> Entry:
        """The entry to use for ``key``, along the language's fallback chain.

        By voice an entry can be used when it has a recording or its language a provider voice; a recording is of no
        use when the words change with each call (``recordable`` false). Raises KeyError when
        nothing in the chain will do (``hankali content check`` and the start of the service find that out first).
        """
        for code in self.chain(language):
            entry = self.entries.get((key, code))
            if entry is None or (self.reviewed_only and not entry.reviewed):
                continue
            if channel == "voice" and not (entry.audio and recordable) and not self.languages[code].say:
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
        languages = read_languages(folder / "languages.yml", read_yaml(folder / "languages.yml"))
        entries: dict[tuple[str, str], Entry] = {}
        for code in languages:
            audio = {p.stem: f"{code}/{p.name}" for p in _audio_files(folder / code / "audio")}
            recorded = recorded_words(folder / code / "audio")
            for path in sorted((folder / code).glob("*.yml")):
                for key, data in read_yaml(path).items():
                    if (key, code) in entries:
                        raise ContentError(f"{path}: key '{key}' stands twice in language '{code}'")
                    entry = entry_of(path, key, code, data, audio.get(key))
                    # A recording of other words or keys than today's is not played; the fallback language is.
                    late = key in recorded and recorded[key] != spoken_digest(entry, languages)
                    entries[key, code] = replace(entry, audio=None) if late else entry
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


def read_languages(path: Path, data: dict[str, Any]) -> dict[str, Language]:
    """The languages of ``languages.yml``; raises ContentError for one without name, locale or known fallback."""
    languages = {}
    for code, fields in data.items():
        if not isinstance(fields, dict) or not fields.get("name") or not fields.get("locale"):
            raise ContentError(f"{path}: language '{code}' needs name and locale")
        fallback = fields.get("fallback") or ()
        if not isinstance(fallback, list | tuple):
            raise ContentError(f"{path}: fallback of '{code}' is a list such as [fr]")
        unknown = [name for name in fallback if name not in data or name == code]
        if unknown:
            raise ContentError(f"{path}: '{code}' falls back to '{unknown[0]}', which is no other language")
        also = fields.get("also") or ()
        if not isinstance(also, list | tuple):
            raise ContentError(f"{path}: also of '{code}' is a list of names")
        languages[str(code)] = Language(
            str(code),
            str(fields["name"]),
            str(fields["locale"]),
            tuple(fallback),
            str(fields.get("say") or ""),
            tuple(map(str, also)),
        )
    if not languages:
        raise ContentError(f"{path}: no language")
    return languages


_last_codes: dict[Path, tuple[str, ...]] = {}


def language_codes(folder: Path = CONTENT) -> tuple[str, ...]:
    """The languages of ``languages.yml``; the last that could be read while an editor's file is broken.

    Raises ContentError when it never could be.
    """
    path = folder / "languages.yml"
    try:
        _last_codes[path] = tuple(read_languages(path, read_yaml(path)))
    except ContentError:
        if path not in _last_codes:
            raise
    return _last_codes[path]


def entry_of(path: Path, key: str, language: str, data: Any, audio: str | None = None) -> Entry:
    """An entry from what its file says; raises ContentError when it says nothing usable."""
    if not isinstance(key, str):
        raise ContentError(f"{path}: key '{key}' is not a word (quote it)")
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
    if any(not choice.title.strip() or not choice.payload.startswith("/") for choice in choices):
        raise ContentError(f"{path}: key '{key}': a choice needs a title and a payload such as /show_menu")
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


_last_good: dict[tuple[Path, bool], Catalogue] = {}
"""Per folder, what was usable last in this process (or its parent, before a fork)."""


def usable(folder: Path, reviewed_only: bool = False) -> Catalogue:
    """Loads what is in ``folder``. Raises ContentError when somebody could be left without words.

    The first reason is given; ``hankali content check`` gives all.
    """
    from bot.content_check import fatal_problems  # noqa: PLC0415

    catalogue = Catalogue.load(folder, reviewed_only)
    problems = fatal_problems(catalogue)
    if problems:
        raise ContentError(problems[0])
    return catalogue


def recorded_words(folder: Path) -> dict[str, str]:
    """Key → digest of the words of its recording, for those that were imported; empty when nothing was."""
    file = folder / RECORDED_FILE
    return {str(key): str(words) for key, words in read_yaml(file).items()} if file.exists() else {}


def spoken_digest(entry: Entry, languages: Iterable[str]) -> str:
    """Eight hex digits of what a recording of this entry says: its words, and which key leads where."""
    offered = [[choice.title, choice.payload] for choice in entry.choices]
    listed = list(languages) if entry.key == "language_menu" else []
    said = json.dumps([entry.voice, offered, listed], ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()[:8]


class LiveCatalogue:
    """The current catalogue; picks up changed files, and keeps the last good one when they are broken.

    Raises ContentError when the files are broken at the first start. A worker that is started again later goes on with
    what its parent process had loaded.
    """

    def __init__(self, folder: Path, reviewed_only: bool = False, poll_seconds: float = POLL_SECONDS) -> None:
        self._folder = folder
        self._reviewed_only = reviewed_only
        self._poll_seconds = poll_seconds
        self._lock = threading.Lock()
        self._held = threading.local()
        self.problem = ""
        """Why the files as they are now cannot be used; empty while they can."""
        self._stamp = self._files_stamp()
        try:
            self._catalogue = usable(folder, reviewed_only)
        except ContentError as error:
            if (folder, reviewed_only) not in _last_good:
                raise
            self.problem = str(error)
            self._catalogue = _last_good[folder, reviewed_only]
        _last_good[folder, reviewed_only] = self._catalogue
        self._next_look = time.monotonic() + poll_seconds

    def current(self) -> Catalogue:
        """The catalogue to use now. Looks at the files at most every ``poll_seconds``."""
        held: Catalogue | None = getattr(self._held, "catalogue", None)
        if held is not None:
            return held
        if time.monotonic() >= self._next_look and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._catalogue

    @contextmanager
    def held(self) -> Iterator[Catalogue]:
        """One turn, one version: within it :meth:`current` is the same for this thread, whatever changes meanwhile."""
        self._held.catalogue = self.current()
        try:
            yield self._held.catalogue
        finally:
            del self._held.catalogue

    def _look(self) -> None:
        self._next_look = time.monotonic() + self._poll_seconds
        try:
            stamp = self._files_stamp()
            if stamp == self._stamp:
                return
            # Remembered before loading: what changes while we read is looked at next time.
            self._stamp = stamp
            fresh = usable(self._folder, self._reviewed_only)
            self._refuse_losses(fresh)
        except Exception as error:
            # Whatever an editor's file does, the last good words go on.
            self.problem = str(error) if isinstance(error, ContentError) else f"{type(error).__name__}: {error}"
            return
        self.problem = ""
        self._catalogue = _last_good[self._folder, self._reviewed_only] = fresh

    def _refuse_losses(self, fresh: Catalogue) -> None:
        """A file that was cut short may still be YAML: what the program says must not vanish while it runs."""
        lost = set(self._catalogue.keys()) - set(fresh.keys())
        if lost:
            from bot.content_usage import Usage  # noqa: PLC0415

            said = sorted(lost & Usage.of_code().said)
            if said:
                raise ContentError(f"{self._folder}: key '{said[0]}' is gone, and the program says it")

    def _files_stamp(self) -> tuple[tuple[str, int, int], ...]:
        stamp = []
        for path in self._folder.rglob("*"):
            if path.suffix not in (".yml", *AUDIO_SUFFIXES) or path.name.startswith("."):
                continue
            try:
                found = path.stat()
            except OSError:
                # An editor replaces a file by removing it first.
                continue
            stamp.append((str(path), found.st_mtime_ns, found.st_size))
        return tuple(sorted(stamp))
