"""``hankali``: one module per command, imported only when it is asked for."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("webhook.cli.serve", "run the whole service; trains first when the model is stale"),
    "train": ("webhook.cli.train", "train the model"),
    "chat": ("webhook.cli.chat", "talk to the service on standard input"),
    "parse": ("webhook.cli.parse", "what messages are understood as, as JSON"),
    "evaluate": ("webhook.cli.evaluate", "measure understanding on labelled messages"),
    "content": ("webhook.cli.content", "check, status, export and import of what is said"),
    "audio": ("webhook.cli.audio", "recordings: what is missing, script to read, import"),
    "radio-pack": ("webhook.cli.radio_pack", "spot, host guide, poster and QR code for a radio station"),
    "rasa": ("webhook.cli.rasa", "Rasa's own commands on this repository"),
    "referrals": ("webhook.cli.referrals", "the ledger: list, show, acknowledge, close, export"),
    "contacts": ("webhook.cli.contacts", "check the directory of contacts; make a PIN"),
    "stats": ("webhook.cli.stats", "counts, small numbers suppressed, as table, CSV or HXL"),
    "erase": ("webhook.cli.erase", "delete everything kept about a sender"),
    "purge": ("webhook.cli.purge", "delete what has been kept long enough"),
    "rekey": ("webhook.cli.rekey", "re-encrypt and rename after a change of keys"),
    "doctor": ("webhook.cli.doctor", "check the installation; says what would stop production"),
}
"""Name → module with ``add_arguments(parser)`` and ``run(args) -> exit code``, and what it does."""

FAILED = 1
USAGE = 2


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit code 2."""
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; 0 done, 1 failed, 2 wrong usage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(overview())
        return 0 if arguments else USAGE
    name, *rest = arguments
    if name not in COMMANDS:
        print(f"hankali: '{name}' is no command; see hankali --help", file=sys.stderr)
        return USAGE
    if not sys.warnoptions:
        # Those of frozen Rasa's imports, which set filters of their own: standard error is for what can be mended.
        warnings.showwarning = lambda *_, **__: None
    try:
        command = importlib.import_module(COMMANDS[name][0])
        parser = OneLineParser(prog=f"hankali {name}", description=COMMANDS[name][1])
        command.add_arguments(parser)
        return int(command.run(parser.parse_args(rest)))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if os.environ.get("HANKALI_DEBUG") == "1":
            raise
        print(f"hankali {name}: {one_line(error)}", file=sys.stderr)
        return FAILED


def overview() -> str:
    """All commands with what they do."""
    width = max(len(name) for name in COMMANDS)
    lines = [f"  {name:<{width}}  {summary}" for name, (_, summary) in COMMANDS.items()]
    return "\n".join(["usage: hankali COMMAND [--help] …", "", *lines])


def one_line(error: Exception) -> str:
    """Our own errors speak for themselves; of others the type helps too."""
    message = " ".join(str(error).split())
    own = type(error).__module__.partition(".")[0] in ("webhook", "bot")
    return message if own and message else f"{type(error).__name__}: {message}".rstrip(": ")
