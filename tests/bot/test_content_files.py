"""Edits of the YAML files change the characters of one value and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.catalogue import ContentError
from bot.content_files import FIELDS, ContentFile, Edits, double_quoted
from tests.conftest import ROOT

FILES = sorted((ROOT / "content").glob("*/*.yml"))
HARD = """# first

alone: {text: plain words, status: draft}   # flow
a:   # of a
  # before
  text: |-
    deux lignes

      et trois  # no comment
  # between

  sms: 'it''s'   # of sms
  voice: "one \\u00e9
    two"
  choices:
  - {title: Oui, payload: /affirm}
  - title: "Non"   # of title
    payload: '/inform{"answer":"no"}'
  status: draft
  # last

b:
    text: >
      folded
      words
    status: draft
"""

# Anything that a file can hold and a text can be: stripped, with its inner line breaks.
texts = (
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r"), min_size=1, max_size=60)
    .map(str.strip)
    .filter(bool)
) | st.sampled_from(
    ["a: b", "- x", "# y", "yes", "12345678", "'", '"', "{n}", "a\n\n b", "é\\n", "| x", "x #y", "a\u2028b"]
)


def changed_only(before: ContentFile, after: ContentFile, change: dict[tuple[Any, ...], str]) -> None:
    """Every value but the changed ones is as it was."""
    wanted = yaml.safe_load(before.text)
    for path, value in change.items():
        at = wanted
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value
    said = yaml.safe_load(after.text)
    for path, value in change.items():
        at = said
        for step in path[:-1]:
            at = at[step]
        assert at[path[-1]].strip() == value
        at[path[-1]] = value
    assert said == wanted


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_change_leaves_every_other_byte(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([*FILES, Path("hard.yml")]))
    file = ContentFile.read(path) if path.is_absolute() else ContentFile.parse(path, HARD)
    key = data.draw(st.sampled_from(sorted(file.entries)))
    entry = file.entries[key]
    edits, value = Edits(file), data.draw(texts)
    titles = len(entry.titles)
    number = data.draw(st.integers(0, titles))
    if number:
        place, where = entry.titles[number - 1], (key, "choices", number - 1, "title")
        edits.set_title(key, number, value)
    else:
        name = data.draw(st.sampled_from([n for n in ("text", "sms", "voice") if n in entry.fields]))
        place, where = entry.fields[name], (key, name)
        edits.set_field(key, name, value)
    after = edits.result()
    assert place is not None
    assert after.text.startswith(file.text[: place.start])
    assert after.text.endswith(file.text[place.end :])
    changed_only(file, after, {where: value})


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_an_added_field_is_lines_of_its_own(data: st.DataObject) -> None:
    file = ContentFile.parse(Path("hard.yml"), HARD)
    key, name = data.draw(st.sampled_from(sorted(file.entries))), data.draw(st.sampled_from(["neutral", "of", "sms"]))
    if name in file.entries[key].fields:
        return
    edits, value = Edits(file), data.draw(texts)
    edits.set_field(key, name, value)
    after = edits.result()
    changed_only(file, after, {(key, name): value})
    if key != "alone":
        old, new = HARD.split("\n"), after.text.split("\n")
        added = len(new) - len(old)
        assert any(old == new[:at] + new[at + added :] for at in range(len(new)))
        names = list(yaml.safe_load(after.text)[key])
        assert names == sorted(names, key=FIELDS.index)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", ""])
def test_line_ends_and_marks_stay(tmp_path: Path, newline: str, mark: str, end: str) -> None:
    path = tmp_path / "x.yml"
    path.write_bytes(
        (
            mark + newline.join(["k:", "  text: |", "    a", "    b", "  status: draft"]) + end.replace("\n", newline)
        ).encode()
    )
    edits = Edits(ContentFile.read(path))
    edits.set_field("k", "text", "c\nd\ne")
    edits.set_field("k", "of", "12345678")
    edits.add_entry("l", {"text": "x", "choices": [{"title": "t", "payload": '/a{"b":"c"}'}], "status": "draft"})
    after = edits.result()
    lines = ["k:", "  text: |", "    c", "    d", "    e", "  status: draft", '  of: "12345678"', "", "l:",
             '  text: "x"',
             "  choices:", """  - {title: "t", payload: '/a{"b":"c"}'}""", "  status: draft"]  # fmt: skip
    assert after.mark + after.text == mark + newline.join(lines) + newline


def test_a_field_goes_with_its_line() -> None:
    text = "k:\n  text: a\n  status: reviewed # x\n  reviewed_by: X\n  reviewed_on: 2026-01-01\n  of: 'ab'\n"
    edits = Edits(ContentFile.parse(Path("x.yml"), text))
    edits.set_field("k", "status", "draft")
    edits.drop_field("k", "reviewed_by")
    edits.drop_field("k", "reviewed_on")
    edits.drop_field("k", "neutral")
    assert edits.result().text == "k:\n  text: a\n  status: draft # x\n  of: 'ab'\n"


def test_lines_and_doubles_are_known() -> None:
    file = ContentFile.parse(Path("x.yml"), HARD + "b:\n  text: x\n  text: y\n")
    assert file.entries["a"].line_of("sms") == 12
    assert file.entries["a"].line_of("choice.2") == 17
    assert file.entries["a"].line_of("neutral") == 4
    assert [(twice.key, twice.entry) for twice in file.twice] == [("b", ""), ("text", "b")]


@pytest.mark.parametrize("text", ["- a\n", "a: [\n", "a: b: c\n", "a: \x00\n", "{? [x] : y}\n", "a: 2026-99-99\n"])
def test_what_is_no_mapping_is_refused_with_its_file(text: str) -> None:
    with pytest.raises(ContentError, match=r"x\.yml"):
        ContentFile.parse(Path("x.yml"), text)


@given(texts)
def test_a_quoted_text_says_the_same(text: str) -> None:
    assert yaml.safe_load(double_quoted(text)) == text
