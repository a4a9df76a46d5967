"""hankali rasa …: Rasa's own commands (train, data validate, test, shell) with our seams in place."""

from __future__ import annotations

import argparse
import sys

HELP = "run one of Rasa's own commands, e.g. hankali rasa data validate"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Everything after ``rasa`` is Rasa's."""
    parser.add_argument("arguments", nargs=argparse.REMAINDER)


def run(args: argparse.Namespace) -> int:
    """Runs Rasa's command line with the repository's own places as defaults."""
    from bot import rasa_seams  # noqa: PLC0415
    from bot.training import ROOT  # noqa: PLC0415

    rasa_seams.install_runtime()
    from rasa.__main__ import main as rasa_main  # noqa: PLC0415

    from bot.actions import Services, all_actions  # noqa: PLC0415
    from bot.places import Places  # noqa: PLC0415
    from bot.rasa_seams.actions import DEFAULT_ACTIONS  # noqa: PLC0415

    DEFAULT_ACTIONS.update({a.name(): a for a in all_actions(Services(Places(ROOT / "content" / "places.yml")))})
    sys.argv = ["rasa", *args.arguments]
    rasa_main()
    return 0
