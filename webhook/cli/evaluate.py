"""hankali evaluate: accuracy on files of labelled messages."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

HELP = "measure understanding on TSV files: language, intent[|alternative], urgent (0/1), text"
COLUMNS = (
    ("messages", "messages"),
    ("intent_accuracy", "intent"),
    ("macro_f1", "macro F1"),
    ("urgent_recall", "urgent recall"),
    ("false_alarms", "false alarms"),
    ("language_accuracy", "language"),
    ("language_accuracy_3_words_and_more", "lang ≥3 words"),
    ("language_accuracy_below_3_words", "lang <3 words"),
    ("sign_recall", "sign recall"),
    ("sign_precision", "sign precision"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Files, --json, --plots."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.tsv")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write a confusion picture per language")


def run(args: argparse.Namespace) -> int:
    """Prints a table (or JSON); 1 when a file cannot be read."""
    from bot.evaluation import EvaluationError, measure, plot_confusions, read  # noqa: PLC0415
    from webhook.engine import load_dialogue  # noqa: PLC0415

    try:
        rows = [row for path in args.files for row in read(path)]
    except EvaluationError as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 1
    if not rows:
        print("evaluate: no messages in the files", file=sys.stderr)
        return 1
    dialogue = load_dialogue(lambda line: print(line, file=sys.stderr))
    report = measure(rows, dialogue.parse)
    if args.plots:
        for path in plot_confusions(rows, dialogue.parse, args.plots):
            print(path, file=sys.stderr)
    if args.json:
        print(json.dumps(report, ensure_ascii=False, indent=1))
        return 0
    for language, values in report.items():
        print(
            language, *(f"{title} {values[name]}" for name, title in COLUMNS if values.get(name) is not None), sep=" · "
        )
    return 0
