"""Export under the field names of IOM's Human Trafficking Case Data Standard (HTCDS, field reference 2.0).

A field is prefix and name (``vic_MethodsOfControl``); several values of a multi-select stand in one cell, separated by
semicolons. ``hankali_`` marks what the standard has no field for. Identity (names, addresses, the reporter's words) is
never part of it.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from bot.referral.record import Record

FIELDS = (
    "hankali_Reference", "hankali_TraffickingStatus", "hankali_AgeBand", "cas_Status", "cas_OutgoingReferralDate",
    "prs_Gender", "vic_AgreementToManagePersonalData", "vic_MethodsOfControl", "vic_TypeOfLabourExploitation",
    "hte_Type", "hte_Country", "hte_State",
)  # fmt: skip
METHODS_OF_CONTROL = {
    "debt_bondage": "DebtBondage",
    "travel_debt": "DebtBondage",
    "unpaid_work": "TakesEarnings",
    "threats": "Threats",
    "blackmail": "Threats",
    "witchcraft_threat": "PsychologicalAbuse",
    "violence": "PhysicalAbuse",
    "sexual_exploitation": "SexualAbuse",
    "job_changed": "FalsePromises",
    "confined": "RestrictsMovement",
    "watched": "RestrictsMovement",
    "armed_guards": "RestrictsMovement",
    "overwork": "ExcessiveWorkingHours",
    "no_food_or_care": "WithholdsNecessities",
    "documents_kept": "WithholdsDocuments",
    "phone_taken": "Other",
    "held_as_slave": "Other",
    "sold_or_ransomed": "Other",
}
"""Sign → value of the standard's picklist ``MethodsOfControl``."""
_LABOUR = {"forced_begging": "Begging", "child_hazard": "Other", "unpaid_work": "Other", "overwork": "Other"}
_STATUS = {"open": "Active", "notified": "Active", "unanswered": "Active", "acknowledged": "ClosedReferred",
           "closed": "Closed"}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One exported case: the record and its state."""

    record: Record
    state: str


def row(case: Case) -> dict[str, str]:
    """One case under the standard's names; empty where nothing was said."""
    record = case.record
    values = {
        "hankali_Reference": record.reference,
        "cas_Status": _STATUS.get(case.state, ""),
        "cas_OutgoingReferralDate": record.created_at[:10],
        "hankali_TraffickingStatus": record.trafficking_status,
        "prs_Gender": {"female": "Female", "male": "Male"}.get(record.sex, "Unknown"),
        "hankali_AgeBand": record.age_band,
        "vic_AgreementToManagePersonalData": "1" if record.consent.answer == "yes" else "0",
        "vic_MethodsOfControl": _several(METHODS_OF_CONTROL, record.signs),
        "vic_TypeOfLabourExploitation": _several(_LABOUR, record.signs),
        "hte_Type": "Exploitation" if record.country or record.region else "",
        "hte_Country": record.country,
        "hte_State": record.region if record.region != "abroad" else "",
    }
    return {name: values.get(name, "") for name in FIELDS}


def _several(table: dict[str, str], signs: Iterable[str]) -> str:
    return ";".join(dict.fromkeys(table[sign] for sign in signs if sign in table))


def to_csv(cases: Iterable[Case]) -> str:
    """A table with a header line."""
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(row(case) for case in cases)
    return out.getvalue()


def to_xlsx(cases: Iterable[Case]) -> bytes:
    """The same as a workbook of one sheet (ECMA-376, the smallest that spreadsheet programs open)."""
    table = [list(FIELDS), *([*row(case).values()] for case in cases)]
    lines = "".join(f'<row r="{n}">{_cells(n, cells)}</row>' for n, cells in enumerate(table, 1))
    files = {
        "[Content_Types].xml": f'{_XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET_ML}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEET_ML}.worksheet+xml"/></Types>',
        "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1"'
        f' Type="{_RELATION}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATION}"><sheets>'
        '<sheet name="HTCDS" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1"'
        f' Type="{_RELATION}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData></worksheet>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return out.getvalue()


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_SHEET_ML = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def _cells(number: int, values: Sequence[str]) -> str:
    return "".join(
        f'<c r="{chr(65 + index)}{number}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        for index, value in enumerate(values)
        if value
    )
