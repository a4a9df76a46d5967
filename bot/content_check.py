"""What is wrong with the content: same keys everywhere, placeholders that match, texts that fit their door."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smsutil import split

from bot.catalogue import Catalogue, Entry
from bot.rendering import GSM, SMS_MAX_PARTS, fold_for_sms, utf16_units

MASTER = "fr"
TEXT_MAX = 900
VOICE_MAX_WORDS = 45
"""About 20 seconds of speech before the first choice."""
TITLE_MAX = 20
PAYLOAD_MAX_BYTES = 64
MAX_CHOICES = 4
ALERT_TOPIC = "alerts"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_PAYLOAD = re.compile(r'^/[a-z_]+(\{("[a-z_]+":"[^"]*",?)+\})?$')


def fatal_problems(catalogue: Catalogue) -> list[str]:
    """What would leave somebody without an answer: a key that the fallback chain of a language cannot say."""
    problems = []
    for code in catalogue.languages:
        for name in catalogue.languages[code].fallback:
            if name not in catalogue.languages:
                problems.append(f"languages.yml: '{code}' falls back to unknown '{name}'")
    for key in catalogue.keys():
        for code in catalogue.languages:
            for channel in ("telegram", "voice"):
                try:
                    catalogue.find(key, code, channel)
                except KeyError as error:
                    problems.append(str(error.args[0]))
    return list(dict.fromkeys(problems))


def problems(catalogue: Catalogue) -> list[str]:
    """Everything ``hankali content check`` refuses, one line each: file, key, reason."""
    found = fatal_problems(catalogue)
    master = {key for key, code in catalogue.entries if code == MASTER}
    for code in catalogue.languages:
        have = {key for key, language in catalogue.entries if language == code}
        found += [f"content/{code}: key '{key}' is missing" for key in sorted(master - have)]
        found += [f"content/{code}: key '{key}' does not exist in {MASTER}" for key in sorted(have - master)]
    found += [f"content/sources.yml: key '{key}' has no source" for key in sorted(master - set(catalogue.sources))]
    for entry in catalogue.entries.values():
        original = catalogue.entries.get((entry.key, MASTER))
        found += [f"content/{entry.language}/{entry.topic}.yml: {entry.key}: {reason}" for reason in _of(entry)]
        if original is not None and original is not entry:
            found += [
                f"content/{entry.language}/{entry.topic}.yml: {entry.key}: {reason}"
                for reason in _against(entry, original)
            ]
    return found


def _of(entry: Entry) -> Iterator[str]:
    if utf16_units(entry.text) > TEXT_MAX:
        yield f"text has {utf16_units(entry.text)} characters, at most {TEXT_MAX}"
    numbered = "\n".join(f"{n} {c.title}" for n, c in enumerate(entry.choices, 1))
    parts = split(fold_for_sms("\n".join(filter(None, (_PLACEHOLDER.sub("", entry.sms), numbered)))))
    bad = sorted({c for c in fold_for_sms(entry.sms + numbered) if split(c).encoding != GSM})
    if bad:
        yield f"sms is not GSM-7: {' '.join(bad)}"
    budget = 1 if entry.topic == ALERT_TOPIC else SMS_MAX_PARTS
    if len(parts.parts) > budget:
        yield f"sms with its choices takes {len(parts.parts)} parts, at most {budget}"
    if len(entry.voice.split()) > VOICE_MAX_WORDS:
        yield f"voice has {len(entry.voice.split())} words, at most {VOICE_MAX_WORDS}"
    if len(entry.choices) > MAX_CHOICES:
        yield f"{len(entry.choices)} choices, at most {MAX_CHOICES}"
    for choice in entry.choices:
        if len(choice.title) > TITLE_MAX:
            yield f"choice '{choice.title}' has {len(choice.title)} characters, at most {TITLE_MAX}"
        if len(choice.payload.encode()) > PAYLOAD_MAX_BYTES:
            yield f"payload '{choice.payload}' is longer than {PAYLOAD_MAX_BYTES} bytes"
        if not _PAYLOAD.match(choice.payload):
            yield f"payload '{choice.payload}' is no /intent or /intent{{\"name\":\"value\"}}"
    if entry.reviewed and not (entry.raw.get("reviewed_by") and entry.raw.get("reviewed_on")):
        yield "reviewed needs reviewed_by and reviewed_on"
    if entry.raw.get("status") not in ("draft", "reviewed"):
        yield "status is draft or reviewed"


def _against(entry: Entry, original: Entry) -> Iterator[str]:
    if [c.payload for c in entry.choices] != [c.payload for c in original.choices]:
        yield f"choices lead elsewhere than in {MASTER}"
    wanted = set(_PLACEHOLDER.findall(original.text))
    given = set(_PLACEHOLDER.findall(entry.text))
    for name in sorted(wanted - given):
        yield f"placeholder {{{name}}} is missing"
    allowed = wanted | set(_PLACEHOLDER.findall(original.sms)) | set(_PLACEHOLDER.findall(original.voice))
    for name in sorted((given | set(_PLACEHOLDER.findall(entry.sms + entry.voice))) - allowed):
        yield f"placeholder {{{name}}} does not exist in {MASTER}"
