"""From an instruction to say something to words for one language and one door."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from smsutil import split

from bot.catalogue import Catalogue, Entry
from bot.messages import Choice, Reply, Say
from bot.wording import worded

SMS_MAX_PARTS = 2
TELEGRAM_MAX_UTF16 = 4096
PERSON_DIGIT = "5"
LANGUAGE_MENU = "language_menu"
"""This entry's choices are the languages of languages.yml."""
GSM = "gsm0338"
"""smsutil's name of the GSM-7 alphabet (3GPP TS 23.038)."""
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_TYPOGRAPHY = str.maketrans(
    {
        "’": "'",
        "\u02bc": "'",
        "‘": "'",
        "“": '"',
        "”": '"',
        "«": '"',
        "»": '"',
        "–": "-",
        "—": "-",
        "…": "...",
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
    }
)
_FRENCH = str.maketrans(
    {**dict(zip("çêâîôûëïÊÂÎÔÛËÏÈÀÙÁáÍíÓóÚú", "ceaioueiEAIOUEIEAUAaIiOoUu", strict=True)), "œ": "oe", "Œ": "Oe"}
)


def render(
    says: Sequence[Say], catalogue: Catalogue, language: str, channel: str, neutral: bool = False
) -> tuple[Reply, ...]:
    """Words for each instruction, in order. Only the last one keeps its choices: it is what waits for an answer.

    Two numbered lists in one turn would make "2" ambiguous, and a list before an open question would take its answer.
    ``neutral``: the words for eyes that should not know what this is about, where an entry has them.
    """
    rendered = [_render_one(say, catalogue, language, channel, neutral=neutral) for say in says]
    last = len(rendered) - 1
    for index, (_, choices, _, audio) in enumerate(rendered[:last]):
        if choices and audio:
            # The recording would name keys that are not offered.
            rendered[index] = _render_one(says[index], catalogue, language, channel, recordable=False)
    replies: list[Reply] = []
    for index, (text, choices, entry, audio) in enumerate(rendered):
        kept = choices if index == last else ()
        key = says[index].key
        replies.extend(
            _finish(key, text, kept, entry=entry, audio=audio, catalogue=catalogue, language=language, channel=channel)
        )
    return tuple(replies)


def _render_one(
    say: Say, catalogue: Catalogue, language: str, channel: str, *, recordable: bool = True, neutral: bool = False
) -> tuple[str, tuple[Choice, ...], Entry, str | None]:
    recordable = recordable and not say.values and say.choices is None and not neutral
    entry = catalogue.find(say.key, language, channel, recordable)
    if neutral and entry.neutral:
        entry = replace(entry, text=entry.neutral, sms=entry.neutral, voice=entry.neutral)
    text = fill(entry, say.values, catalogue, channel)
    choices = entry.choices
    if say.key == LANGUAGE_MENU and not choices:
        choices = _language_choices(catalogue, entry.language)
    elif say.choices is not None:
        choices = tuple(
            Choice(_PLACEHOLDER.sub("", catalogue.find(key, entry.language, "telegram").text), payload)
            for key, payload in say.choices
        )
    return text.strip(), choices, entry, entry.audio if channel == "voice" and recordable else None


def fill(entry: Entry, values: dict[str, Any], catalogue: Catalogue, channel: str) -> str:
    """The entry's words for a channel with its placeholders filled; one without a value is left empty, and so is a
    line that was nothing but it."""
    named = set(_PLACEHOLDER.findall(entry.variant(channel)))
    words = {name: _value(values[name], catalogue, entry.language, channel) for name in named & set(values)}
    lines = entry.variant(channel).split("\n")
    filled = [(line, _PLACEHOLDER.sub(lambda m: words.get(m.group(1), ""), line)) for line in lines]
    return "\n".join(now for line, now in filled if now.strip() or not line.strip())


def _language_choices(catalogue: Catalogue, language: str) -> tuple[Choice, ...]:
    """The languages in their order, around key 5, which is a person on every menu."""
    choices = [Choice(item.name, f'/set_language{{"language":"{code}"}}') for code, item in catalogue.languages.items()]
    before, after = choices[: int(PERSON_DIGIT) - 1], choices[int(PERSON_DIGIT) - 1 : 8]
    if not after:
        return tuple(before)
    person = Choice(catalogue.find("choice_person", language, "telegram").text, "/request_human")
    return (*before, person, *after)


def _value(value: Any, catalogue: Catalogue, language: str, channel: str) -> str:
    """A value's words. A list names content keys, each said in the channel's variant or in ``key:variant``.

    A dictionary (alone or in a list) is said by bot/wording.py.
    """
    if isinstance(value, dict):
        return worded(value, catalogue, language, channel)
    if not isinstance(value, list | tuple):
        return str(value)
    items = []
    for item in value:
        if isinstance(item, dict):
            items.append(worded(item, catalogue, language, channel))
            continue
        key, _, variant = item.partition(":")
        items.append(catalogue.find(key, language, "telegram").variant(variant or channel))
    if channel == "voice":
        return " ".join(item if item.endswith((".", "?", "!")) else item + "." for item in items)
    return "\n".join(f"- {item}" for item in items)


def _finish(
    key: str,
    text: str,
    choices: tuple[Choice, ...],
    *,
    entry: Entry,
    audio: str | None,
    catalogue: Catalogue,
    language: str,
    channel: str,
) -> list[Reply]:
    if channel == "voice":
        spoken = text if not choices else f"{text} {spoken_choices(choices, catalogue, entry.language)}"
        return [Reply(key, language, entry.language, spoken.strip(), choices, audio)]
    texts = sms_messages(text, choices) if channel == "sms" else telegram_messages(text)
    return [
        Reply(key, language, entry.language, part, choices if index == len(texts) - 1 else ())
        for index, part in enumerate(texts)
    ]


def spoken_choices(choices: Sequence[Choice], catalogue: Catalogue, language: str) -> str:
    """ "Check an offer: press 1. … To speak to a person, press 5.\""""
    template = catalogue.find("voice_choice", language, "voice").voice
    parts = [
        template.replace("{title}", choice.title).replace("{digit}", str(number))
        for number, choice in enumerate(choices, 1)
    ]
    if len(choices) < int(PERSON_DIGIT):
        parts.append(catalogue.find("voice_person", language, "voice").voice)
    return " ".join(parts)


def fold_for_sms(text: str) -> str:
    """Typographic quotes, dashes and spaces to GSM-7; French circumflexes too when that alone saves UCS-2."""
    text = text.translate(_TYPOGRAPHY)
    folded = text.translate(_FRENCH)
    return folded if split(folded).encoding == GSM else text


def sms_parts(text: str) -> int:
    """How many SMS parts the text takes (GSM-7: 160 or 153 each; otherwise UCS-2: 70 or 67)."""
    return len(split(text).parts)


def sms_messages(text: str, choices: Sequence[Choice]) -> list[str]:
    """The text and its numbered choices as messages of at most SMS_MAX_PARTS parts, cut between lines or words."""
    numbered = "\n".join(f"{number} {choice.title}" for number, choice in enumerate(choices, 1))
    whole = fold_for_sms(f"{text}\n{numbered}" if numbered else text).lstrip("\n")
    if whole.strip() and sms_parts(whole) <= SMS_MAX_PARTS:
        return [whole]
    messages: list[str] = []
    current = ""
    for line in whole.split("\n"):
        candidate = f"{current}\n{line}" if current else line
        if sms_parts(candidate) <= SMS_MAX_PARTS:
            current = candidate
            continue
        if current:
            messages.append(current)
        current = ""
        for word in line.split(" "):
            candidate = f"{current} {word}" if current else word
            if current and sms_parts(candidate) > SMS_MAX_PARTS:
                messages.append(current)
                candidate = word
            while sms_parts(candidate) > SMS_MAX_PARTS:
                # One endless word, such as a pasted address.
                fits = _fitting(candidate)
                messages.append(candidate[:fits])
                candidate = candidate[fits:]
            current = candidate
    if current.strip():
        messages.append(current)
    return messages or [""]


def _fitting(text: str) -> int:
    """How many characters of a text that is too long make one message."""
    low, high = 1, len(text)
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if sms_parts(text[:middle]) <= SMS_MAX_PARTS else (low, middle)
    return low


def utf16_units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def telegram_messages(text: str) -> list[str]:
    """The text in pieces that Telegram accepts, cut at lines where possible."""
    pieces: list[str] = []
    while utf16_units(text) > TELEGRAM_MAX_UTF16:
        cut = len(text.encode("utf-16-le")[: TELEGRAM_MAX_UTF16 * 2].decode("utf-16-le", "ignore"))
        at = text.rfind("\n", cut // 2, cut)
        at = at if at > 0 else cut
        pieces.append(text[:at])
        text = text[at:].lstrip("\n")
    return [*pieces, text]
