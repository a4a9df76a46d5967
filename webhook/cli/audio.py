"""hankali audio: recordings – what is missing, a script to read from, taking over what was recorded."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from webhook.cli.content import folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One sub-command each."""
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    status = commands.add_parser("status", help="what is recorded, outdated and missing, by language")
    status.add_argument("--lang", help="only this language, with its keys")
    status.add_argument("--json", action="store_true")
    script = commands.add_parser("script", help="the words to read out, as text or (.html) as a page to print")
    script.add_argument("--lang", required=True)
    script.add_argument("-o", "--output", required=True, type=Path, metavar="FILE")
    script.add_argument("--all", action="store_true", help="also what is recorded already")
    taken = commands.add_parser("import", help="take over recordings named <key>.wav, .mp3 or .ogg")
    taken.add_argument("source", type=Path, metavar="DIR")
    taken.add_argument("--lang", required=True)
    for command in (status, script, taken):
        command.add_argument("--content", type=Path, default=folder(), metavar="DIR", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """1 when a file could not be taken over."""
    args.content = args.content.absolute()
    return {"status": _status, "script": _script, "import": _import}[args.command](args)


def _status(args: argparse.Namespace) -> int:
    from bot.audio import prompts  # noqa: PLC0415
    from bot.catalogue import Catalogue  # noqa: PLC0415

    catalogue = Catalogue.load(args.content)
    codes = [args.lang] if args.lang else list(catalogue.languages)
    states = ("recorded", "outdated", "missing")
    found: dict[str, dict[str, list[str]]] = {}
    for code in codes:
        items = prompts(args.content, code)
        found[code] = {state: [item.key for item in items if item.state == state] for state in states}
    if args.json:
        print(json.dumps(found, indent=2))
        return 0
    print(f"{'language':<10}" + "".join(f"{state:>10}" for state in states) + "  without a recording")
    for code, by_state in found.items():
        language = catalogue.languages[code]
        chain = " → ".join(catalogue.chain(code)[1:])
        heard = f"the provider's voice ({language.say})" if language.say else f"the fallback is heard ({chain})"
        print(f"{code:<10}" + "".join(f"{len(by_state[state]):>10}" for state in states) + f"  {heard}")
    if args.lang:
        for state in ("outdated", "missing"):
            for key in found[args.lang][state]:
                print(f"{state} {key}")
    return 0


def _script(args: argparse.Namespace) -> int:
    from bot.audio import prompts, script  # noqa: PLC0415
    from bot.catalogue import Catalogue  # noqa: PLC0415

    items = tuple(p for p in prompts(args.content, args.lang) if args.all or p.state != "recorded")
    name = Catalogue.load(args.content).languages[args.lang].name
    html = args.output.suffix.lower() in (".html", ".htm")
    args.output.write_text(script(name, args.lang, items, html), encoding="utf-8")
    minutes = sum(item.about_seconds for item in items) / 60
    print(f"{args.output}: {len(items)} texts, about {minutes:.0f} minutes of reading")
    return 0


def _import(args: argparse.Namespace) -> int:
    from bot.audio import import_folder  # noqa: PLC0415

    results = import_folder(args.content, args.source, args.lang)
    for taken in results:
        if taken.problem:
            print(f"{args.source / taken.file}: {taken.problem}")
        else:
            print(f"{taken.file}: taken over, {taken.seconds:.1f} s{'; ' + taken.note if taken.note else ''}")
    bad = sum(bool(taken.problem) for taken in results)
    print(f"{args.lang}: {len(results) - bad} taken over, {bad} refused")
    return 1 if bad or not results else 0
