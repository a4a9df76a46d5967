"""Words for each door: nothing lost, nothing longer than the door takes, "2" is what stands beside 2."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smsutil import split

from bot.catalogue import Catalogue
from bot.content_check import not_gsm
from bot.messages import CHANNELS, Choice, Say
from bot.rendering import (
    GSM,
    SMS_MAX_PARTS,
    TELEGRAM_MAX_UTF16,
    fold_for_sms,
    render,
    sms_messages,
    sms_parts,
    telegram_messages,
    utf16_units,
)
from tests.conftest import ROOT

CATALOGUE = Catalogue.load(ROOT / "content")
# Words as people and editors write them: French, hooked letters, emoji, typography, long lines.
words = st.text(st.sampled_from("abcdeéèàçêœ’«»…ɓƙŋ€^[]{}~😀 \n.,1"), max_size=900)
titles = st.lists(st.text("abcdeéêɓ '", min_size=1, max_size=20).map(str.strip).filter(bool), max_size=9)


def without_spaces(text: str) -> str:
    return re.sub(r"\s", "", text)


@given(words, titles)
@settings(max_examples=300, deadline=None)
def test_an_sms_never_takes_more_than_two_parts_and_loses_nothing(text: str, offered: list[str]) -> None:
    choices = [Choice(title, "/x") for title in offered]
    messages = sms_messages(text, choices)
    assert all(sms_parts(message) <= SMS_MAX_PARTS for message in messages)
    numbered = "\n".join(f"{number} {title}" for number, title in enumerate(offered, 1))
    assert without_spaces("".join(messages)) == without_spaces(fold_for_sms(f"{text}\n{numbered}"))
    assert len(messages) == 1 or all(message.strip() for message in messages)


@given(words.filter(bool))
@settings(deadline=None)
def test_an_sms_is_gsm_7_when_folding_can_make_it_so(text: str) -> None:
    folded = fold_for_sms(text)
    possible = not re.search("[ɓƙŋ😀]", text)
    assert (split(folded).encoding == GSM) == possible
    assert bool(not_gsm(text)) != possible
    assert fold_for_sms(folded) == folded
    if not possible:
        # Where it does not help, no letter is taken from anybody's word.
        assert ("ç" in text, "ê" in text) == ("ç" in folded, "ê" in folded)


@given(st.text(max_size=400), st.text(st.sampled_from("aé😀\n "), max_size=9000))
@settings(deadline=None, max_examples=50)
def test_telegram_pieces_fit_and_lose_nothing(head: str, body: str) -> None:
    text = head + body
    pieces = telegram_messages(text)
    assert all(utf16_units(piece) <= TELEGRAM_MAX_UTF16 for piece in pieces)
    assert "".join(pieces).replace("\n", "") == text.replace("\n", "")
    assert len(pieces) == 1 or utf16_units(text) > TELEGRAM_MAX_UTF16


def said() -> list[tuple[str, str]]:
    return [(key, code) for key, code in CATALOGUE.entries if not key.startswith("voice_")]


@given(st.sampled_from(said()), st.sampled_from(CHANNELS), st.lists(st.sampled_from(said()), max_size=2))
@settings(deadline=None, max_examples=400)
def test_every_entry_on_every_door(item: tuple[str, str], channel: str, before: list[tuple[str, str]]) -> None:
    key, code = item
    replies = render([*(Say(k) for k, _ in before), Say(key)], CATALOGUE, code, channel)
    with_choices = [reply for reply in replies if reply.choices]
    assert len(with_choices) <= 1, "two numbered lists would make 2 ambiguous"
    for reply in replies:
        assert "{" not in reply.text
        if channel == "sms":
            assert sms_parts(reply.text) <= SMS_MAX_PARTS
        if channel == "voice":
            assert CATALOGUE.languages[reply.spoken].say
    for reply in with_choices:
        for number, choice in enumerate(reply.choices, 1):
            if channel == "sms":
                together = "\n".join(r.text for r in replies)
                assert (
                    f"\n{number} {fold_for_sms(choice.title)}" in together or fold_for_sms(choice.title) != choice.title
                )
            if channel == "voice":
                assert re.search(rf"{re.escape(choice.title)}\W[^.]*\b{number}\b", reply.text)


def test_by_voice_a_person_is_named_after_every_list() -> None:
    (reply,) = render([Say("main_menu")], CATALOGUE, "fr", "voice")
    assert reply.text.endswith("Pour parler à une personne, tapez 5.")
    assert "Vérifier une offre : tapez 1." in reply.text


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u2009"])
def test_narrow_spaces_do_not_double_the_price(space: str) -> None:
    assert fold_for_sms(f"Oui{space}?") == "Oui ?"


def test_parts_are_counted_as_the_provider_counts(specs: Path) -> None:
    rows = [line.split("\t") for line in (specs / "sms_segments.tsv").read_text(encoding="utf-8").splitlines()]
    header, rows = rows[0], rows[1:]
    assert rows
    for row in (dict(zip(header, line, strict=False)) for line in rows):
        text = json.loads(row["text_json"])
        assert sms_parts(text) == int(row["twilio_segments"]), text
        assert (split(text).encoding == GSM) == (row["twilio_encoding"] == "GSM-7"), text


def test_a_line_that_was_only_a_list_goes_with_it() -> None:
    for channel in ("telegram", "sms"):
        asks = ["sign_documents_taken_ask"]
        (reply,) = render([Say("offer_result_unknown", {"signs": [], "asks": asks})], CATALOGUE, "fr", channel)
        assert "\n\n\n" not in reply.text
        assert reply.text.split("\n")[1] == ("" if channel == "telegram" else "A savoir avant de décider:")
