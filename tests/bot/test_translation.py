"""gettext files: lossless there and back, nothing rewritten without reason, mistakes refused with file and line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.catalogue import Catalogue, ContentError
from bot.content_check import MASTER, check
from bot.content_status import as_json, confirm, digest, outdated, table
from bot.translation import Imported, RefusedError, export_po, import_po
from tests.conftest import ROOT


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A copy."""
    return Path(shutil.copytree(ROOT / "content", tmp_path / "content"))


@pytest.fixture
def po(content: Path, tmp_path: Path) -> Path:
    """The copy exported."""
    export_po(content, tmp_path / "po")
    return tmp_path / "po"


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.yml"))}


def read(path: Path) -> Catalog:
    with path.open("rb") as handle:
        return read_po(handle)


def save(path: Path, catalog: Catalog) -> None:
    with path.open("wb") as handle:
        write_po(handle, catalog)


def translate(path: Path, context: str, text: str | None = None, fuzzy: bool | None = None) -> int:
    """A translator's change; returns the line of the text in the file."""
    catalog = read(path)
    message = next(m for m in catalog if m.context == context)
    if text is not None:
        message.string = text
    if fuzzy is not None:
        (message.flags.add if fuzzy else message.flags.discard)("fuzzy")
    save(path, catalog)
    return path.read_text(encoding="utf-8").split("\n").index(f'msgctxt "{context}"') + 1


def test_an_import_that_changes_nothing_rewrites_no_byte(content: Path, po: Path) -> None:
    before, times = files(content), {p: p.stat().st_mtime_ns for p in content.rglob("*.yml")}
    assert import_po(content, po) == [Imported(code) for code in ("dje", "en", "ha")]
    for path in po.glob("*.po"):
        # Poedit wraps and orders in its own way.
        save(path, read(path))
    import_po(content, po)
    assert files(content) == before
    assert {p: p.stat().st_mtime_ns for p in content.rglob("*.yml")} == times


def test_the_round_trip_is_lossless(content: Path, po: Path) -> None:
    """A language that is taken away comes back from its file with every text and every choice."""
    before = Catalogue.load(content)
    shutil.rmtree(content / "ha")
    (content / "ha").mkdir()
    (report,) = [r for r in import_po(content, po) if r.language == "ha"]
    after = Catalogue.load(content)
    assert not report.unfinished
    for (key, code), entry in before.entries.items():
        again = after.entries[key, code]
        assert (again.text, again.sms, again.voice, again.neutral, again.choices, again.topic) == (
            entry.text, entry.sms, entry.voice, entry.neutral, entry.choices, entry.topic)  # fmt: skip
    assert [problem.shown(content) for problem in check(content)] == []
    assert not as_json(after)["languages"]["ha"]["outdated_keys"]


def test_references_limits_and_template(content: Path, po: Path) -> None:
    catalog = read(po / "ha.po")
    message = next(m for m in catalog if m.context == "offer_result_strong.text")
    path, line = message.locations[0]
    lines = (content.parent / path).read_text(encoding="utf-8").split("\n")
    assert "text:" in lines[line - 1]
    assert lines.index("offer_result_strong:") < line
    assert any("{signs}" in comment for comment in message.auto_comments)
    assert any("Source: " in comment for comment in message.auto_comments)
    assert not any(m.fuzzy for m in catalog if m.id)
    assert str(catalog.locale) == "ha_NE"
    template = read(po / "hankali.pot")
    assert len(template) > 500
    assert not any(m.string for m in template if m.id)


def test_one_text_changes_one_line(content: Path, po: Path) -> None:
    translate(po / "ha.po", "greet.choice.1", "Duba aiki")
    before = files(content)
    (changed,) = [r for r in import_po(content, po) if r.changed]
    assert changed.changed == ["greet.choice.1"]
    after = files(content)
    assert [name for name in before if before[name] != after[name]] == ["ha/talk.yml"]
    old, new = (f["ha/talk.yml"].decode().split("\n") for f in (before, after))
    assert len(old) == len(new)
    assert sum(a != b for a, b in zip(old, new, strict=True)) == 1


simple = st.text("abcdefghi éèà.,'\"#:{}[]|>\\\n", min_size=1, max_size=80).map(str.strip).filter(bool)


without_braces = simple.filter(lambda text: "{" not in text and "}" not in text)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content as it is, exported once."""
    folder = tmp_path_factory.mktemp("exported")
    export_po(ROOT / "content", folder)
    return folder


@given(data=st.data())
@settings(max_examples=9, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_imported_is_what_was_written(
    data: st.DataObject, exported: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One text that may be refused, or several that may not."""
    tmp = tmp_path_factory.mktemp("any")
    content = Path(shutil.copytree(ROOT / "content", tmp / "content"))
    file = Path(shutil.copytree(exported, tmp / "po")) / "ha.po"
    catalog = read(file)
    offered = sorted(m.context for m in catalog if m.id and m.string and m.context.endswith(".text")
                     and "{" not in m.id and not m.context.startswith(("alert", "ack", "relay")))  # fmt: skip
    several = st.dictionaries(st.sampled_from(offered), without_braces, min_size=2, max_size=6)
    wanted = data.draw(st.one_of(st.dictionaries(st.sampled_from(offered), simple, min_size=1, max_size=1), several))
    before = files(content)
    for message in catalog:
        if message.context in wanted:
            message.string = wanted[message.context]
    save(file, catalog)
    try:
        import_po(content, tmp / "po")
    except RefusedError:
        assert files(content) == before
        return
    entries = Catalogue.load(content).entries
    assert {context: entries[context.removesuffix(".text"), "ha"].text for context in wanted} == wanted
    changed = [name for name, data in files(content).items() if before[name] != data]
    assert len(changed) <= len(wanted)
    # And it is what the next export says.
    export_po(content, tmp / "po")
    said = {message.context: message.string for message in read(file)}
    assert {context: said[context] for context in wanted} == wanted


@pytest.mark.parametrize(
    ("context", "text", "reason"),
    [
        ("ask_hotline_number.text", "Ga lambarmu.", "placeholder {number} is missing"),
        ("ask_hotline_number.text", "Ga {numero}: {number}", "placeholder {numero} does not exist in fr"),
        ("ask_rights.sms", "da " * 120, "parts, at most 2"),
        ("ask_rights.sms", "Haƙƙi", "sms is not GSM-7: ƙ"),
        ("ask_rights.voice", "da " * 46, "words, at most 45"),
        ("ask_rights.text", "", "is empty, and there was a text"),
        ("ask_rights.choice.1", "Take da ya yi tsawo sosai", "characters, at most 20"),
        ("ask_rights.choice.1", "", "is empty, and there was a text"),
        ("alert.text", "Da yawa da yawa da. {reference} {urgency} {region} {language} {number} {link}. OK {reference}"
         " PIN da yawa da yawa da yawa da", "at most 1"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_file_and_line(content: Path, po: Path, context: str, text: str, reason: str) -> None:
    before = files(content)
    translate(po / "en.po", "greet.text", "Hello there. How can we help?")
    line = translate(po / "ha.po", context, text)
    with pytest.raises(RefusedError) as refused:
        import_po(content, po)
    (refusal,) = refused.value.refusals
    assert (refusal.file, refusal.context) == (po / "ha.po", context)
    assert reason in refusal.reason
    # Babel counts from the comment, msgctxt or msgid of the text: never farther away than its own block.
    assert abs(refusal.line - line) <= 3
    assert files(content) == before


def test_a_file_that_is_no_po_or_has_strangers_is_refused(content: Path, po: Path) -> None:
    translate(po / "ha.po", "greet.text", "Sannu")
    before = files(content)
    text = (po / "ha.po").read_text(encoding="utf-8")
    (po / "ha.po").write_text(text + '\nmsgctxt "no_key.text"\nmsgid "x"\nmsgstr "y"\n', encoding="utf-8")
    with pytest.raises(RefusedError, match=r"ha\.po:\d+: no_key\.text: there is no such text"):
        import_po(content, po)
    (po / "ha.po").write_text("msgid without quotes\n", encoding="utf-8")
    with pytest.raises(RefusedError, match=r"ha\.po"):
        import_po(content, po)
    (po / "ha.po").rename(po / "xx.po")
    with pytest.raises(ContentError, match="'xx' is no language"):
        import_po(content, po)
    assert files(content) == before


def test_untaken_translations_are_not_overwritten(content: Path, po: Path) -> None:
    translate(po / "ha.po", "greet.text", "Sannu")
    with pytest.raises(ContentError, match="were not imported"):
        export_po(content, po)
    export_po(content, po, force=True)
    assert next(m for m in read(po / "ha.po") if m.context == "greet.text").string != "Sannu"


# ---- French changes


def change_french(content: Path) -> None:
    file = content / "fr/talk.yml"
    text = file.read_text(encoding="utf-8")
    at = text.index('text: "', text.index("\nthank:")) + len('text: "')
    file.write_text(text[:at] + "Voilà. " + text[at:], encoding="utf-8")


def test_a_french_change_marks_the_others_until_they_are_confirmed(content: Path, tmp_path: Path) -> None:
    assert not any(row.outdated for row in table(Catalogue.load(content)))
    change_french(content)
    late = as_json(Catalogue.load(content))["languages"]
    assert {code: late[code]["outdated_keys"] for code in late} == {
        "ha": ["thank"],
        "dje": ["thank"],
        "fr": [],
        "en": ["thank"],
    }
    assert confirm(content, "dje", ["thank", "greet"]) == ["thank"]
    assert not outdated(Catalogue.load(content), "thank", "dje")
    # By gettext: fuzzy, until the translator has looked.
    export_po(content, tmp_path / "po")
    ha = tmp_path / "po" / "ha.po"
    assert [m.context for m in read(ha) if m.id and m.fuzzy] == [
        m.context for m in read(ha) if m.id and m.context.startswith("thank.") and m.string
    ]
    assert not any(m.fuzzy for m in read(tmp_path / "po" / "dje.po") if m.id)
    translate(ha, "thank.text", "Babu komai.")
    (report,) = [r for r in import_po(content, tmp_path / "po") if r.language == "ha"]
    assert report.fuzzy == ["thank.text"]
    assert outdated(Catalogue.load(content), "thank", "ha")
    for message in [m.context for m in read(ha) if m.id and m.fuzzy]:
        translate(ha, message, fuzzy=False)
    (report,) = [r for r in import_po(content, tmp_path / "po") if r.language == "ha"]
    assert (report.changed, report.confirmed) == (["thank.text"], ["thank"])
    catalogue = Catalogue.load(content)
    assert catalogue.entries["thank", "ha"].raw["of"] == digest(catalogue.entries["thank", MASTER])
    assert outdated(catalogue, "thank", "en")
    assert [problem.shown(content) for problem in check(content)] == []


def test_a_translation_of_french_that_has_changed_meanwhile_is_refused(content: Path, po: Path) -> None:
    change_french(content)
    import_po(content, po)
    assert outdated(Catalogue.load(content), "thank", "ha")
    translate(po / "ha.po", "thank.text", "Babu komai.")
    with pytest.raises(RefusedError, match=r"thank\.text: the fr text has changed"):
        import_po(content, po)


def test_new_words_are_unreviewed_words(content: Path, tmp_path: Path) -> None:
    file = content / "ha/talk.yml"
    text = file.read_text(encoding="utf-8")
    reviewed = "status: reviewed\n  reviewed_by: A. Speaker\n  reviewed_on: 2026-01-31"
    file.write_text(text.replace("status: draft", reviewed, 1), encoding="utf-8")
    key = next(k for (k, c), e in Catalogue.load(content).entries.items() if c == "ha" and e.reviewed)
    export_po(content, tmp_path / "po")
    translate(tmp_path / "po" / "ha.po", f"{key}.text", "Sannu. Me kuke so?")
    import_po(content, tmp_path / "po")
    entry = Catalogue.load(content).entries[key, "ha"]
    assert entry.raw["status"] == "draft"
    assert not {"reviewed_by", "reviewed_on"} & set(entry.raw)
    assert [problem.shown(content) for problem in check(content)] == []


@pytest.mark.parametrize(("language", "keys"), [("fr", ["greet"]), ("xx", ["greet"]), ("ha", ["greet", "nothing"])])
def test_only_translations_that_exist_are_confirmed(content: Path, language: str, keys: list[str]) -> None:
    change_french(content)
    before = files(content)
    with pytest.raises(ContentError):
        confirm(content, language, keys)
    assert files(content) == before
