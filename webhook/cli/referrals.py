"""hankali referrals: the ledger on the command line. Changes are rows that the serving process reads."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from webhook.cli.state import State, opened
from webhook.clock import utc_now
from webhook.database import sql
from webhook.errors import OperatorError
from webhook.referrals.ledger import Ledger, Referral
from webhook.referrals.roles import OPERATOR, may
from webhook.referrals.voice_rows import Left, left_for

OUTCOMES = ("helped", "referred", "not-reached", "no-need", "other")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """list, show, acknowledge, close, undelivered, export."""
    commands = parser.add_subparsers(dest="action", required=True)
    listing = commands.add_parser("list", help="all referrals, the newest first; no identity")
    listing.add_argument("--json", action="store_true")
    for name, what in (("show", "one referral and its events"), ("acknowledge", "take it over for a contact"),
                       ("close", "end it")):  # fmt: skip
        command = commands.add_parser(name, help=what)
        command.add_argument("reference", metavar="REF", type=_reference, help="six digits")
        if name == "show":
            command.add_argument("--json", action="store_true")
            command.add_argument("--message", metavar="FILE", help="write the caller's voice message (WAV) to FILE; "
                                 "further ones to FILE-2, FILE-3 …")  # fmt: skip
        if name == "acknowledge":
            command.add_argument("--contact", help="id of the contact who takes it (default: the one last alerted)")
        if name == "close":
            command.add_argument("--outcome", required=True, choices=OUTCOMES)
    undelivered = commands.add_parser(
        "undelivered", help="messages and alerts that were given up; no address, no words"
    )
    undelivered.add_argument("--json", action="store_true")
    export = commands.add_parser("export", help="HTCDS table (CSV or XLSX), without identity unless asked for")
    export.add_argument("references", nargs="*", metavar="REF", type=_reference, help="default: all")
    export.add_argument("-o", "--output", required=True, metavar="FILE", help="ends in .csv or .xlsx")
    export.add_argument("--identity", action="store_true", help="with address, words and how to reach the person; "
                        "noted in each referral's events")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """1 when there is no such referral, or another was quicker."""
    with opened() as state:
        return int(globals()[f"_{args.action}"](state, args))


def _reference(text: str) -> str:
    digits = "".join(c for c in text if c not in " -")
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        raise argparse.ArgumentTypeError("a reference has six digits")
    return digits


def _list(state: State, args: argparse.Namespace) -> int:
    with state.database.reading() as transaction:
        rows = [_summary(row) for row in Ledger(transaction, state.vault, utc_now()).all()]
    if args.json:
        print(json.dumps(rows, ensure_ascii=False))
        return 0
    for row in rows:
        print(*(row[n] for n in ("reference", "state", "urgency", "created_at", "region", "holder")), sep="\t")
    return 0


_UNDELIVERED = sql(
    "SELECT o.created_ms, o.channel, o.kind, o.status, o.trouble, o.attempts, a.referral_id, a.contact FROM outbox o"
    " LEFT JOIN referral_alerts a ON a.outbox_seq = o.seq WHERE o.status IN ('failed', 'stopped') ORDER BY o.seq DESC"
)


def _undelivered(state: State, args: argparse.Namespace) -> int:
    """The dead-letter list: what the providers refused for good or the person stopped, the newest first."""
    with state.database.reading() as transaction:
        references = {row.id: row.reference for row in Ledger(transaction, state.vault, utc_now()).all()}
        rows = [
            {"at": _time(at), "channel": channel, "kind": kind, "status": status, "trouble": trouble,
             "attempts": attempts, "reference": references.get(referral, ""), "contact": contact or ""}
            for at, channel, kind, status, trouble, attempts, referral, contact in transaction.all(_UNDELIVERED)
        ]  # fmt: skip
    if args.json:
        print(json.dumps(rows, ensure_ascii=False))
        return 0
    for row in rows:
        print(*row.values(), sep="\t")
    return 0


def _show(state: State, args: argparse.Namespace) -> int:
    with state.database.reading() as transaction:
        ledger = Ledger(transaction, state.vault, utc_now())
        row = _found(ledger, args.reference)
        events = [{"at": _time(at), "who": who, "what": what, "detail": detail}
                  for at, who, what, detail in ledger.events(row.id)]  # fmt: skip
        messages = left_for(transaction, state.vault, row.id)
    if args.message:
        return _write_messages(state, row, messages, Path(args.message))
    shown = {**_summary(row), **_details(row), "messages": [_time(left.at_ms) for left in messages], "events": events}
    if args.json:
        print(json.dumps(shown, ensure_ascii=False))
        return 0
    for name, value in shown.items():
        if name != "events":
            print(f"{name}: {value}")
    for event in events:
        print(event["at"], event["who"], event["what"], event["detail"])
    return 0


def _write_messages(state: State, row: Referral, messages: list[Left], file: Path) -> int:
    """For the operator's ears: readable by nobody else, and noted in the referral's events."""
    if not messages:
        raise OperatorError(f"{row.reference} has no message")
    for number, left in enumerate(messages, 1):
        named = file if number == 1 else file.with_name(f"{file.stem}-{number}{file.suffix}")
        _write_private(named, left.sound)
        print(named)
    with state.database.writing() as transaction:
        Ledger(transaction, state.vault, utc_now()).event(row.id, "operator", "heard a message", "command line")
    return 0


def _acknowledge(state: State, args: argparse.Namespace) -> int:
    with state.database.writing() as transaction:
        ledger = Ledger(transaction, state.vault, utc_now())
        row = _found(ledger, args.reference)
        alerted = [alert.contact for alert in ledger.alerts(row.id)]
        contact = args.contact or (alerted[-1] if alerted else "")
        if not contact or (args.contact and args.contact not in alerted):
            raise OperatorError(f"{args.reference}: this contact was not alerted")
        row = ledger.locked(row.id) or row
        if row.state == "acknowledged" and row.holder == contact:
            print(f"{args.reference} acknowledged by {contact}")
            return 0
        if row.state in ("closed", "withdrawn"):
            raise OperatorError(f"{args.reference} is {row.state}")
        if not ledger.acknowledge(row, contact, "command line"):
            raise OperatorError(f"{args.reference} is already acknowledged by {row.holder}")
    print(f"{args.reference} acknowledged by {contact}")
    return 0


def _close(state: State, args: argparse.Namespace) -> int:
    with state.database.writing() as transaction:
        ledger = Ledger(transaction, state.vault, utc_now())
        row = _found(ledger, args.reference)
        if not ledger.close(ledger.locked(row.id) or row, "command line", args.outcome):
            raise OperatorError(f"{args.reference} is {row.state}")
    print(f"{args.reference} closed")
    return 0


def _export(state: State, args: argparse.Namespace) -> int:
    from bot.referral.htcds import Case, to_csv, to_xlsx  # noqa: PLC0415

    file = Path(args.output)
    if file.suffix not in (".csv", ".xlsx"):
        raise OperatorError("--output must end in .csv or .xlsx")
    identity = bool(args.identity)
    if identity and not may(OPERATOR, "identity"):
        raise OperatorError("this role may not export identity")
    with state.database.writing() as transaction:
        ledger = Ledger(transaction, state.vault, utc_now())
        rows = [_found(ledger, reference) for reference in args.references] or ledger.all()
        told = [(row, row.record, str((row.secret or {}).get("sender", ""))) for row in rows]
        cases = [Case(record, row.state, sender if identity else "") for row, record, sender in told if record]
        for row, record, _ in told if identity else ():
            if record:
                ledger.event(row.id, "operator", "exported", "with identity")
    made = to_xlsx(cases, identity) if file.suffix == ".xlsx" else to_csv(cases, identity).encode()
    _write_private(file, made)
    print(f"{len(cases)} cases", file=sys.stderr)
    return 0


def _write_private(file: Path, content: bytes) -> None:
    """Readable by nobody else."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
            os.fchmod(handle.fileno(), 0o600)
            handle.write(content)
    except OSError as error:
        raise OperatorError(f"{file}: {error.strerror}") from error


def _found(ledger: Ledger, reference: str) -> Referral:
    row = ledger.by_reference(reference)
    if row is None:
        raise OperatorError(f"no referral {reference}")
    return row


def _summary(row: Referral) -> dict[str, Any]:
    record = row.record
    return {
        "reference": row.reference,
        "state": row.state,
        "urgency": row.urgency,
        "created_at": _time(row.created_ms),
        "region": record.region if record else "",
        "holder": row.holder,
    }


def _details(row: Referral) -> dict[str, Any]:
    """What was shared; the person's address is not part of it."""
    if row.record is None:
        return {}
    fields = row.record.to_dict()
    return {n: fields[n] for n in ("channel", "language", "about", "age_band", "country", "need", "signs", "seen",
                                   "contact_permission", "safe_time", "trafficking_status", "consent")}  # fmt: skip


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
