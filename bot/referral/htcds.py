"""Export under the field names of IOM's Human Trafficking Case Data Standard (HTCDS, field reference 2.0).

A field is prefix and name (``vic_MethodsOfControl``); several values of a multi-select stand in one cell, separated by
semicolons. ``hankali_`` marks what the standard has no field for. Identity (address, the reporter's words, how and when
to reach somebody) is part of it only when asked for; who may ask is the caller's matter.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from bot.referral.record import Record

FIELDS = (
    "hankali_Reference", "hankali_TraffickingStatus", "hankali_AgeBand", "cas_Status", "cas_OutgoingReferralDate",
    "prs_Gender", "vic_AgreementToManagePersonalData", "vic_MethodsOfControl", "vic_TypeOfLabourExploitation",
    "hte_Type", "hte_Country", "hte_State",
)  # fmt: skip
IDENTITY = (
    "hankali_Channel", "hankali_Address", "hankali_Language", "hankali_ContactPermission", "hankali_SafeTime",
    "hankali_ReporterWords",
)  # fmt: skip
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet may run a cell of a CSV file that begins so (owasp.org, CSV Injection)."""
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
    """One exported case: the record, its state, and the person's address (used only in an export with identity)."""

    record: Record
    state: str
    address: str = ""


def row(case: Case, identity: bool = False) -> dict[str, str]:
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
    if identity:
        values |= {
            "hankali_Channel": record.channel,
            "hankali_Address": case.address,
            "hankali_Language": record.language,
            "hankali_ContactPermission": record.contact_permission,
            "hankali_SafeTime": record.safe_time,
            "hankali_ReporterWords": record.seen,
        }
    return {name: values.get(name, "") for name in columns(identity)}


def _several(table: dict[str, str], signs: Iterable[str]) -> str:
    return ";".join(dict.fromkeys(table[sign] for sign in signs if sign in table))


def columns(identity: bool) -> tuple[str, ...]:
    """Names of the columns in order."""
    return (*FIELDS, *IDENTITY) if identity else FIELDS


def to_csv(cases: Iterable[Case], identity: bool = False) -> str:
    """A table with a header line. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns(identity), lineterminator="\r\n")
    writer.writeheader()
    for case in cases:
        writer.writerow({name: _harmless(value) for name, value in row(case, identity).items()})
    return out.getvalue()


def to_xlsx(cases: Iterable[Case], identity: bool = False) -> bytes:
    """The same as a workbook of one sheet. Every cell is a text, whatever it begins with."""
    from xlsxwriter import Workbook  # noqa: PLC0415 - only this command needs it

    out = io.BytesIO()
    # In memory: its temporary files would hold what must leave no trace.
    with Workbook(out, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet("HTCDS")
        text = workbook.add_format({"num_format": "@"})
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(columns(identity)):
            sheet.write_string(0, column, name)
        for line, case in enumerate(cases, 1):
            for column, value in enumerate(row(case, identity).values()):
                sheet.write_string(line, column, value, text)
    return out.getvalue()


def _harmless(value: str) -> str:
    return f"'{value}" if value.startswith(FORMULA_BEGINS) else value
