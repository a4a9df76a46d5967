"""hankali parse: what messages are understood as, one JSON object per line."""

from __future__ import annotations

import argparse
import json
import sys

HELP = "one message per stdin line → language, intent, signs, urgency as JSON"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(args: argparse.Namespace) -> int:
    """Trains when stale, then answers line by line."""
    from webhook.engine import load_dialogue  # noqa: PLC0415

    dialogue = load_dialogue(lambda line: print(line, file=sys.stderr))
    for line in sys.stdin:
        print(json.dumps(dialogue.parse(line.rstrip("\n")), ensure_ascii=False), flush=True)
    return 0
