"""The repository's content passes; each kind of mistake is found, with its file and line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.catalogue import Catalogue, ContentError, usable
from bot.content_check import check, fatal_problems
from bot.content_usage import Usage
from tests.conftest import ROOT


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A copy that may be spoilt."""
    return Path(shutil.copytree(ROOT / "content", tmp_path / "content"))


def spoil(file: Path, old: str, new: str) -> int:
    """Replaces the first ``old`` and returns its line."""
    text = file.read_text(encoding="utf-8")
    assert old in text, (file, old)
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_the_content_of_the_repository_passes() -> None:
    assert [problem.shown(ROOT) for problem in check(ROOT / "content")] == []


def test_every_key_that_the_program_says_exists_in_every_language() -> None:
    catalogue = Catalogue.load(ROOT / "content")
    assert Usage.of_code().said
    for code in catalogue.languages:
        assert not Usage.of_code().said - {key for key, language in catalogue.entries if language == code}


# Each mistake in an entry of its own: file, key, what is written instead of what, reason. The line is that of ``old``.
MISTAKES: list[tuple[str, str, str, str, str]] = [
    ("fr/learn.yml", "ask_route_risks", '  sms: "Route du nord : soif,', '  sms: "' + "long " * 70 + ",",
     "parts, at most 2"),
    ("fr/learn.yml", "ask_risks_women", "  voice: \"", '  voice: "' + "mot " * 46, "words, at most 45"),
    ("ha/learn.yml", "ask_route_risks", '  sms: "', '  sms: "ƙ ', "sms is not GSM-7: ƙ"),
    ("ha/talk.yml", "greet", "  text: ", "  txt: x\n  text: ", "'txt' is no field of an entry"),
    ("en/talk.yml", "ask_cost", '{title: "', '{title: "A title of more than 20', "characters, at most 20"),
    ("en/talk.yml", "out_of_scope", "payload: /check_offer}", "payload: /check_ofer}", "no intent 'check_ofer'"),
    ("en/check.yml", "offer_heard", "{signs}", "{sings}", "placeholder {signs} is missing"),
    ("dje/radio.yml", "ask_hotline_number", "{number}", "90 00 00 00", "placeholder {number} is missing"),
    ("dje/radio.yml", "radio_spot", "/radio_host", "/show_me", "choices lead elsewhere than in fr"),
    ("fr/talk.yml", "thank", "status: draft", "status: reviewed", "reviewed needs reviewed_by and reviewed_on"),
    ("fr/talk.yml", "goodbye", "status: draft", "status: done", "status is draft or reviewed"),
    ("fr/talk.yml", "greet", "status: draft", "status: draft\n  reviewed_by: X", "a draft has no reviewed_by"),
    ("fr/system.yml", "demo_notice", 'sms: "', 'sms: "" #', "sms is empty"),
    ("fr/system.yml", "empty_message", 'voice: "', 'voice: "(touche) ', "signs that nobody can read aloud: ( )"),
    ("fr/system.yml", "back_nothing", "{title: \"Menu\"", "{title: Oui, payload: /request_human}\n  - {title: \"Menu\"",
     "payload '/request_human' stands twice"),
    ("en/system.yml", "too_long", 'text: "', 'text: "{ oh ', "brace that is no {placeholder}"),
    ("fr/alerts.yml", "alert_next", 'text: "', 'text: "Une phrase encore de trop ici. ', "at most 1"),
    ("ha/help.yml", "help_who", "status: draft", "status: draft\n  status: draft", "'status' stands twice"),
    ("ha/rights.yml", "ask_asylum", "{title: \"", "{titel: x, title: \"", "title and payload, not 'titel'"),
    ("fr/rights.yml", "ask_rights", "payload: /ask_legal_aid", "payload: '/tell_topic{\"topic\":\"topic_x\"}'",
     "there is no key 'topic_x'"),
]  # fmt: skip


def test_each_mistake_is_found_where_it_stands(content: Path) -> None:
    expected = []
    for name, key, old, new, reason in MISTAKES:
        file = content / name
        text = file.read_text(encoding="utf-8")
        start = text.index(f"\n{key}:\n") + 1
        at = text.index(old, start)
        file.write_text(text[:at] + new + text[at + len(old) :], encoding="utf-8")
        expected.append((f"content/{name}", key, reason))
    found = [problem.shown(content.parent) for problem in check(content)]
    for name, key, reason in expected:
        hits = [line for line in found if line.startswith(f"{name}:") and f" {key}: " in line and reason in line]
        assert hits, (name, key, reason)
        line = int(hits[0].split(":")[1])
        lines = (content.parent / name).read_text(encoding="utf-8").split("\n")
        entry = lines.index(f"{key}:")
        after = next((n for n in range(entry + 1, len(lines)) if lines[n] and not lines[n].startswith(" ")), len(lines))
        assert entry < line <= after


def test_the_line_is_the_fields_own(content: Path) -> None:
    line = spoil(content / "fr/help.yml", '  - {title: "Message ici"', '  - {title: "Beaucoup trop long ici"')
    assert (
        f"content/fr/help.yml:{line}: help_contact_how: choice 'Beaucoup trop long ici' has 22 characters"
        in "\n".join(problem.shown(content.parent) for problem in check(content))
    )


Change = Callable[[Path], None]


def _write(name: str, text: str) -> Change:
    return lambda content: (content / name).write_text(text, encoding="utf-8") and None


def _spoil(name: str, old: str, new: str) -> Change:
    return lambda content: spoil(content / name, old, new) and None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_spoil("ha/talk.yml", "greet:\n  text: ", "greet:\n  text: [\n"), "content/ha/talk.yml:"),
        (_spoil("ha/talk.yml", "\ngreet:", "\ngreet_x:"), "ha/talk.yml: greet: is missing"),
        (_spoil("sources.yml", 'greet: "hotline practice"\n', ""), "content/sources.yml: greet: has no source"),
        (_spoil("sources.yml", 'greet: "', 'greeting: "x"\ngreet: "'), "greeting: does not exist in fr"),
        (_spoil("languages.yml", "locale: dje", "locale: dje_XYZ_1"), "dje: locale 'dje_XYZ_1' is unknown"),
        (_spoil("languages.yml", "fallback: [fr, ha]", "fallback: [xx]"), "falls back to 'xx', which is no other"),
        (_spoil("languages.yml", "name: Zarma", "nom: Zarma"), "'dje' needs name and locale"),
        (_spoil("keywords.yml", "stop: [STOP", "stop: [ERASE, STOP"), "'ERASE' means 'stop' too"),
        (_spoil("keywords.yml", "stop: [STOP", "stop: [NO, STOP"), "stop: 'False' is no word"),
        (_spoil("keywords.yml", "leave:", "go:"), "go: a meaning is one of"),
        (_spoil("places.yml", "region: niamey, office: Niamey, also", "region: niamy, office: Niamey, also"),
         "Niamey: region 'niamy' is none of"),
        (_spoil("places.yml", "Gaya: {region: dosso, office: Dosso,", "Gaya: {region: dosso,"),
         "Gaya: a place in Niger needs its nearest office"),
        (_spoil("places.yml", "country: LY, also: [Tarablus", "also: [Tarablus"), "Tripoli: abroad needs a country"),
        (_spoil("places.yml", "also: [Gaaya]", "also: [Dosso]"), "Gaya: 'Dosso' sounds like a spelling of 'Dosso'"),
        (_write("fr/extra.yml", 'nobody_says_this:\n  text: "x"\n  status: draft\n'), "nothing says this"),
        (_write("fr/extra.yml", "greet:\n  text: x\n  status: draft\n"), "greet: stands in another file too"),
        (lambda content: (content / "xx").mkdir(), "content/xx: is no language of languages.yml"),
        (lambda content: (content / "ha/audio").mkdir() or _write("ha/audio/none.wav", "")(content),
         "ha/audio/none.wav: none: is a recording of no key"),
    ],
)  # fmt: skip
def test_mistakes_between_files(content: Path, change: Change, says: str) -> None:
    change(content)
    assert says in "\n".join(problem.shown(content.parent) for problem in check(content))


def test_a_key_that_no_language_of_the_chain_can_say_is_fatal(content: Path) -> None:
    catalogue = Catalogue.load(content, reviewed_only=True)
    assert fatal_problems(catalogue)[0].startswith("no usable text for '")
    with pytest.raises(ContentError, match=r"no usable text for 'alert' in ha → fr"):
        usable(content, reviewed_only=True)
    usable(content)


def test_drafts_fall_back_when_only_reviewed_text_is_wanted(content: Path) -> None:
    for file in (content / "fr").glob("*.yml"):
        reviewed = "status: reviewed\n  reviewed_by: A. Speaker\n  reviewed_on: 2026-01-31"
        file.write_text(file.read_text(encoding="utf-8").replace("status: draft", reviewed), encoding="utf-8")
    assert [problem.shown(content.parent) for problem in check(content)] == []
    catalogue = usable(content, reviewed_only=True)
    assert {catalogue.find("greet", code).language for code in catalogue.languages} == {"fr"}
