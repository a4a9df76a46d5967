"""hankali chat: a conversation on standard input, as one of the doors would hold it. Nothing is stored."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from bot.catalogue import language_codes

HELP = "talk to the service on standard input (works piped); state is kept in memory"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--channel, --lang, --json."""
    parser.add_argument("--channel", choices=("telegram", "sms", "voice"), default="telegram")
    parser.add_argument("--lang", choices=language_codes(), help="start in this language")
    parser.add_argument("--json", action="store_true", help="one JSON object per reply")


def run(args: argparse.Namespace) -> int:
    """One message per line; a voice line is keys or a transcript. ``/payload`` presses a button that was offered."""
    from bot.memory.conversation import Conversation  # noqa: PLC0415
    from bot.messages import Incoming  # noqa: PLC0415
    from webhook.engine import load_dialogue  # noqa: PLC0415

    dialogue = load_dialogue(lambda line: print(line, file=sys.stderr))
    state: dict[str, Any] | None = None
    if args.lang:
        state = Conversation(language=args.lang, hinted=True).dump(datetime.now(UTC))
    for line in sys.stdin:
        text = line.rstrip("\n")
        now = datetime.now(UTC)
        pressed = text if state and text.startswith("/") and text in state.get("offered", []) else ""
        incoming = Incoming(args.channel, "chat", "" if pressed else text, payload=pressed)
        turn = dialogue.answer(state, incoming, now)
        state = turn.state
        for reply in turn.replies:
            if args.json:
                print(json.dumps(asdict(reply), ensure_ascii=False), flush=True)
            else:
                print(reply.text, flush=True)
                if args.channel == "telegram":
                    for number, choice in enumerate(reply.choices, 1):
                        print(f"  [{number}] {choice.title}", flush=True)
                print(flush=True)
    return 0
