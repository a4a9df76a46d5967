"""hankali content: what is said – checked, counted by language and review, and taken to translators and back."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One sub-command each."""
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add = commands.add_parser
    check = add("check", help="everything that is wrong, with file and line; fails when anything is")
    status = add("status", help="coverage by language, channel and review, and what is outdated")
    status.add_argument("--json", action="store_true", help="with the keys that need work")
    status.add_argument("--lang", help="only this language, with its keys")
    confirm = add("confirm", help="these translations still say what the French says")
    confirm.add_argument("--lang", required=True)
    confirm.add_argument("--all", action="store_true", help="every entry of the language")
    confirm.add_argument("keys", nargs="*", metavar="KEY")
    export = add("export", help="write a gettext file for each language")
    export.add_argument("--po", required=True, type=Path, metavar="DIR")
    export.add_argument("--force", action="store_true", help="also over translations that were not imported")
    taken = add("import", help="take over what translators have written; all of it or nothing")
    taken.add_argument("--po", required=True, type=Path, metavar="DIR")
    for command in (check, status, confirm, export, taken):
        command.add_argument("--content", type=Path, default=folder(), metavar="DIR", help=argparse.SUPPRESS)


def folder() -> Path:
    """The content folder that the service uses."""
    return Path(os.environ.get("HANKALI_CONTENT") or ROOT / "content").absolute()


def run(args: argparse.Namespace) -> int:
    """1 when something is wrong."""
    run_one = {"check": _check, "status": _status, "confirm": _confirm, "export": _export, "import": _import}
    args.content = args.content.absolute()
    return run_one[args.command](args)


def _check(args: argparse.Namespace) -> int:
    from bot.catalogue import Catalogue  # noqa: PLC0415
    from bot.content_check import check  # noqa: PLC0415
    from bot.content_status import outdated  # noqa: PLC0415

    problems = check(args.content)
    for problem in problems:
        print(problem.shown(args.content.parent))
    if problems:
        print(f"{len(problems)} problems", file=sys.stderr)
        return 1
    catalogue = Catalogue.load(args.content)
    late = sum(outdated(catalogue, key, code) for key, code in catalogue.entries)
    note = f"; {late} translations are older than their French (hankali content status)" if late else ""
    print(f"{len(catalogue.entries)} entries in {len(catalogue.languages)} languages: no problem{note}")
    return 0


def _status(args: argparse.Namespace) -> int:
    from bot.catalogue import Catalogue, ContentError  # noqa: PLC0415
    from bot.content_status import as_json, table  # noqa: PLC0415

    catalogue = Catalogue.load(args.content)
    if args.lang and args.lang not in catalogue.languages:
        raise ContentError(f"there is no language '{args.lang}'")
    found = as_json(catalogue)
    languages = found["languages"]
    assert isinstance(languages, dict)
    if args.lang:
        found["languages"] = languages = {args.lang: languages[args.lang]}
    if args.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return 0
    columns = ("text", "own sms", "own voice", "neutral", "recorded", "heard", "missing", "draft", "reviewed",
               "outdated")  # fmt: skip
    print(f"{'language':<10}{'topic':<10}" + "".join(f"{name:>10}" for name in columns))
    for row in table(catalogue):
        if row.language not in languages:
            continue
        numbers = (f"{row.present}/{row.keys}", row.own_sms, row.own_voice, row.neutral, row.recorded, row.heard,
                   row.missing, row.drafts, row.reviewed, row.outdated)  # fmt: skip
        print(f"{row.language:<10}{row.topic or 'all':<10}" + "".join(f"{n:>10}" for n in numbers))
    for code, language in languages.items():
        for name in ("missing_keys", "outdated_keys"):
            if language[name]:
                print(f"{code} {name.removesuffix('_keys')}: {' '.join(language[name])}")
    return 0


def _confirm(args: argparse.Namespace) -> int:
    from bot.content_status import confirm  # noqa: PLC0415

    if bool(args.keys) == args.all:
        print("hankali content: name the keys that you have compared with the French, or --all", file=sys.stderr)
        return 2
    done = confirm(args.content, args.lang, args.keys, args.all)
    print(f"{args.lang}: {len(done)} confirmed{': ' + ' '.join(done) if done and len(done) < 20 else ''}")
    return 0


def _export(args: argparse.Namespace) -> int:
    from bot.translation import export_po  # noqa: PLC0415

    for path in export_po(args.content, args.po, args.force):
        print(path)
    return 0


def _import(args: argparse.Namespace) -> int:
    from bot.translation import RefusedError, import_po  # noqa: PLC0415

    try:
        reports = import_po(args.content, args.po)
    except RefusedError as error:
        for refusal in error.refusals:
            print(refusal)
        print(f"hankali content: {len(error.refusals)} mistakes: nothing was written", file=sys.stderr)
        return 1
    for report in reports:
        counted = {"changed": report.changed, "added": report.added, "confirmed": report.confirmed}
        shown = ", ".join(f"{len(items)} {name}" for name, items in counted.items() if items)
        print(f"{report.language}: {shown or 'nothing new'}")
        for name, items in (("still fuzzy, not taken over", report.fuzzy), ("not complete yet", report.unfinished)):
            if items:
                print(f"{report.language}: {len(items)} {name}: {' '.join(items[:20])}{' …' * (len(items) > 20)}")
    return 0
