"""What is wrong with the content: every file read, every rule of docs/content.md, each problem with file and line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from smsutil import split

from bot.catalogue import AUDIO_SUFFIXES, Catalogue, ContentError, Entry, Language, entry_of, read_languages
from bot.content_files import FIELDS, VARIANTS, ContentFile
from bot.content_usage import Usage, domain
from bot.messages import Choice
from bot.rendering import GSM, SMS_MAX_PARTS, fill, fold_for_sms, sms_parts, utf16_units

MASTER = "fr"
TEXT_MAX = 900
VOICE_MAX_WORDS = 45
"""About 20 seconds of speech before the first choice."""
TITLE_MAX = 20
PAYLOAD_MAX_BYTES = 64
MAX_CHOICES = 4
ALERT_TOPIC = "alerts"
LANGUAGE_MENU = "language_menu"
LANGUAGE_FIELDS = ("name", "also", "locale", "fallback", "say")
STATUSES = ("draft", "reviewed")
REPEATED_WITHOUT_LIMIT = frozenset(("signs", "asks", "reasons"))
"""Placeholders filled by a list: such a text may take several messages, its own words may not."""
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_BRACE = re.compile(r"[{}]")
_PAYLOAD = re.compile(r'/([a-z_]+)(\{("[a-z_]+":"[^"]*"(,(?="))?)+\})?')
_PAYLOAD_VALUE = re.compile(r'"([a-z_]+)":"([^"]*)"')
_KEY = re.compile(r"[a-z0-9_]{1,80}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_NOT_SPOKEN = re.compile(r"[()\[\]<>*#/&%=_@|~^\\•→]|(?m:^\s*-)")
_SPOKEN_NEVER = re.compile(r"alert|relay")
"""Keys that only case workers read."""


@dataclass(frozen=True, order=True)
class Problem:
    """One line of ``hankali content check``. ``line`` is 0 when the whole file is meant."""

    path: Path
    line: int
    key: str
    reason: str

    def shown(self, base: Path) -> str:
        """``content/fr/check.yml:12: offer_start: reason``, the path below ``base`` where possible."""
        path = self.path.relative_to(base) if self.path.is_relative_to(base) else self.path
        return ": ".join(filter(None, (f"{path}:{self.line}" if self.line else str(path), self.key, self.reason)))


@dataclass
class Content:
    """All files of a content folder as they stand, those that cannot be read left out and reported."""

    folder: Path
    languages: dict[str, Language] = field(default_factory=dict)
    files: dict[Path, ContentFile] = field(default_factory=dict)
    places: dict[tuple[str, str], ContentFile] = field(default_factory=dict)
    """(key, language) → the file in which that entry stands."""
    catalogue: Catalogue = field(default_factory=lambda: Catalogue({}, {}, {}))
    unreadable: list[Problem] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> Content:
        """Never raises for what an editor wrote: see ``unreadable``."""
        content = cls(folder)
        if listed := content._file(folder / "languages.yml"):
            try:
                content.languages = read_languages(listed.path, listed.data)
            except ContentError as error:
                content._unreadable(listed.path, error)
        sources = content._file(folder / "sources.yml")
        entries: dict[tuple[str, str], Entry] = {}
        for code in content.languages:
            recorded = {
                p.stem: f"{code}/{p.name}"
                for p in sorted((folder / code / "audio").glob("*"))
                if p.suffix in AUDIO_SUFFIXES
            }
            for path in sorted((folder / code).glob("*.yml")):
                file = content._file(path)
                for key, data in file.data.items() if file else ():
                    line = file.lines.get(str(key), 0) if file else 0
                    if (key, code) in entries:
                        content.unreadable.append(Problem(path, line, str(key), "stands in another file too"))
                        continue
                    try:
                        entries[key, code] = entry_of(path, key, code, data, recorded.get(key))
                        content.places[key, code] = content.files[path]
                    except ContentError as error:
                        content._unreadable(path, error, line)
        said = {str(key): str(value) for key, value in (sources.data if sources else {}).items()}
        content.catalogue = Catalogue(content.languages, entries, said)
        return content

    def line(self, key: str, language: str, name: str = "") -> tuple[Path, int]:
        """File and line of an entry's field."""
        file = self.places[key, language]
        places = file.entries.get(key)
        return file.path, places.line_of(name) if places else file.lines.get(key, 0)

    def _file(self, path: Path) -> ContentFile | None:
        try:
            self.files[path] = ContentFile.read(path)
        except ContentError as error:
            self._unreadable(path, error)
            return None
        return self.files[path]

    def _unreadable(self, path: Path, error: ContentError, line: int = 0) -> None:
        said = re.fullmatch(r"(?s)(.*?)(?::(\d+))?: (.*)", str(error).removeprefix(str(path)))
        found, reason = (int(said.group(2) or 0), said.group(3)) if said else (0, str(error))
        self.unreadable.append(Problem(path, found or line, "", " ".join(reason.split())))


def fatal_problems(catalogue: Catalogue) -> list[str]:
    """What would leave somebody without an answer: a key that the fallback chain of a language cannot say."""
    problems = []
    changing = {key for (key, _), entry in catalogue.entries.items() if _PLACEHOLDER.search(entry.voice)}
    for key in dict.fromkeys(key for key, _ in catalogue.entries):
        for code in catalogue.languages:
            for channel in ("telegram", "voice"):
                try:
                    catalogue.find(key, code, channel, key not in changing)
                except KeyError as error:
                    problems.append(str(error.args[0]))
    return list(dict.fromkeys(problems))


def check(folder: Path) -> list[Problem]:
    """Everything ``hankali content check`` refuses, by file and line."""
    content = Content.read(folder)
    found = list(content.unreadable)
    found += _structure(content)
    found += _usage(content)
    for entry in content.catalogue.entries.values():
        original = content.catalogue.entries.get((entry.key, MASTER))
        for name, reason in entry_findings(entry, original, content.catalogue):
            path, line = content.line(entry.key, entry.language, name)
            found.append(Problem(path, line, entry.key, reason))
        if original and original.neutral and not entry.neutral:
            found.append(Problem(*content.line(entry.key, entry.language), entry.key, "neutral is missing"))
    found += _languages(content)
    found += _keywords(content)
    found += _places(content)
    found += _recordings(content)
    if not content.unreadable:
        found += [Problem(folder, 0, "", reason) for reason in fatal_problems(content.catalogue)]
    return sorted(set(found))


# ---- one entry


def entry_findings(entry: Entry, original: Entry | None, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """(field, reason) for one entry, by itself and against the French one. Fields: see EntryPlaces.line_of."""
    yield from _of(entry, catalogue)
    if original is not None and original is not entry:
        yield from _against(entry, original)


def _of(entry: Entry, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    raw = entry.raw
    for name in sorted(str(n) for n in set(raw) - set(FIELDS)):
        yield name, f"'{name}' is no field of an entry ({', '.join(FIELDS)})"
    for name in VARIANTS:
        if name in raw and not isinstance(raw[name], str):
            yield name, f"{name} is {type(raw[name]).__name__}, not text: put it in quotes"
        elif name in raw and not raw[name].strip():
            yield name, f"{name} is empty"
        elif name in raw and _BRACE.search(_PLACEHOLDER.sub("", raw[name])):
            yield name, f"{name} has a brace that is no {{placeholder}}"
    if not raw.get("text"):
        yield "text", "there is no text"
    if utf16_units(entry.text) > TEXT_MAX:
        yield "text", f"text has {utf16_units(entry.text)} characters, at most {TEXT_MAX}"
    yield from _sms(entry, catalogue)
    if not _SPOKEN_NEVER.match(entry.key):
        yield from _voice(entry)
    yield from _choices(entry, catalogue)
    yield from _review(entry)


def _sms(entry: Entry, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    at = "sms" if "sms" in entry.raw else "text"
    missing = "" if at == "sms" else " (there is no sms, so the text is sent)"
    numbered = numbered_choices(entry.choices)
    if bad := not_gsm(entry.sms):
        yield at, f"sms is not GSM-7: {' '.join(bad)}{missing}"
    for number, choice in enumerate(entry.choices, 1):
        if wrong := not_gsm(choice.title):
            yield f"choice.{number}", f"choice '{choice.title}' is not GSM-7: {' '.join(wrong)}"
    limit = 1 if entry.topic == ALERT_TOPIC else SMS_MAX_PARTS
    budget = f"at most {limit}{missing}"
    plain = "\n".join(filter(None, (_PLACEHOLDER.sub("", entry.sms), numbered)))
    parts = sms_parts(fold_for_sms(plain))
    if parts > limit:
        yield at, f"sms with its choices takes {parts} parts, {budget}"
    elif (names := set(_PLACEHOLDER.findall(entry.sms))) and not names & REPEATED_WITHOUT_LIMIT:
        filled = "\n".join(filter(None, (with_examples(entry, "sms", catalogue), numbered)))
        parts = sms_parts(fold_for_sms(filled))
        if parts > limit:
            yield at, f"sms with ordinary values in its placeholders takes {parts} parts, {budget}"
    if entry.neutral:
        if wrong := not_gsm(entry.neutral):
            yield "neutral", f"neutral is not GSM-7: {' '.join(wrong)}"
        elif sms_parts(fold_for_sms(entry.neutral)) > SMS_MAX_PARTS:
            yield "neutral", f"neutral takes more than {SMS_MAX_PARTS} SMS parts"


def _voice(entry: Entry) -> Iterator[tuple[str, str]]:
    at = "voice" if "voice" in entry.raw else "text"
    missing = "" if at == "voice" else " (there is no voice, so the text is read)"
    words = _PLACEHOLDER.sub(" ", entry.voice)
    if len(words.split()) > VOICE_MAX_WORDS:
        yield at, f"voice has {len(words.split())} words, at most {VOICE_MAX_WORDS}{missing}"
    if unspoken := sorted({m.group().strip() for m in _NOT_SPOKEN.finditer(words)}):
        yield at, f"voice has signs that nobody can read aloud: {' '.join(unspoken)}{missing}"


def _choices(entry: Entry, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    if len(entry.choices) > MAX_CHOICES:
        yield "choices", f"{len(entry.choices)} choices, at most {MAX_CHOICES}"
    given = entry.raw.get("choices") or ()
    for number, (item, choice) in enumerate(zip(given, entry.choices, strict=False), 1):
        at = f"choice.{number}"
        for name in sorted(str(n) for n in set(item) - {"title", "payload"}):
            yield at, f"a choice has title and payload, not '{name}'"
        if not isinstance(item["title"], str):
            yield at, f"title {item['title']} is {type(item['title']).__name__}, not text: put it in quotes"
        if len(choice.title) > TITLE_MAX:
            yield at, f"choice '{choice.title}' has {len(choice.title)} characters, at most {TITLE_MAX}"
        if "\n" in choice.title or _PLACEHOLDER.search(choice.title):
            yield at, "a title is one line without placeholders"
        for reason in _payload(choice.payload, catalogue):
            yield at, reason
    for what, values in (("title", [c.title for c in entry.choices]), ("payload", [c.payload for c in entry.choices])):
        for number, value in enumerate(values, 1):
            if value in values[: number - 1]:
                yield f"choice.{number}", f"{what} '{value}' stands twice"


def _payload(payload: str, catalogue: Catalogue) -> Iterator[str]:
    matched = _PAYLOAD.fullmatch(payload)
    if not matched:
        yield f'payload \'{payload}\' is no /intent or /intent{{"name":"value"}}'
        return
    if len(payload.encode()) > PAYLOAD_MAX_BYTES:
        yield f"payload '{payload}' is longer than {PAYLOAD_MAX_BYTES} bytes"
    intent = matched.group(1)
    if intent not in domain()["intents"]:
        yield f"payload '{payload}': there is no intent '{intent}' in bot/domain.yml"
    for name, value in _PAYLOAD_VALUE.findall(matched.group(2) or ""):
        if name not in domain()["entities"]:
            yield f"payload '{payload}': there is no '{name}' in bot/domain.yml"
        if name == "topic" and (value, MASTER) not in catalogue.entries:
            yield f"payload '{payload}': there is no key '{value}'"
        if name == "topic" and not value.startswith(("topic_", "ask_", "radio_")):
            yield f"payload '{payload}': the key of a topic begins with topic_"
        if name == "language" and value not in catalogue.languages:
            yield f"payload '{payload}': there is no language '{value}'"


def _review(entry: Entry) -> Iterator[tuple[str, str]]:
    raw = entry.raw
    status = raw.get("status")
    if status not in STATUSES:
        yield "status", "status is draft or reviewed"
    if entry.reviewed:
        if not str(raw.get("reviewed_by") or "").strip() or not raw.get("reviewed_on"):
            yield "status", "reviewed needs reviewed_by and reviewed_on"
        elif not (day := _date(raw["reviewed_on"])):
            yield "reviewed_on", "reviewed_on is a date such as 2026-11-30"
        elif day > date.today():
            yield "reviewed_on", f"reviewed_on {day} has not come yet"
    elif raw.get("reviewed_by") or raw.get("reviewed_on"):
        yield "status", "a draft has no reviewed_by and no reviewed_on"


def _date(value: Any) -> date | None:
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        return None


def _against(entry: Entry, original: Entry) -> Iterator[tuple[str, str]]:
    if [c.payload for c in entry.choices] != [c.payload for c in original.choices]:
        yield "choices", f"choices lead elsewhere than in {MASTER}"
    if entry.topic != original.topic:
        yield "key", f"stands in {entry.topic}.yml, in {MASTER} in {original.topic}.yml"
    everywhere = {name for v in ("text", "sms", "voice") for name in _PLACEHOLDER.findall(getattr(original, v))}
    for name in sorted(set(_PLACEHOLDER.findall(entry.neutral)) - everywhere):
        yield "neutral", f"placeholder {{{name}}} does not exist in {MASTER}"
    for variant in ("text", "sms", "voice"):
        at = variant if variant in entry.raw else "text"
        wanted = set(_PLACEHOLDER.findall(getattr(original, variant)))
        given = set(_PLACEHOLDER.findall(getattr(entry, variant)))
        shown = "" if at == variant else f" in {variant}"
        for name in sorted(wanted - given):
            yield at, f"placeholder {{{name}}} is missing{shown}"
        for name in sorted(given - everywhere):
            yield at, f"placeholder {{{name}}} does not exist in {MASTER}{shown}"


def not_gsm(text: str) -> list[str]:
    """The characters that make the text an UCS-2 message of 70 characters, after what the program folds."""
    return sorted(character for character in set(fold_for_sms(text)) if not _in_gsm(character))


@cache
def _in_gsm(character: str) -> bool:
    return bool(split(character).encoding == GSM)


def numbered_choices(choices: Iterable[Choice]) -> str:
    """The choices as they stand below an SMS."""
    return "\n".join(f"{number} {choice.title}" for number, choice in enumerate(choices, 1))


def with_examples(entry: Entry, channel: str, catalogue: Catalogue) -> str:
    """The entry's words with ordinary, rather long values in its placeholders."""
    try:
        return fill(entry, {**_examples(catalogue, entry.language), **_LISTS}, catalogue, channel)
    except (KeyError, ValueError):
        # A value's own key is missing; that is reported where it is missing.
        return _PLACEHOLDER.sub("", entry.variant(channel))


_WEDNESDAY = {"moment": "2026-11-25T08:00"}
_PHONE = {"phone": "+22790000000"}
_LISTS: dict[str, Any] = {
    name: ["sign_documents_taken"] for name in ("signs", "reasons")
} | {"asks": ["sign_documents_taken_ask"]}  # fmt: skip


def _examples(catalogue: Catalogue, language: str) -> dict[str, Any]:
    number = {"key": "contact_number", "phone": _PHONE, "mark": ""}
    return {
        "reference": {"reference": "482913"},
        "urgency": {"key": _longest(catalogue, language, "urgency_")},
        "region": {"key": _longest(catalogue, language, "region_")},
        "language": {"language": max(catalogue.languages, key=lambda code: len(catalogue.languages[code].name))},
        "number": _PHONE,
        "link": "https://hotline.example.org/console",
        "contacts": [number, number, number],
        "contact_kind": {"key": _longest(catalogue, language, "kind_")},
        "when": {"key": _longest(catalogue, language, "when_"), "moment": _WEDNESDAY},
        "moment": _WEDNESDAY,
        "phone": _PHONE,
        "mark": "",
        "country": {"territory": "NG"},
        "office": "Tillabéri",
        "place": "Tchintabaraden",
        "contact": {"key": "office_no_number"},
        "digit": "4",
        "title": "x" * TITLE_MAX,
    }


def _longest(catalogue: Catalogue, language: str, prefix: str) -> str:
    sizes = {k: len(e.sms) for (k, code), e in catalogue.entries.items() if code == language and k.startswith(prefix)}
    return max(sizes, key=lambda key: sizes[key], default=prefix)


# ---- all files together


def _structure(content: Content) -> Iterator[Problem]:
    entries, folder = content.catalogue.entries, content.folder
    # What could not be read is reported once, not as many missing keys too.
    unread = {problem.path for problem in content.unreadable}
    for file in content.files.values():
        for twice in file.twice:
            yield Problem(file.path, twice.line, twice.entry or twice.key, f"'{twice.key}' stands twice")
    for key, code in entries:
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            path, line = content.line(key, code)
            yield Problem(path, line, str(key), "a key is made of a-z, 0-9 and _")
        if (key, MASTER) not in entries and not any(p.parent.name == MASTER for p in unread):
            path, line = content.line(key, code)
            yield Problem(path, line, key, f"does not exist in {MASTER}")
    for key, code in [k for k in entries if k[1] == MASTER]:
        for other in content.languages:
            path = folder / other / content.places[key, code].path.name
            if (key, other) not in entries and path not in unread:
                yield Problem(path, 0, key, "is missing")
        if not content.catalogue.sources.get(key):
            yield Problem(folder / "sources.yml", 0, key, "has no source")
    sources = content.files.get(folder / "sources.yml")
    for key, line in sources.lines.items() if sources and not unread else ():
        if (key, MASTER) not in entries:
            yield Problem(sources.path, line, key, f"does not exist in {MASTER}")  # type: ignore[union-attr]
    for path in sorted(folder.iterdir() if folder.is_dir() else ()):
        if path.is_dir() and not path.name.startswith(".") and path.name not in content.languages:
            yield Problem(path, 0, "", "is no language of languages.yml")


def _usage(content: Content) -> Iterator[Problem]:
    if content.unreadable:
        return
    usage, keys = Usage.of_code(), {key for key, code in content.catalogue.entries if code == MASTER}
    for place, key in usage.missing(keys):
        yield Problem(content.folder / MASTER, 0, key, f"is missing; {place} says it")
    topics = {
        value
        for entry in content.catalogue.entries.values()
        for choice in entry.choices
        for name, value in _PAYLOAD_VALUE.findall(choice.payload)
        if name == "topic"
    }
    for key in usage.unused(keys, topics):
        path, line = content.line(key, MASTER)
        yield Problem(path, line, key, "nothing says this: no program part, no choice that leads to it")


def _languages(content: Content) -> Iterator[Problem]:
    file = content.files.get(content.folder / "languages.yml")
    if file is None:
        return
    if MASTER not in content.languages and content.languages:
        yield Problem(file.path, 0, MASTER, "the language that the others are translated from is missing")
    for code, language in content.languages.items():
        line = file.lines.get(code, 0)
        for name in sorted(set(map(str, file.data[code])) - set(LANGUAGE_FIELDS)):
            yield Problem(file.path, line, code, f"'{name}' is no field of a language ({', '.join(LANGUAGE_FIELDS)})")
        if not _LANGUAGE.fullmatch(code):
            yield Problem(file.path, line, code, "a language has a code of two or three letters")
        try:
            Locale.parse(language.locale)
        except (ValueError, UnknownLocaleError):
            reason = f"locale '{language.locale}' is unknown; take one whose numbers and dates are alike, as fr_NE"
            yield Problem(file.path, line, code, reason)
        if len(language.name) > TITLE_MAX:
            yield Problem(file.path, line, code, f"name has {len(language.name)} characters, at most {TITLE_MAX}")
        if not (content.folder / code).is_dir():
            yield Problem(file.path, line, code, f"there is no folder {code}")


def _keywords(content: Content) -> Iterator[Problem]:
    from bot.keywords import MEANINGS  # noqa: PLC0415
    from bot.understanding.spelling import words  # noqa: PLC0415

    file = content._file(content.folder / "keywords.yml")
    if file is None:
        yield from (p for p in content.unreadable if p.path.name == "keywords.yml")
        return
    seen: dict[str, str] = {}
    for meaning, forms in file.data.items():
        line = file.lines.get(str(meaning), 0)
        if meaning not in MEANINGS:
            yield Problem(file.path, line, str(meaning), f"a meaning is one of {', '.join(MEANINGS)}")
            continue
        if not isinstance(forms, list) or not forms:
            yield Problem(file.path, line, meaning, "needs a list of words")
            continue
        for form in forms:
            folded = "".join(words(form)) if isinstance(form, str) else ""
            if not folded or len(folded) >= 40:
                yield Problem(file.path, line, meaning, f"'{form}' is no word (quote it, or shorten it)")
            elif seen.setdefault(folded, meaning) != meaning:
                yield Problem(file.path, line, meaning, f"'{form}' means '{seen[folded]}' too")
    for meaning in sorted(set(MEANINGS) - set(file.data)):
        yield Problem(file.path, 0, meaning, "is missing")


def _places(content: Content) -> Iterator[Problem]:
    from bot.referral.directory import REGIONS  # noqa: PLC0415
    from bot.understanding.spelling import sound, words  # noqa: PLC0415

    file = content._file(content.folder / "places.yml")
    if file is None:
        yield from (p for p in content.unreadable if p.path.name == "places.yml")
        return
    seen: dict[tuple[str, ...], str] = {}
    for name, place in file.data.items():
        line = file.lines.get(str(name), 0)
        if not isinstance(name, str) or not isinstance(place, dict):
            yield Problem(file.path, line, str(name), "a place is written as  Name: {region: …, office: …, also: […]}")
            continue
        for wrong in sorted(map(str, set(place) - {"region", "country", "office", "also"})):
            yield Problem(file.path, line, name, f"'{wrong}' is no field of a place (region, country, office, also)")
        region, country = place.get("region"), place.get("country", "NE")
        if region not in REGIONS:
            yield Problem(file.path, line, name, f"region '{region}' is none of {', '.join(REGIONS)}")
        if not isinstance(country, str) or country not in Locale("en").territories or len(country) != 2:
            yield Problem(file.path, line, name, f"country '{country}' is no two-letter code (quote NO)")
        if (region == "abroad") == (country == "NE"):
            yield Problem(file.path, line, name, "abroad needs a country, a region of Niger has none")
        if region != "abroad" and not place.get("office"):
            yield Problem(file.path, line, name, "a place in Niger needs its nearest office")
        also = place.get("also") or []
        if not isinstance(also, list) or not all(isinstance(form, str) for form in also):
            yield Problem(file.path, line, name, "also is a list of spellings")
            continue
        for form in (name, *also):
            sounded = tuple(sound(word) for word in words(form))
            if not sounded:
                yield Problem(file.path, line, name, f"'{form}' has no letters")
            elif seen.setdefault(sounded, name) != name:
                yield Problem(file.path, line, name, f"'{form}' sounds like a spelling of '{seen[sounded]}'")


def _recordings(content: Content) -> Iterator[Problem]:
    for code in content.languages:
        for path in sorted((content.folder / code / "audio").glob("*")):
            if path.suffix not in AUDIO_SUFFIXES:
                continue
            if (path.stem, code) not in content.catalogue.entries:
                yield Problem(path, 0, path.stem, "is a recording of no key")
            elif any(path.with_suffix(other).exists() for other in AUDIO_SUFFIXES if other < path.suffix):
                yield Problem(path, 0, path.stem, "is recorded twice; keep one file")
