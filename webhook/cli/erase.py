"""hankali erase: everything kept about one sender goes."""

from __future__ import annotations

import argparse

from bot.messages import CHANNELS
from webhook.carrying_out import BESIDE, erase_conversation
from webhook.cli.state import opened
from webhook.referrals.withdrawal import withdraw_person


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whose data."""
    parser.add_argument("--channel", required=True, choices=CHANNELS)
    parser.add_argument("--sender", required=True, help="telephone number (+227…) or Telegram chat id")


def run(args: argparse.Namespace) -> int:
    """Erasing nothing is no failure."""
    with opened() as state:
        rows = 0
        with state.database.writing() as transaction:
            for channel in (args.channel, BESIDE.get(args.channel)):
                if channel:
                    conversation = state.vault.conversation_id(channel, args.sender)
                    rows += withdraw_person(transaction, state.vault, conversation, state.settings.content)
                    rows += erase_conversation(transaction, conversation)
        state.database.forget_freed_bytes()
        state.database.compact()
    print(f"erased {rows} rows")
    return 0
