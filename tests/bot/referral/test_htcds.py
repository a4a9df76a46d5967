"""The HTCDS export."""

from __future__ import annotations

import csv
import io
import zipfile
from xml.etree import ElementTree

from bot.referral.htcds import FIELDS, Case, to_csv, to_xlsx
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


def test_xlsx_is_a_readable_workbook() -> None:
    archive = zipfile.ZipFile(io.BytesIO(to_xlsx([Case(RECORD, "closed")])))
    assert archive.testzip() is None
    for name in archive.namelist():
        ElementTree.fromstring(archive.read(name))
    sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert all(field in sheet for field in FIELDS)
    assert "482913" in sheet
    assert "mots" not in sheet


def test_a_record_survives_its_storage() -> None:
    assert Record.from_dict(RECORD.to_dict()) == RECORD
