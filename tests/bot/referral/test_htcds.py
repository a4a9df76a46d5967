"""The HTCDS export."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from bot.referral.htcds import FIELDS, IDENTITY, Case, to_csv, to_xlsx
from bot.referral.record import Consent, Record

RECORD = Record(
    reference="482913", created_at="2026-11-23T09:00:00+00:00", channel="sms", language="ha", about="self",
    age_band="unknown", region="tahoua", country="NE", need="protection",
    signs=("documents_kept", "unpaid_work", "debt_bondage"), contact_permission="sms", safe_time="any",
    consent=Consent("help_consent_self", "yes", "2026-11-23T09:00:00+00:00"), urgency="high",
    seen="=cmd|' /C calc'!A0 <b>mots de la personne</b>", code_word="mangue",
)  # fmt: skip


def test_csv_has_the_standard_names_and_no_identity() -> None:
    text = to_csv([Case(RECORD, "notified")])
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["vic_MethodsOfControl"] == "WithholdsDocuments;TakesEarnings;DebtBondage"
    assert (row["cas_Status"], row["hte_Country"], row["hte_State"]) == ("Active", "NE", "tahoua")
    assert "mots de la personne" not in text
    assert "mangue" not in text


def sheet_of(workbook: bytes) -> list[list[str]]:
    """The cells of the first sheet, as a spreadsheet program reads them; fails on anything that is not a text."""
    archive = zipfile.ZipFile(io.BytesIO(workbook))
    assert archive.testzip() is None
    for name in archive.namelist():
        ElementTree.fromstring(archive.read(name))
    main = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    strings = [
        "".join(t.text or "" for t in entry.iter(f"{{{main['m']}}}t"))
        for entry in ElementTree.fromstring(archive.read("xl/sharedStrings.xml")).findall("m:si", main)
    ]
    sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    assert list(sheet.iter(f"{{{main['m']}}}f")) == []
    assert list(sheet.iter(f"{{{main['m']}}}hyperlink")) == []
    table = []
    for row in sheet.findall("m:sheetData/m:row", main):
        cells = row.findall("m:c", main)
        assert {cell.get("t", "s" if cell.find("m:v", main) is None else "n") for cell in cells} == {"s"}
        values = [cell.findtext("m:v", None, main) for cell in cells]
        table.append([strings[int(value)] if value is not None else "" for value in values])
    return table


def test_xlsx_is_a_readable_workbook() -> None:
    names, cells = sheet_of(to_xlsx([Case(RECORD, "closed", "+22710000777")]))
    assert tuple(names) == FIELDS
    assert cells[0] == "482913"
    assert "mots" not in " ".join(cells)
    assert "+22710000777" not in cells


def test_both_forms_say_the_same_of_many_cases() -> None:
    cases = [Case(replace(RECORD, reference=str(100000 + n), region=r), s) for n, (r, s) in
             enumerate([("agadez", "open"), ("abroad", "acknowledged"), ("", "closed")])]  # fmt: skip
    assert list(csv.reader(io.StringIO(to_csv(cases)))) == sheet_of(to_xlsx(cases))


def test_identity_only_when_it_is_asked_for() -> None:
    case = Case(RECORD, "closed", "+22710000777")
    names, cells = sheet_of(to_xlsx([case], identity=True))
    named = dict(zip(names, cells, strict=True))
    assert tuple(names) == (*FIELDS, *IDENTITY)
    assert named["hankali_Address"] == "+22710000777"
    assert named["hankali_ReporterWords"] == RECORD.seen
    assert "mangue" not in cells
    assert "mots de la personne" in to_csv([case], identity=True)


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t=", "\r=", "\n="])
def test_no_cell_can_become_a_formula(begin: str) -> None:
    said = f"{begin}cmd|' /C calc'!A0"
    case = Case(replace(RECORD, seen=said, region=said), "closed", "+22710000777")
    sheet_of(to_xlsx([case], identity=True))
    (row,) = csv.DictReader(io.StringIO(to_csv([case], identity=True), newline=""))
    assert row["hankali_ReporterWords"] == f"'{said}"
    assert row["hte_State"] == f"'{said}"
    assert row["hankali_Address"] == "'+22710000777"


def test_a_record_survives_its_storage() -> None:
    assert Record.from_dict(RECORD.to_dict()) == RECORD
